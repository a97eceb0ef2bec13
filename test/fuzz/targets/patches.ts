// Patches: the header, the instructions behind it, and the list of files in the image that they make.

import { parseImage } from '../../../src/release/image.ts';
import { parsePatchHeader } from '../../../src/release/patch-header.ts';
import { decodeNow } from '../../support/patch.ts';
import { base64 } from '../../support/vectors.ts';
import { join, utf8 } from '../../support/zip.ts';
import patchVectors from '../../vectors/patch-v1.json' with { type: 'json' };
import { KIB, linear, type Targets } from './target.ts';

const PATCHES = [...patchVectors.good, ...patchVectors.valid, ...patchVectors.bad]
  .map(({ patch }) => base64(patch))
  .filter(({ length }) => length < 4 * KIB);

// An old image, and how long the new one is: both are bounded before a decoder begins.
const OLD_IMAGE = utf8(`1000 a.js\n\n${'const a = () => import("./chunk-a1b2.js");\n'.repeat(24)}`);
const NEW_LENGTH = 20_000;

export const PATCH_TARGETS: Targets = {
  'patch-header': {
    run: parsePatchHeader,
    seeds: async () => PATCHES.map((patch) => patch.slice(0, 96)),
    words: ['BNDLDIFF', '\x01', '\xff\xff\xff\xff'],
    memory: linear,
  },
  'patch-instructions': {
    run(input) {
      const space = join(OLD_IMAGE, new Uint8Array(NEW_LENGTH));
      decodeNow(input, space, OLD_IMAGE.length);
    },
    seeds: async () => PATCHES.map((patch) => patch.slice(96)),
    memory: (length) => linear(length) + 4 * NEW_LENGTH,
  },
  'image-list': {
    run(input) {
      const files = parseImage(input, 100);
      if (files.length > 100) throw new Error('more files than the limit');
    },
    seeds: async () => [
      utf8('0 a\n10 b/\u00e9.js\n1 b2\n\n0123456789x'),
      utf8('1 a\n\nx'),
      utf8('0 -\n0 A/b\n0 \uff5e\n0 \u{1f600}\n\n'),
      OLD_IMAGE,
    ],
    words: [
      '0 ',
      '\n',
      '\n\n',
      '9999999999 ',
      '../',
      '\\',
      'bundleseal-release.json',
      'con',
      '\u00df',
    ],
    memory: linear,
  },
};
