// Zips, and the bundles and manifests of Capgo.

import {
  decryptBundle as decryptCapgo,
  decryptManifest,
  encryptBundle as encryptCapgo,
  encryptManifest,
} from '../../../src/capgo.ts';
import { encodePkcs1Private, encodePkcs1Public } from '../../../src/keys/encode.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { encodePem } from '../../../src/keys/pem.ts';
import { openZip, unzipBundle, unzipStream, zipBundle } from '../../../src/zip.ts';
import { rsa2048Pkcs8 } from '../../support/keys.ts';
import { deflatedAsIs, rawZip, streamOf, utf8, zip64End } from '../../support/zip.ts';
import { json, latin1, linear, MIB, parsed, settled, type Targets } from './target.ts';

const LIMITS = { maxEntries: 200, maxFileSize: MIB, maxTotalSize: 2 * MIB };

// One pair for all runs, because it signed the inputs in the corpus.
const rsa2048 = parsePrivateKey(rsa2048Pkcs8, 'privateKey', 2048);
const capgo = {
  privateKey: encodePem('RSA PRIVATE KEY', encodePkcs1Private(rsa2048)),
  publicKey: encodePem('RSA PUBLIC KEY', encodePkcs1Public(rsa2048)),
};

export const ARCHIVE_TARGETS: Targets = {
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
};
