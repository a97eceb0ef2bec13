// The targets of fuzzing: every parser of untrusted input, each with initial inputs.

import { fromBase64, toBase64 } from '../../src/base64.ts';
import {
  decryptBundle as decryptCapgo,
  decryptManifest,
  encryptBundle as encryptCapgo,
  encryptManifest,
} from '../../src/capgo.ts';
import { BundleSealError } from '../../src/errors.ts';
import { headerParts, parseHeader } from '../../src/format/header.ts';
import { decodeMetadata } from '../../src/format/metadata.ts';
import { decryptBundle, inspectBundle } from '../../src/index.ts';
import { encodePkcs1Private, encodePkcs1Public } from '../../src/keys/encode.ts';
import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../src/keys/parse.ts';
import { encodePem } from '../../src/keys/pem.ts';
import { parseImage } from '../../src/release/image.ts';
import { readIndex } from '../../src/release/index-format.ts';
import { readKeys } from '../../src/release/keys-format.ts';
import { parsePatchHeader } from '../../src/release/patch-header.ts';
import { readStamp, writeStamp } from '../../src/release/stamp.ts';
import { judge, parseContentRange, parseDate, versionOf } from '../../src/sources/http-answer.ts';
import { openZip, unzipBundle, unzipStream, zipBundle } from '../../src/zip.ts';
import { type Parts, putTogether, signParts, takeApart } from '../support/forger.ts';
import { FULL } from '../support/index-faults.ts';
import { rsa2048Pkcs8 } from '../support/keys.ts';
import { decodeNow } from '../support/patch.ts';
import { base64, keyA, keyB, vectors } from '../support/vectors.ts';
import { deflatedAsIs, join, rawZip, streamOf, utf8, zip64End } from '../support/zip.ts';
import patchVectors from '../vectors/patch-v1.json' with { type: 'json' };

export interface Target {
  run(input: Uint8Array): unknown;
  /** Where to begin; made anew in each run. */
  seeds(): Promise<readonly Uint8Array[]>;
  /** Words that its inputs are made of. */
  readonly words?: readonly string[];
  /** Where each input takes a private RSA operation in JavaScript. */
  readonly isSlow?: boolean;
  /** Bytes of typed arrays that an input of this length may ask for. */
  memory(length: number): number;
}

const KIB = 1024;
const MIB = KIB * KIB;
const latin1 = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const json = (value: unknown) => utf8(JSON.stringify(value));

const SEALED = [...vectors.good, ...vectors.bad]
  .map(({ sealed }) => base64(sealed))
  .filter(({ length }) => length < 20 * KIB);

const PATCHES = [...patchVectors.good, ...patchVectors.valid, ...patchVectors.bad]
  .map(({ patch }) => base64(patch))
  .filter(({ length }) => length < 4 * KIB);

// An old image, and how long the new one is: both are bounded before a decoder begins.
const OLD_IMAGE = utf8(`1000 a.js\n\n${'const a = () => import("./chunk-a1b2.js");\n'.repeat(24)}`);
const NEW_LENGTH = 20_000;

/** Several times the input, and what RSA and the hashes take whatever the input. */
const linear = (length: number) => 16 * length + 256 * KIB;

const KEYS = [keyA, keyB].flatMap(({ spki, pkcs8, pkcs1 }) => [spki, pkcs8, pkcs1]);
const derOf = (pem: string) => base64(pem.replace(/-----[^-]+-----|\s/g, ''));

const LIMITS = { maxEntries: 200, maxFileSize: MIB, maxTotalSize: 2 * MIB };

// One pair for all runs, because it signed the inputs in the corpus.
const rsa2048 = parsePrivateKey(rsa2048Pkcs8, 'privateKey', 2048);
const capgo = {
  privateKey: encodePem('RSA PRIVATE KEY', encodePkcs1Private(rsa2048)),
  publicKey: encodePem('RSA PUBLIC KEY', encodePkcs1Public(rsa2048)),
};

function parseHead(bytes: Uint8Array): void {
  const header = parseHeader(bytes.subarray(0, 56), 2 ** 20);
  if (bytes.length < header.headerLength) return;
  decodeMetadata(headerParts(bytes.subarray(0, header.headerLength), header).metadata);
}

/** The first line that the server answered with, and its fields. */
function answerOf(input: Uint8Array) {
  const [status, ...lines] = text(input).split('\n');
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(':');
    try {
      headers.append(line.slice(0, at), line.slice(at + 1));
    } catch {
      // No header of HTTP's; a runtime gives none of these either.
    }
  }
  return { status: Number(status), headers };
}

