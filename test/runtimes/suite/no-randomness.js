// A runtime without a source of randomness, text coders and streams: opening works, and the errors say what is missing.

import { BundleSealError, decryptBundle, encryptBundle, keygen } from 'bundleseal';
import { applyPatch } from 'bundleseal/release';
import { unzipBundle } from 'bundleseal/zip';
import { base64, sample } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';
import { APP, twoReleases } from './releases.js';
import { filesToZip } from './zip.js';

const ABSENT = ['crypto', 'TextEncoder', 'TextDecoder', 'ReadableStream', 'AbortSignal', 'Blob'];

export function* tests({ vectors }) {
  const { sealed, zip, releases } = vectors;
  const { b } = sealed.keys;

  yield [
    'nothing is polyfilled',
    () => {
      for (const name of ABSENT) equal(typeof globalThis[name], 'undefined', name);
    },
  ];

  yield [
    'unzips',
    async () => {
      const found = await unzipBundle(base64(zip.archive));
      const files = filesToZip();
      equal([...found.keys()].sort().join(), Object.keys(files).sort().join());
      for (const path of Object.keys(files)) equalBytes(found.get(path), files[path], path);
    },
  ];

  yield [
    'applies a patch, and refuses it on another release',
    async () => {
      const { before, after } = twoReleases();
      const patch = base64(releases.patch);
      const device = { publicKey: b.spki, appId: APP };
      const made = await applyPatch(patch, before, device);
      equal([...made.keys()].sort().join(), Object.keys(after).sort().join());
      for (const path of Object.keys(after)) equalBytes(made.get(path), after[path], path);
      await refused(() => applyPatch(patch, after, device), 'ERR_PATCH_INVALID');
    },
  ];

  yield [
    'refuses a damaged zip and names the entry',
    async () => {
      const damaged = base64(zip.archive);
      damaged[100] ^= 0xff;
      await refused(() => unzipBundle(damaged), 'ERR_ARCHIVE_INVALID');
    },
  ];

  yield [
    'opening tells a wrong key, a cut bundle and an altered one apart',
    async () => {
      const whole = base64(sealed.good[sealed.good.length - 1].sealed);
      const open = (bytes, publicKey = sealed.keys.a.spki) => decryptBundle(bytes, { publicKey });
      const error = await refused(() => open(whole, b.spki), 'ERR_KEY_MISMATCH');
      equal(error instanceof BundleSealError && error instanceof Error, true, 'class');
      await refused(() => open(whole.subarray(0, -1)), 'ERR_LENGTH_INVALID');
      whole[whole.length - 1] ^= 1;
      await refused(() => open(whole), 'ERR_CHUNK_INVALID');
    },
  ];

  const needsRandomness = async (work) => {
    const error = await refused(work, 'ERR_BACKEND_UNAVAILABLE');
    equal(/source of randomness/.test(error.message), true, error.message);
  };
  yield [
    'sealing asks for a source of randomness',
    () => needsRandomness(() => encryptBundle(sample(100), { privateKey: b.pkcs8 })),
  ];
  yield [
    'so does sealing with metadata',
    () => {
      const options = { privateKey: b.pkcs8, metadata: { appId: 'com.example.app', note: 'é' } };
      return needsRandomness(() => encryptBundle(sample(100), options));
    },
  ];
  yield ['so does making a key', () => needsRandomness(() => keygen())];
}
