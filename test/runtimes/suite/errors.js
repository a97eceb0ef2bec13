// Every code once, and that its error is the class that the package exports. ERR_FILE is in files.js: it takes files.

import { BundleSealError, decryptBundle, encryptBundle } from 'bundleseal';
import { unzipBundle } from 'bundleseal/zip';
import { base64 } from './bytes.js';
import { equal, failure, refused } from './check.js';

export function* tests({ vectors, backends }) {
  const { keys, good, bad } = vectors.sealed;
  const { a, b } = keys;
  const whole = base64(good[good.length - 1].sealed);
  const sealed = (description) => {
    const vector = bad.find((candidate) => candidate.description === description);
    return base64(vector.sealed);
  };
  const open = (bytes, more = {}) => decryptBundle(bytes, { publicKey: a.spki, ...more });
  const missing = ['node', 'webcrypto'].find((name) => !backends.includes(name));

  const ways = {
    ERR_KEY_INVALID: () => open(whole, { publicKey: '' }),
    ERR_KEY_MISMATCH: () => open(whole, { publicKey: b.spki }),
    ERR_HEADER_INVALID: () => open(sealed('magic altered')),
    ERR_VERSION_UNSUPPORTED: () => open(sealed('version 3')),
    ERR_LENGTH_INVALID: () => open(whole.subarray(0, -1)),
    ERR_SEAL_INVALID: () => open(sealed('signature altered')),
    ERR_CHUNK_INVALID: () => open(sealed('first chunk altered')),
    ERR_CHECKSUM_MISMATCH: () => open(sealed('checksum signed wrong')),
    ERR_EXPECTATION_FAILED: () => open(whole, { expect: { appId: 'x' } }),
    ERR_LIMIT_EXCEEDED: () => open(whole, { maxChunks: 1 }),
    ERR_ARCHIVE_INVALID: () => unzipBundle(new Uint8Array(100)),
    ERR_SIGNER_FAILED: () => {
      const sign = async () => new Uint8Array(384);
      return encryptBundle(new Uint8Array(1), { privateKey: { publicKey: b.spki, sign } });
    },
    ERR_SOURCE_FAILED: () => {
      const blob = new Blob([whole]);
      const arrayBuffer = () => Promise.reject(new Error('gone'));
      Object.defineProperty(blob, 'slice', { value: () => ({ arrayBuffer }) });
      return open(blob);
    },
    ERR_BACKEND_UNAVAILABLE:
      missing === undefined
        ? () => withoutWebCrypto(() => open(whole, { backend: 'webcrypto' }))
        : () => open(whole, { backend: missing }),
  };
  for (const [code, way] of Object.entries(ways)) {
    yield [
      code,
      async () => equal((await refused(way, code)) instanceof BundleSealError, true, 'class'),
    ];
  }

  yield [
    "a caller's mistake is a TypeError or a RangeError, by name",
    async () => {
      const unknown = await failure(() => open(whole, { exepct: {} }));
      equal(unknown instanceof TypeError && /"exepct"/.test(unknown.message), true, `${unknown}`);
      const range = await failure(() => open(whole, { maxChunks: -1 }));
      equal(range instanceof RangeError && /maxChunks/.test(range.message), true, `${range}`);
    },
  ];
}

async function withoutWebCrypto(work) {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  try {
    return await work();
  } finally {
    Object.defineProperty(globalThis, 'crypto', own);
  }
}