const refuseJson = (reason: string) => new BundleSealError('ERR_INDEX_INVALID', reason);
const INDEX_WORDS = [
  '"__proto__":',
  '"rollout":',
  '"meta":{',
  '[[[[[[[[',
  '\\ud83d',
  '\ufeff',
  '1e999',
  '-0',
  '1.0',
  '9007199254740993',
];

const VERSION = { size: 1000, etag: '"a"', lastModified: null, ifRange: '"a"' };
const refuse = (what: string) => new BundleSealError('ERR_SOURCE_FAILED', what);

export const TARGETS: Readonly<Record<string, Target>> = {
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
  // What only somebody with the private key can make: the JSON behind the seal.
  index: {
    run(input) {
      const index = readIndex(input, refuseJson, false);
      // JSON.parse accepts the same text, and the reader accepts its own output again.
      JSON.parse(text(input));
      const again = json(index);
      if (latin1(json(readIndex(again, refuseJson, true))) !== latin1(again)) {
        throw new Error('an index was not read as it was written');
      }
    },
    seeds: async () => [
      json(FULL),
      json({ ...FULL, releases: [] }),
      json({ ...FULL, later: 1.5e3 }),
    ],
    words: INDEX_WORDS,
    memory: linear,
  },
  keys: {
    run: (input) => {
      const keys = readKeys(input, refuseJson, false);
      readKeys(json(keys), refuseJson, true);
    },
    seeds: async () => {
      const keys = { format: 'bundleseal-keys', version: 1, appId: 'a', epoch: 1 };
      return [
        json({ ...keys, publicKeys: [keyA.spki], retiredKeys: [] }),
        json({ ...keys, publicKeys: [keyB.spki], retiredKeys: [keyA.spki], later: [[]] }),
      ];
    },
    words: INDEX_WORDS,
    memory: (length) => 64 * length + 256 * KIB,
  },
  stamp: {
    run: (input) => {
      const stamp = readStamp(input);
      readStamp(writeStamp(stamp));
    },
    seeds: async () => {
      const stamp = { format: 'bundleseal-stamp', version: 1, id: 'a'.repeat(64) };
      const createdAt = '2026-11-26T08:55:00Z';
      return [
        json({ ...stamp, createdAt }),
        json({ ...stamp, createdAt, runtime: '3', files: [], floors: [] }),
      ];
    },
    words: INDEX_WORDS,
    memory: linear,
  },
  der: {
    run(input) {
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey])
        attempt(() => parse(input));
    },
    seeds: async () => KEYS.map(derOf),
    memory: (length) => 64 * length + 256 * KIB,
  },
  pem: {
    run(input) {
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey]) {
        attempt(() => parse(latin1(input)));
        attempt(() => parse(input));
      }
    },
    seeds: async () => KEYS.map(utf8),
    words: [
      '-----BEGIN ',
      '-----END ',
      '-----',
      'PRIVATE KEY',
      'RSA ',
      'EC ',
      'OPENSSH ',
      '\\n',
      '\r\n',
      'MII',
    ],
    memory: (length) => 64 * length + 256 * KIB,
  },
  jwk: {
    run(input) {
      const key = parsed(input);
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey]) {
        attempt(() => parse(key as never));
      }
    },
    seeds: async () => [keyA, keyB].map(({ jwk }) => json(jwk)),
    words: [
      '"kty":',
      '"RSA"',
      '"EC"',
      '"n":',
      '"e":"AQAB"',
      '"d":',
      '"oth":[]',
      '""',
      'null',
      '__proto__',
      '"toString"',
    ],
    memory: (length) => 64 * length + 256 * KIB,
  },
  zip: {
    async run(input) {
      await settled(unzipBundle(input, LIMITS));
      await settled(
        openZip(input, LIMITS).then(async (zip) => {
          for (const { path } of zip.entries()) await settled(zip.read(path));
        }),
      );
      for await (const { bytes } of unzipStream(streamOf(input, 100), LIMITS))
        await settled(bytes());
    },
    seeds: async () => [
      await zipBundle({ 'index.html': utf8('<!doctype html>'), 'a/b.js': new Uint8Array(500) }),
      await zipBundle({}),
      rawZip([{ name: 'a', content: utf8('text') }, { name: 'dir/' }]),
      rawZip([{ name: 'a', content: utf8('text'), flags: 0x808, after: utf8('PK\x07\x08') }]),
      rawZip([{ name: 'é', content: utf8('text'), data: deflatedAsIs(utf8('text')) }]),
      rawZip([{ name: 'a', content: utf8('x') }], {
        between: zip64End({ at: 80, count: 1, size: 47, offset: 32 }),
      }),
    ],
    words: [
      'PK\x01\x02',
      'PK\x03\x04',
      'PK\x05\x06',
      'PK\x06\x06',
      'PK\x06\x07',
      'PK\x07\x08',
      '../',
      '\\',
      '\0',
      'con',
    ],
    // The limits bound the inflated bytes of each of the three readers, including pieces and copies.
    memory: (length) => 64 * length + 3 * 4 * LIMITS.maxTotalSize + 4 * MIB,
  },
  manifest: {
    async run(input) {
      const { manifest, files, ivSessionKey } = Object(parsed(input)) as Record<string, unknown>;
      const bytes = Object.entries(Object(files)).map(([name, value]): [string, Uint8Array] => [
        name,
        utf8(String(value)),
      ]);
      const { publicKey } = capgo;
      await decryptManifest(manifest as never, new Map(bytes), {
        publicKey,
        ivSessionKey: ivSessionKey as string,
        // Opens also the entries that listing would refuse at once.
        trusted: 'unchecked',
        maxFileSize: MIB,
      });
    },
    async seeds() {
      const { privateKey } = capgo;
      const raw = { 'index.html': utf8('<!doctype html>'), 'a/b.js': new Uint8Array(9000) };
      const { manifest, files, ivSessionKey } = await encryptManifest(raw, { privateKey });
      const named = Object.fromEntries([...files].map(([name, bytes]) => [name, latin1(bytes)]));
      return [json({ manifest, files: named, ivSessionKey }), json({ manifest: [], files: {} })];
    },
    words: [
      '"file_name":',
      '"file_hash":',
      '..',
      '%2e',
      '%00',
      '.br',
      'null',
      '{}',
      '[]',
      '__proto__',
    ],
    memory: (length) => 64 * length + 4 * MIB,
  },
  capgo: {
    async run(input) {
      const [ivSessionKey = '', checksum = '', ...body] = latin1(input).split('\n');
      const { publicKey } = capgo;
      const bundle = Uint8Array.from(body.join('\n'), (letter) => letter.charCodeAt(0));
      await decryptCapgo(bundle, { publicKey, ivSessionKey, checksum });
    },
    async seeds() {
      const { privateKey } = capgo;
      const made = await Promise.all(
        (['v3', 'v2'] as const).map((checksumFormat) =>
          encryptCapgo(utf8('text of a zip'), { privateKey, checksumFormat }),
        ),
      );
      return made.map(({ bundle, ivSessionKey, checksum }) =>
        Uint8Array.from(`${ivSessionKey}\n${checksum}\n${latin1(bundle)}`, (letter) =>
          letter.charCodeAt(0),
        ),
      );
    },
    words: [':', '==', '\n', 'ff'.repeat(256), '='.repeat(4), 'A'.repeat(344)],
    memory: linear,
  },
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
  answer: {
    run(input) {
      parseContentRange(text(input));
      parseDate(text(input));
      const answer = answerOf(input);
      attempt(() => versionOf(answer.headers, 1000));
      for (const version of [undefined, VERSION]) {
        for (const [readThrough, compare, ranged] of [
          [false, true, true],
          [true, false, true],
          [false, false, false],
        ] as const) {
          const asked = { from: 0, to: 100, version, compare, readThrough, ranged };
          attempt(() => judge(answer, asked, refuse));
        }
      }
    },
    seeds: async () =>
      [
        '206\ncontent-range: bytes 0-99/1000\netag: "a"\ncontent-length: 100',
        '200\ncontent-length: 1000\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT',
        '416\ncontent-range: bytes */0',
        '416\ncontent-range: bytes */50',
        '200\naccept-ranges: none\ncontent-length: 50',
        'bytes 0-99/*',
        'Sun, 06 Nov 1994 08:49:37 GMT',
      ].map(utf8),
    words: [
      'bytes ',
      '*/',
      '/',
      '-',
      'content-range: ',
      'etag: W/',
      'content-encoding: gzip',
      '9007199254740993',
      '\n',
    ],
    memory: linear,
  },
};

/** Continues after an allowed error, so that the code after it runs too. */
function attempt(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

const isRefusal = (error: unknown) => error instanceof BundleSealError;

function parsed(input: Uint8Array): unknown {
  try {
    return JSON.parse(text(input));
  } catch {
    // The caller has parsed it.
    return {};
  }
}
