import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../src/backend/select.ts';
import { sealBundle } from '../../src/bundle/encrypt.ts';
import { BundleSealError, decryptBundle, type ErrorCode, encryptBundle } from '../../src/index.ts';
import { openInput } from '../../src/sources/input.ts';
import { rejection } from '../support/errors.ts';
import { base64, keyA, keyB, vectors } from '../support/vectors.ts';

const sealed = (description: string) =>
  base64(vectors.bad.find((vector) => vector.description === description)?.sealed ?? '');
const open = (bytes: Uint8Array, more = {}) =>
  decryptBundle(bytes, { publicKey: keyA.spki, ...more });
const good = base64(vectors.good.at(-1)?.sealed ?? '');

/** One way to each code, and what its message tells the reader to do. */
const WAYS: Record<
  Exclude<
    ErrorCode,
    'ERR_FILE' | 'ERR_ARCHIVE_INVALID' | 'ERR_PATCH_INVALID' | 'ERR_STORE' | `ERR_INDEX_${string}`
  >,
  [() => Promise<unknown>, RegExp]
> = {
  ERR_KEY_INVALID: [() => open(good, { publicKey: '' }), /empty string: check that the variable/],
  ERR_KEY_MISMATCH: [
    () => open(good, { publicKey: keyB.spki }),
    new RegExp(`${keyA.keyId}.*${keyB.keyId}.*pass the public key of the pair`),
  ],
  ERR_HEADER_INVALID: [
    () => open(sealed('magic altered')),
    /check that the file is the sealed bundle/,
  ],
  ERR_VERSION_UNSUPPORTED: [
    () => open(sealed('version 1: the withdrawn V1')),
    /encrypt the bundle again/,
  ],
  ERR_LENGTH_INVALID: [() => open(good.subarray(0, -1)), /the download was cut, fetch it again/],
  ERR_SEAL_INVALID: [() => open(sealed('signature altered')), /fetch it again from the publisher/],
  ERR_CHUNK_INVALID: [() => open(sealed('first chunk altered')), /fetch it again/],
  ERR_CHECKSUM_MISMATCH: [() => open(sealed('checksum signed wrong')), /seal it again/],
  ERR_EXPECTATION_FAILED: [() => open(good, { expect: { appId: 'x' } }), /do not install it/],
  ERR_LIMIT_EXCEEDED: [
    () => open(good, { maxChunks: 1 }),
    /raise maxChunks or seal it with a larger/,
  ],
  ERR_SIGNER_FAILED: [
    () =>
      encryptBundle(new Uint8Array(1), {
        privateKey: { publicKey: keyB.spki, sign: async () => new Uint8Array(384) },
      }),
    /check that it signs the 104 bytes/,
  ],
  ERR_BACKEND_UNAVAILABLE: [
    async () => {
      const name = typeof process === 'object' && process.versions?.node ? 'crypto' : undefined;
      if (name === undefined) return open(good, { backend: 'node' });
      const own = Object.getOwnPropertyDescriptor(globalThis, name) as PropertyDescriptor;
      Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
      try {
        return await open(good, { backend: 'webcrypto' });
      } finally {
        Object.defineProperty(globalThis, name, own);
      }
    },
    /leave options\.backend out/,
  ],
  ERR_SOURCE_FAILED: [
    () => {
      const blob = new Blob([good as Uint8Array<ArrayBuffer>]);
      Object.defineProperty(blob, 'slice', {
        value: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }),
      });
      return decryptBundle(blob, { publicKey: keyA.spki });
    },
    /could not be read: .* changed or removed/,
  ],
};

describe('errors', () => {
  it.each(Object.entries(WAYS))(
    '%s is reached and says what to do next',
    async (code, [way, message]) => {
      const error = await rejection(way(), code as ErrorCode);
      expect(error.message).toMatch(message);
      expect(error.name).toBe('BundleSealError');
      expect(error).toBeInstanceOf(Error);
    },
  );

  it('have only the fields that apply', async () => {
    const plain = new BundleSealError('ERR_SEAL_INVALID', 'x');
    expect(Object.keys(plain).sort()).toEqual(['code', 'name']);
    expect('cause' in plain).toBe(false);
    const full = new BundleSealError('ERR_CHUNK_INVALID', 'x', {
      chunkIndex: 0,
      offset: 0,
      cause: 1,
    });
    expect(full).toMatchObject({ chunkIndex: 0, offset: 0, cause: 1 });
  });

  it('follow the order of the steps: the key before the signature, the length before the chunks', async () => {
    const everything = good.slice(0, -1);
    everything[60] = (everything[60] ?? 0) ^ 1;
    everything[everything.length - 1] = 0;
    await rejection(open(everything, { publicKey: keyB.spki }), 'ERR_KEY_MISMATCH');
    await rejection(open(everything), 'ERR_SEAL_INVALID');
    const body = good.slice(0, -1);
    body[body.length - 1] = 0;
    await rejection(open(body, { expect: { appId: 'x' } }), 'ERR_EXPECTATION_FAILED');
    await rejection(open(body), 'ERR_LENGTH_INVALID');
  });

  it('are thrown for malformed metadata even if it is signed', async () => {
    const { parsePrivateKey } = await import('../../src/keys/parse.ts');
    const privateKey = parsePrivateKey(keyB.pkcs8);
    const made = await sealBundle(openInput(new Uint8Array(5), 'bundle'), {
      backend: await selectBackend(),
      key: { privateKey, publicKey: privateKey },
      metadata: new TextEncoder().encode('{"sequence":-1} '),
      sessionKey: new Uint8Array(32),
      chunkSize: 4096,
    });
    await rejection(decryptBundle(made.bytes, { publicKey: keyB.spki }), 'ERR_HEADER_INVALID');
  });
});
