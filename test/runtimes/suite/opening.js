// An app opens bundles in memory. Uses only ECMAScript, so it runs in Hermes too.

import { checksum, decryptBundle, inspectBundle, keyId, verifyChecksum } from 'bundleseal';
import { base64 } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';

const NAMES = ['node', 'webcrypto', 'noble'];

export function* tests({ vectors, backends }) {
  const { sealed } = vectors;
  for (const name of NAMES) {
    const vector = sealed.good[sealed.good.length - 1];
    const { spki } = sealed.keys[vector.key];
    const open = () => decryptBundle(base64(vector.sealed), { publicKey: spki, backend: name });
    if (backends.includes(name)) yield [`has the backend ${name}`, open];
    else {
      yield [`has no backend ${name}, and says so`, () => refused(open, 'ERR_BACKEND_UNAVAILABLE')];
    }
  }

  for (const backend of [undefined, ...backends]) {
    for (const vector of sealed.good) {
      const publicKey = sealed.keys[vector.key].spki;
      const options = backend === undefined ? { publicKey } : { publicKey, backend };
      yield [`${vector.description}, ${backend ?? 'auto'}`, () => openBothWays(vector, options)];
    }
  }

  for (const vector of sealed.bad) {
    const publicKey = sealed.keys[vector.key].spki;
    yield [
      `refuses: ${vector.description}`,
      async () => {
        const work = () => decryptBundle(base64(vector.sealed), { publicKey });
        const error = await refused(work, vector.code);
        equal(error.chunkIndex, vector.chunkIndex, 'chunkIndex');
      },
    ];
  }

  yield [
    'inspects a header without a key',
    () => {
      for (const vector of sealed.good) {
        const info = inspectBundle(vector.seal);
        equal(info.keyId, sealed.keys[vector.key].keyId);
        equal(info.size, base64(vector.plain).length);
        equal(info.metadata.note, vector.metadata?.note);
      }
    },
  ];

  yield [
    'verifies checksums, given or sealed',
    async () => {
      const vector = sealed.good[sealed.good.length - 1];
      const plain = base64(vector.plain);
      const expected = { seal: vector.seal, publicKey: sealed.keys[vector.key].spki };
      equal(await checksum(plain), vector.checksum);
      equal(await verifyChecksum(plain, vector.checksum), true);
      equal(await verifyChecksum(plain, expected), true);
      plain[0] ^= 1;
      equal(await verifyChecksum(plain, vector.checksum), false);
      equal(await verifyChecksum(plain, expected), false);
    },
  ];

  yield [
    'names a key in every spelling',
    async () => {
      const { spki, pkcs1Public, jwk, keyId: id } = sealed.keys.a;
      for (const spelling of [spki, pkcs1Public, jwk]) equal(await keyId(spelling), id);
    },
  ];

  yield [
    'tells how far it is, and checks what is expected',
    async () => {
      const vector = sealed.good[sealed.good.length - 1];
      const steps = [];
      await decryptBundle(base64(vector.sealed), {
        publicKey: sealed.keys[vector.key].spki,
        expect: { appId: 'com.example.app', minSequence: 12295 },
        onProgress: (step) => steps.push(step),
      });
      const last = steps[steps.length - 1];
      equal(last.done, last.total);
      equal(last.total, base64(vector.plain).length);
    },
  ];
}

async function openBothWays(vector, options) {
  const sealed = base64(vector.sealed);
  const plain = base64(vector.plain);
  equalBytes(await decryptBundle(sealed, options), plain, 'attached');
  const body = sealed.subarray(vector.headerLength);
  equalBytes(await decryptBundle(body, { ...options, seal: vector.seal }), plain, 'detached');
}
