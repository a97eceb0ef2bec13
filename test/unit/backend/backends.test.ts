// @vitest-environment-options { "own": "backends" }

import { afterEach, describe, expect, it, vi } from 'vitest';
import { randomBytes } from '../../../src/backend/random.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { decryptBundle, encryptBundle, keygen } from '../../../src/index.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { keyB } from '../../support/vectors.ts';

const withoutCrypto = (value: unknown) => vi.stubGlobal('crypto', value);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the backend', () => {
  it('is the fastest available one unless requested by name', async () => {
    expect((await selectBackend()).name).toBe(BACKENDS[0]);
    expect((await selectBackend('auto')).name).toBe(BACKENDS[0]);
    for (const name of BACKENDS) expect((await selectBackend(name)).name).toBe(name);
  });

  it('is pure JavaScript if crypto.subtle is missing, as in an insecure context', async () => {
    if (BACKENDS[0] === 'node') return expect((await selectBackend()).name).toBe('node');
    withoutCrypto({ getRandomValues: crypto.getRandomValues.bind(crypto) });
    expect((await selectBackend()).name).toBe('noble');
    await rejection(selectBackend('webcrypto'), 'ERR_BACKEND_UNAVAILABLE');
  });

  it('that is requested by name and missing causes an error without a fallback', async () => {
    withoutCrypto(undefined);
    const error = await rejection(selectBackend('webcrypto'), 'ERR_BACKEND_UNAVAILABLE');
    expect(error.message).toMatch(/secure context/);
    if (BACKENDS[0] !== 'node') await rejection(selectBackend('node'), 'ERR_BACKEND_UNAVAILABLE');
  });

  it('opens without a source of randomness, and does not seal or make keys', async () => {
    const bundle = bytesOf(50);
    const { bytes } = await encryptBundle(bundle, { privateKey: keyB.pkcs8 });
    withoutCrypto(undefined);
    const backend = 'noble';
    expect(await decryptBundle(bytes, { publicKey: keyB.spki, backend })).toEqual(bundle);
    const sealing = encryptBundle(bundle, { privateKey: keyB.pkcs8, backend });
    const error = await rejection(sealing, 'ERR_BACKEND_UNAVAILABLE');
    expect(error.message).toMatch(/secure source of randomness/);
    await rejection(keygen({ backend }), 'ERR_BACKEND_UNAVAILABLE');
    thrown(() => randomBytes(1), 'ERR_BACKEND_UNAVAILABLE');
  });

  it.each(BACKENDS)(
    '%s has a whole hashed in one call only if it hashes pieces slowly',
    async (name) => {
      expect((await selectBackend(name)).hashesWhole).toBe(name === 'webcrypto');
    },
  );

  it.each(BACKENDS)('%s makes bundles that every other one opens', async (maker) => {
    const bundle = bytesOf(5000);
    const { bytes } = await encryptBundle(bundle, {
      privateKey: keyB.pkcs8,
      chunkSize: 4096,
      backend: maker,
    });
    for (const backend of BACKENDS) {
      expect(await decryptBundle(bytes, { publicKey: keyB.spki, backend })).toEqual(bundle);
    }
  });

  it.each(BACKENDS)('%s throws a failure of the runtime unchanged', async (name) => {
    if (name !== 'webcrypto') {
      const backend = await selectBackend(name);
      // A runtime refuses a key of the wrong length. No caller can cause this.
      await expect(async () => {
        const cipher = await backend.createCipher('encrypt', new Uint8Array(5), 10, 4096);
        await cipher.encrypt(new Uint8Array(12), new Uint8Array(10), new Uint8Array(26));
      }).rejects.toThrow(/key/i);
      return;
    }
    const broken = new Error('out of memory');
    const { subtle } = crypto;
    withoutCrypto({
      getRandomValues: crypto.getRandomValues.bind(crypto),
      subtle: {
        importKey: subtle.importKey.bind(subtle),
        digest: subtle.digest.bind(subtle),
        encrypt: () => Promise.reject(broken),
      },
    });
    const work = encryptBundle(bytesOf(10_000), { privateKey: keyB.pkcs8, backend: name });
    await expect(work).rejects.toBe(broken);
  });
});
