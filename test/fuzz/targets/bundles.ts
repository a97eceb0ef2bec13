// Sealed bundles, their metadata, and the encoding of their bytes as text.

import { fromBase64, toBase64 } from '../../../src/base64.ts';
import { headerParts, parseHeader } from '../../../src/format/header.ts';
import { decodeMetadata } from '../../../src/format/metadata.ts';
import { decryptBundle, inspectBundle } from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { type Parts, putTogether, signParts, takeApart } from '../../support/forger.ts';
import { base64, keyA, keyB, vectors } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';
import { json, KIB, latin1, linear, MIB, type Targets } from './target.ts';

const SEALED = [...vectors.good, ...vectors.bad]
  .map(({ sealed }) => base64(sealed))
  .filter(({ length }) => length < 20 * KIB);

function parseHead(bytes: Uint8Array): void {
  const header = parseHeader(bytes.subarray(0, 56), 2 ** 20);
  if (bytes.length < header.headerLength) return;
  decodeMetadata(headerParts(bytes.subarray(0, header.headerLength), header).metadata);
}

export const BUNDLE_TARGETS: Targets = {
  header: {
    run: async (input) => {
      parseHead(input);
      inspectBundle(input);
    },
    seeds: async () => SEALED,
    memory: linear,
  },
  sealed: {
    run: (input) => decryptBundle(input, { publicKey: [keyA.spki, keyB.spki] }),
    seeds: async () => SEALED,
    memory: linear,
  },
  // What only somebody with the private key can make: all that lies behind the signature.
  signed: {
    async run(input) {
      const parts: Parts = takeApart(input);
      if (parts.digests.length > input.length) return;
      const secrets = { sessionKey: new Uint8Array(32), checksum: new Uint8Array(32) };
      const { n, d } = parsePrivateKey(keyB.pkcs8);
      const signature = signParts(parts, secrets, { n, d });
      await decryptBundle(putTogether(parts, { signature }), { publicKey: keyB.spki });
    },
    seeds: async () =>
      vectors.good.filter(({ key }) => key === 'b').map(({ sealed }) => base64(sealed)),
    isSlow: true,
    words: ['{"appId":"a"}', '"sequence":1', '__proto__', '[[[[', '\\ud800', '1e999', '    '],
    memory: (length) => 64 * length + MIB,
  },
  metadata: {
    run: decodeMetadata,
    seeds: async () => [
      json({ appId: 'com.example.app', version: '1', channel: 'beta', sequence: 7 }),
      json({ deep: [[[[[{}]]]]], 'é\u{1F600}': -0.5e10, nothing: null }),
      utf8('{"a":"\\ud83d\\ude00"} '),
    ],
    words: [
      '{"',
      '":',
      '[',
      ']',
      '\\u',
      'null',
      '__proto__',
      '"sequence":',
      '9007199254740993',
      '\ufeff',
    ],
    memory: linear,
  },
  base64: {
    run(input) {
      for (const alphabet of ['base64', 'base64url'] as const) {
        const bytes = fromBase64(latin1(input), alphabet);
        // Each value has one spelling.
        if (bytes !== undefined && toBase64(bytes, alphabet) !== latin1(input)) {
          throw new Error('another spelling of the same bytes was taken');
        }
      }
    },
    seeds: async () => [utf8(''), utf8('AA=='), utf8('AAA='), utf8('_-AA'), utf8('+/AA')],
    words: ['=', '==', '\n', ' ', '-', '_', '+', '/'],
    memory: linear,
  },
};
