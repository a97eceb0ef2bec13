// The patches of patch-v1.json that every decoder has to refuse.

import { codePatch } from '../../src/release/code-patch.ts';
import { writeImage } from '../../src/release/image.ts';
import { FROM_NEW, FROM_OLD } from '../../src/release/patch/coding.ts';
import { createEncoder, type Encoder } from '../../src/release/patch/range-encoder.ts';
import {
  type Copy,
  createInstructionWriter,
  type InstructionWriter,
} from '../../src/release/patch/write-instructions.ts';
import { encodePatchHeader, parsePatchHeader } from '../../src/release/patch-header.ts';
import { decodeNow, encodeNow } from '../support/patch.ts';
import type { BadPatch, VectorFiles } from '../support/patch-vectors.ts';
import { asBase64 } from '../support/vectors.ts';
import { join as concat, utf8 } from '../support/zip.ts';
import { BAD_IMAGES } from './bad-images.ts';
import { code, readVector, text } from './good-patches.ts';

// The release that all bad patches name as their base, and the release that they name as their result.
const FROM: VectorFiles = { 'app.js': code('chunk-a1b2') };
const TO: VectorFiles = { 'app.js': [...code('chunk-c3d4')] };

export async function bad(): Promise<BadPatch[]> {
  const older = await readVector(FROM);
  const newer = await readVector(TO);
  const { plain, ...ids } = await codePatch(older, newer, {});
  const header = parsePatchHeader(plain);
  const coded = plain.subarray(96);
  const image = new Uint8Array(header.fromLength);
  writeImage(older, image);

  const vector = (description: string, patch: Uint8Array, reason: string): BadPatch => ({
    description,
    from: FROM,
    patch: asBase64(patch),
    reason,
  });
  const altered = (at: number, byte: number) => {
    const copy = plain.slice();
    copy[at] = byte;
    return copy;
  };
  const withHeader = (change: Partial<typeof header>, instructions = coded) =>
    concat(encodePatchHeader({ ...header, ...change }), instructions);
  /** Instructions that no encoder writes. */
  const coding = (write: (instructions: InstructionWriter) => void) => {
    const space = concat(image, new Uint8Array(header.toLength));
    const encoder = createEncoder();
    const instructions = createInstructionWriter(encoder, space, header.fromLength);
    write(instructions);
    // More than any decoder reads of them.
    return withHeader({}, concat(encoder.finish(), new Uint8Array(64)));
  };
  const copying = (copy: Copy) => coding((instructions) => instructions.copy(copy));
  const start = header.fromLength;

  const other = utf8('1 a\n\nx');
  const OUTSIDE = 'copies from outside';
  const BASE = 'starts from another release';
  return [
    vector('no header', new Uint8Array(0), 'is shorter than its header'),
    vector('a header that is cut', plain.subarray(0, 95), 'is shorter than its header'),
    vector('another magic', altered(7, 0x47), 'does not begin with "BNDLDIFF"'),
    vector('another version', altered(8, 2), 'is of a version'),
    vector('the first reserved byte is 1', altered(9, 1), 'has reserved bytes'),
    vector('the last reserved byte is 1', altered(15, 1), 'has reserved bytes'),
    vector('the id of another base', withHeader({ from: ids.to }), BASE),
    vector('a base that is one byte longer', withHeader({ fromLength: start + 1 }), BASE),
    vector('a base that is one byte shorter', withHeader({ fromLength: start - 1 }), BASE),
    vector('a base without length', withHeader({ fromLength: 0 }), BASE),
    vector(
      'an old image over the limit',
      withHeader({ fromLength: 2 ** 28 + 1 }),
      'has an image of more',
    ),
    vector(
      'a new image over the limit',
      withHeader({ toLength: 2 ** 28 + 1 }),
      'has an image of more',
    ),
    vector('a new image of 2^32 bytes and more', altered(91, 1), 'has an image of more'),
    vector('a new image of 2^63 bytes and more', altered(88, 0x80), 'has an image of more'),
    vector('no instructions', plain.subarray(0, 96), 'is cut short'),
    vector('instructions that begin with 1', altered(96, 1), 'do not begin with zero'),
    vector('instructions that are cut', plain.subarray(0, -1), 'is cut short'),
    vector('a byte behind the instructions', concat(plain, utf8('\0')), 'has coded bytes behind'),
    vector(
      'a last byte that is another',
      altered(plain.length - 1, (plain.at(-1) as number) + 1),
      'has coded bytes behind',
    ),
    vector(
      'a literal from an empty table',
      withHeader({}, emptyTable(image, header.toLength)),
      'has a literal from an empty table',
    ),
    vector(
      'a coded symbol over the last one',
      withHeader({}, concat(Uint8Array.of(0, 255, 255, 255, 255), new Uint8Array(64))),
      'out of range',
    ),
    vector(
      'a copy from before the old image',
      copying({ kind: FROM_OLD, source: -1, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from far before it',
      copying({ kind: FROM_OLD, source: -(2 ** 29), length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from the byte that it makes',
      copying({ kind: FROM_OLD, source: start, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from what is not made',
      copying({ kind: FROM_OLD, source: start + 9, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy by its distance from before the old image',
      copying({ kind: FROM_NEW, source: -1, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy of more bytes than the new image has',
      copying({ kind: FROM_OLD, source: 0, length: header.toLength + 1 }),
      'makes more bytes than it declares',
    ),
    vector(
      'a copy of 2^31 bytes',
      copying({ kind: FROM_OLD, source: 0, length: 2 ** 31 }),
      'makes more bytes than it declares',
    ),
    vector(
      'more plain bytes than the new image has',
      coding((instructions) => instructions.plain(header.toLength + 1)),
      'makes more bytes than it declares',
    ),
    vector(
      'a plain byte over 255',
      withHeader({}, overfull(image, header.toLength)),
      'out of range',
    ),
    vector('a new image without length', withHeader({ toLength: 0 }), ''),
    vector(
      'a new image that is declared one byte longer',
      withHeader({ toLength: header.toLength + 1 }),
      '',
    ),
    vector(
      'a new image that is declared one byte shorter',
      withHeader({ toLength: header.toLength - 1 }),
      '',
    ),
    vector('the id of another result', withHeader({ to: ids.from }), 'does not make the release'),
    vector(
      'another result than the id says',
      withHeader({ toLength: other.length }, encodeNow(concat(image, other), start)),
      'does not make the release',
    ),
    ...(await badImages()),
  ];
}

/** Patches whose instructions make an image that no release has. */
async function badImages(): Promise<BadPatch[]> {
  const from = { a: text('a') };
  const older = await readVector(from);
  const header = parsePatchHeader((await codePatch(older, older, {})).plain);
  const old = new Uint8Array(header.fromLength);
  writeImage(older, old);
  return BAD_IMAGES.map(({ description, image, id, reason }) => {
    const made = encodePatchHeader({ ...header, to: id, toLength: image.length });
    const coded = encodeNow(concat(old, image), old.length);
    return { description, from, patch: asBase64(concat(made, coded)), reason };
  });
}

/** The first instruction is a literal that is coded as the byte of a table. All tables are empty at first. */
function emptyTable(image: Uint8Array, toLength: number): Uint8Array {
  const encoder = createEncoder();
  const symbol: Encoder['symbol'] = (models, context, coded) =>
    encoder.symbol(models, context, models.symbols === 5 ? 0 : coded);
  const space = concat(image, new Uint8Array(toLength));
  createInstructionWriter({ ...encoder, symbol }, space, image.length).literal();
  return concat(encoder.finish(), new Uint8Array(64));
}

/**
 * The first plain byte is coded as 256: at the very end of the range, where a division gives one more than a byte holds.
 * The range has to be wide enough for it, so some literals before it are tried.
 */
function overfull(image: Uint8Array, toLength: number): Uint8Array {
  for (let literals = 0; literals < 50; literals++) {
    const encoder = createEncoder();
    const bits = () => {
      encoder.bits(8, 256);
      // Whatever is coded behind it would leave the range.
      throw new RangeError('enough');
    };
    const space = concat(image, new Uint8Array(toLength));
    const instructions = createInstructionWriter({ ...encoder, bits }, space, image.length);
    for (let i = 0; i < literals; i++) instructions.literal();
    try {
      instructions.plain(1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    const coded = concat(encoder.finish(), new Uint8Array(64));
    try {
      decodeNow(coded, concat(image, new Uint8Array(toLength)), image.length);
    } catch (error) {
      if ((error as Error).message.includes('out of range')) return coded;
    }
  }
  throw new Error('no plain byte over 255 was found');
}
