// Which backend a runtime gets that has only a part of node:crypto or of WebCrypto.

import { createPrivateKey } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { decryptBundle, encryptBundle } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { keyB } from '../../support/vectors.ts';

const webcrypto = globalThis.crypto;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Lets `node:crypto` be this. */
function withNodeCrypto(crypto: unknown): void {
  vi.spyOn(process, 'getBuiltinModule').mockImplementation((() => crypto) as never);
}

describe('a runtime', () => {
  const call = () => {};
  it.each([
    ['without node:crypto', undefined],
    ['whose node:crypto is empty', {}],
    ['whose node:crypto has no RSA with message recovery', { createCipheriv: call }],
    ['whose node:crypto has no AES', { publicDecrypt: call }],
  ])('%s uses WebCrypto, and says what the node backend needs', async (_, crypto) => {
    withNodeCrypto(crypto);
    expect((await selectBackend()).name).toBe('webcrypto');
    const error = await rejection(selectBackend('node'), 'ERR_BACKEND_UNAVAILABLE');
    expect(error.message).toBe(
      'the node backend needs node:crypto (Node, Bun or Deno): leave options.backend out to use the fastest backend of this runtime',
    );
  });

  it('without getBuiltinModule, as Node 20.15, is not taken for Node', async () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
    expect((await selectBackend()).name).toBe('webcrypto');
    vi.stubGlobal('process', undefined);
    expect((await selectBackend()).name).toBe('webcrypto');
  });

  it('in which crypto.subtle is missing uses pure JavaScript, and says what WebCrypto needs', async () => {
    withNodeCrypto(undefined);
    for (const crypto of [{}, undefined]) {
      vi.stubGlobal('crypto', crypto);
      expect((await selectBackend()).name).toBe('noble');
      const error = await rejection(selectBackend('webcrypto'), 'ERR_BACKEND_UNAVAILABLE');
      expect(error.message).toContain(
        'the webcrypto backend needs crypto.subtle, which a page has only in a secure context (https or localhost): leave',
      );
    }
  });

  it.each(['', 'Node', 'toString', 5, null])('does not know the backend %o', async (name) => {
    await expect(selectBackend(name as never)).rejects.toThrow(
      new TypeError("options.backend expected 'auto' or one of node, webcrypto, noble"),
    );
  });
});

describe('a failure of WebCrypto itself', () => {
  const sealed = async () =>
    (await encryptBundle(bytesOf(10_000), { privateKey: keyB.pkcs8, chunkSize: 4096 })).bytes;
  const open = (bytes: Uint8Array) =>
    decryptBundle(bytes, { publicKey: keyB.spki, backend: 'webcrypto' });

  it.each([
    ['an error', new Error('out of memory')],
    ['a text', 'out of memory'],
    ['nothing', undefined],
  ])('that is %s comes out of decryptBundle unchanged', async (_, broken) => {
    const bytes = await sealed();
    vi.spyOn(webcrypto.subtle, 'decrypt').mockImplementation(() => Promise.reject(broken));
    await expect(open(bytes)).rejects.toBe(broken);
  });

  it('that is OperationError means that the chunk was altered', async () => {
    const bytes = await sealed();
    vi.spyOn(webcrypto.subtle, 'decrypt').mockImplementation(() =>
      Promise.reject(new DOMException('', 'OperationError')),
    );
    const error = await rejection(open(bytes), 'ERR_CHUNK_INVALID');
    expect(error.chunkIndex).toBe(0);
  });
});

describe('a key pair', () => {
  it.each(['node', 'webcrypto'] as const)(
    'has the requested size and exponent 65537, by %s',
    async (name) => {
      const { generateKey } = await selectBackend(name);
      const pkcs8 = await generateKey?.(2048);
      expect(pkcs8?.constructor).toBe(Uint8Array);
      const key = createPrivateKey({ key: Buffer.from(pkcs8 ?? []), format: 'der', type: 'pkcs8' });
      const details = { modulusLength: 2048, publicExponent: 65_537n };
      expect([key.asymmetricKeyType, key.asymmetricKeyDetails]).toEqual(['rsa', details]);
    },
  );

  it('that the runtime cannot make is an error', async () => {
    const broken = new Error('no entropy');
    const { generateKey } = await selectBackend('node');
    vi.spyOn(process.getBuiltinModule('node:crypto'), 'generateKeyPair').mockImplementation(((
      ...given: unknown[]
    ) => (given.at(-1) as (error: Error) => void)(broken)) as never);
    await expect(generateKey?.(2048)).rejects.toBe(broken);
  });
});
