// One chunk through the cipher of each backend.
// @vitest-environment-options { "own": "cipher" }

import { describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { toHex } from '../../../src/bytes.ts';
import { recordAllocations } from '../../support/allocations.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { wipedDuring } from '../../support/wiped.ts';

const key = bytesOf(32);
const nonce = Uint8Array.from({ length: 12 }, (_, i) => i);

describe.each(BACKENDS)('a chunk through %s', (name) => {
  const cipherFor = async (purpose: 'encrypt' | 'decrypt', sessionKey = key) =>
    (await selectBackend(name)).createCipher(purpose, sessionKey, 1000, 4096);

  async function encrypted(length: number, sessionKey = key) {
    const cipher = await cipherFor('encrypt', sessionKey);
    const out = new Uint8Array(length + 16);
    const digest = await cipher.encrypt(nonce, bytesOf(length), out);
    cipher.close();
    return { bytes: out, digest };
  }

  // Around the length of a slice of node:crypto.
  const lengths = [0, 1, 4096, 66_559, 66_560, 66_561, 140_000];

  it.each(lengths)('of %i bytes is the same as through every other backend', async (length) => {
    const backend = await selectBackend(name);
    const { bytes, digest } = await encrypted(length);
    expect(digest).toEqual(await backend.sha256(bytes));
    const other = await (await selectBackend('noble')).createCipher('encrypt', key, 1000, 4096);
    const out = new Uint8Array(length + 16);
    expect(await other.encrypt(nonce, bytesOf(length), out)).toEqual(digest);
    expect(out).toEqual(bytes);
  });

  it.each(lengths)(
    'of %i bytes is decrypted into new memory or into that given',
    async (length) => {
      const { bytes, digest } = await encrypted(length);
      const before = bytes.slice();
      const cipher = await cipherFor('decrypt');
      const plain = await cipher.decrypt(nonce, bytes, digest, undefined);
      expect(plain).toEqual(bytesOf(length));
      const out = new Uint8Array(length);
      expect(await cipher.decrypt(nonce, bytes, digest, out)).toBe(out);
      expect(out).toEqual(bytesOf(length));
      expect(plain?.buffer).not.toBe(out.buffer);
      expect(bytes).toEqual(before);
      cipher.close();
    },
  );

  it.each([
    ['whose last byte was altered', async ({ bytes }: { bytes: Uint8Array }) => bytes.length - 1],
    ['whose first byte was altered', async () => 0],
  ])('%s is refused by its digest and by its tag, and releases no byte', async (_, placeIn) => {
    const right = await encrypted(100_000);
    const bytes = right.bytes.slice();
    const place = await placeIn(right);
    bytes[place] = (bytes[place] as number) ^ 1;
    const cipher = await cipherFor('decrypt');
    // The second digest is that of the altered bytes, as a faulty tool could sign it.
    for (const digest of [right.digest, await (await selectBackend(name)).sha256(bytes)]) {
      const out = new Uint8Array(100_000);
      expect(await cipher.decrypt(nonce, bytes, digest, out)).toBeUndefined();
      expect(out.every((byte) => byte === 0)).toBe(true);
      expect(await cipher.decrypt(nonce, bytes, digest, undefined)).toBeUndefined();
    }
    expect(await cipher.decrypt(nonce, right.bytes, right.digest, undefined)).toEqual(
      bytesOf(100_000),
    );
    cipher.close();
  });

  it('of another session key or with another nonce is refused', async () => {
    const { bytes, digest } = await encrypted(1000, bytesOf(33).slice(1));
    const cipher = await cipherFor('decrypt');
    expect(await cipher.decrypt(nonce, bytes, digest, undefined)).toBeUndefined();
    const own = await encrypted(1000);
    const other = nonce.map((byte) => byte ^ 1);
    expect(await cipher.decrypt(other, own.bytes, own.digest, undefined)).toBeUndefined();
    cipher.close();
  });

  it('does not depend on what the caller does to the session key afterwards', async () => {
    const sessionKey = key.slice();
    const cipher = await cipherFor('encrypt', sessionKey);
    sessionKey.fill(0);
    const out = new Uint8Array(1016);
    await cipher.encrypt(nonce, bytesOf(1000), out);
    cipher.close();
    expect(out).toEqual((await encrypted(1000)).bytes);
  });

  it('is copied into the memory of the chunk before it', async () => {
    const { bytes, digest } = await encrypted(1000);
    const cipher = await cipherFor('decrypt');
    const lengths = recordAllocations();
    for (let i = 0; i < 4; i++) {
      expect(await cipher.decrypt(nonce, bytes, digest, undefined)).toEqual(bytesOf(1000));
    }
    vi.unstubAllGlobals();
    // node:crypto returns the tag apart.
    expect(lengths).toEqual([name === 'node' ? 1000 : 1016]);
    cipher.close();
  });
});

describe('a chunk through noble', () => {
  it('leaves no plain byte outside of the memory that was given', async () => {
    const cipher = await (await selectBackend('noble')).createCipher('decrypt', key, 1000, 4096);
    const sealing = await (await selectBackend('noble')).createCipher('encrypt', key, 1000, 4096);
    const bytes = new Uint8Array(1016);
    const digest = await sealing.encrypt(nonce, bytesOf(1000), bytes);
    const out = new Uint8Array(1000);
    const wiped = await wipedDuring(1000, () => cipher.decrypt(nonce, bytes, digest, out));
    expect(wiped).toContain(toHex(bytesOf(1000)));
    expect(out).toEqual(bytesOf(1000));
  });
});

describe('a session key in WebCrypto', () => {
  it('cannot be exported, and serves one purpose', async () => {
    const importing = vi.spyOn(crypto.subtle, 'importKey');
    for (const purpose of ['encrypt', 'decrypt'] as const) {
      await (await selectBackend('webcrypto')).createCipher(purpose, key, 1000, 4096);
    }
    const keys = await Promise.all(importing.mock.results.map(({ value }) => value));
    expect(keys.map(({ extractable, usages }) => [extractable, usages])).toEqual([
      [false, ['encrypt']],
      [false, ['decrypt']],
    ]);
    importing.mockRestore();
  });
});

describe.each(BACKENDS)('a hash by %s', (name) => {
  it('is that of all pieces together', async () => {
    const backend = await selectBackend(name);
    const bytes = bytesOf(1000);
    const hash = await backend.createHash();
    for (const at of [0, 1, 500])
      hash.update(bytes.subarray(at, at === 0 ? 1 : at === 1 ? 500 : 1000));
    const digest = hash.digest();
    expect(digest.constructor).toBe(Uint8Array);
    expect(digest).toEqual(await backend.sha256(bytes));
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const native = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
    expect(hex).toBe([...native].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  });
});
