// Brotli of delta updates: with and without the brotli of Node.

import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultCompress, defaultDecompress } from '../../../src/capgo/brotli.ts';
import { decryptManifest, encryptManifest } from '../../../src/capgo.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection, thrown } from '../../support/errors.ts';
import { capgoPair } from '../../support/pairs.ts';

const { privateKey, publicKey } = capgoPair(0);
const page = new TextEncoder().encode('<p>hello</p>'.repeat(1000));

const real = process.getBuiltinModule;
const withZlib = (zlib: unknown) => ({
  getBuiltinModule: (id: string) => (id === 'node:zlib' ? zlib : real(id as never)),
});

describe("Node's Brotli", () => {
  it('compresses files that it shrinks, with default settings, and restores them', async () => {
    const files = { 'a.html': page, 'b.bin': bytesOf(12_000) };
    const {
      manifest,
      files: encrypted,
      ivSessionKey,
    } = await encryptManifest(files, { privateKey });
    expect(manifest.map(({ file_name }) => file_name)).toEqual(['a.html.br', 'b.bin']);
    const { length } = brotliCompressSync(page);
    expect(encrypted.get('a.html.br')?.length).toBe(length - (length % 16) + 16);
    const opened = await decryptManifest(manifest, encrypted, {
      publicKey,
      ivSessionKey,
      trusted: 'unchecked',
    });
    expect(Object.fromEntries(opened)).toEqual(files);
  });

  it('stops at the largest allowed size', async () => {
    const { manifest, files, ivSessionKey } = await encryptManifest({ a: page }, { privateKey });
    const open = (maxFileSize: number) =>
      decryptManifest(manifest, files, {
        publicKey,
        ivSessionKey,
        trusted: 'unchecked',
        maxFileSize,
      });
    const error = await rejection(open(page.length - 1), 'ERR_LIMIT_EXCEEDED');
    expect(error.path).toBe('a');
    expect(error.message).toBe(
      `a has more than ${page.length - 1} bytes: if the update is yours, raise maxFileSize`,
    );
    expect((await open(page.length)).get('a')).toEqual(page);
  });

  it('does not inflate an exchanged file to its end', async () => {
    const bomb = brotliCompressSync(new Uint8Array(2 ** 20));
    const made = await encryptManifest({ a: page }, { privateKey, brotli: () => bomb });
    const { manifest, files, ivSessionKey } = made;
    const maxFileSize = page.length;
    const options = { publicKey, ivSessionKey, trusted: 'unchecked' as const, maxFileSize };
    await rejection(decryptManifest(manifest, files, options), 'ERR_LIMIT_EXCEEDED');
    await rejection(
      decryptManifest(manifest, files, { ...options, maxFileSize: 2 ** 20 }),
      'ERR_CHECKSUM_MISMATCH',
    );
  });

  it('fails the update with its error', async () => {
    const reason = new Error('no memory');
    const brotliCompress = (_: Uint8Array, done: (error: Error) => void) => done(reason);
    vi.stubGlobal('process', withZlib({ brotliCompress }));
    const work = encryptManifest({ a: page }, { privateKey });
    vi.unstubAllGlobals();
    await expect(work).rejects.toBe(reason);
  });

  it('leads to the error of a wrong file if the bytes are not Brotli', async () => {
    const brotli = (raw: Uint8Array) => raw.subarray(0, 5000);
    const made = await encryptManifest({ a: page }, { privateKey, brotli });
    const { manifest, files, ivSessionKey } = made;
    const work = decryptManifest(manifest, files, {
      publicKey,
      ivSessionKey,
      trusted: 'unchecked',
    });
    await rejection(work, 'ERR_CHECKSUM_MISMATCH');
  });
});

describe('a runtime without Brotli', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const runtimes: [string, unknown][] = [
    ['no process', undefined],
    ['no modules of its own', {}],
    ['no node:zlib', withZlib(undefined)],
    ['a node:zlib that knows none', withZlib({})],
  ];
  it.each(runtimes)(
    'with %s compresses nothing, and names the missing option',
    async (_, runtime) => {
      vi.stubGlobal('process', runtime);
      const compress = defaultCompress();
      const decompress = defaultDecompress(100);
      vi.unstubAllGlobals();
      expect(compress).toBe(undefined);
      const error = thrown(() => decompress(page), 'ERR_BACKEND_UNAVAILABLE');
      expect(error.message).toBe('this runtime has no Brotli: pass a decoder as options.brotli');
    },
  );

  it('makes an update of uncompressed files', async () => {
    vi.stubGlobal('process', withZlib(undefined));
    const work = encryptManifest({ a: page }, { privateKey });
    vi.unstubAllGlobals();
    const { manifest, files, ivSessionKey } = await work;
    expect(manifest[0]?.file_name).toBe('a');
    const opened = await decryptManifest(manifest, files, {
      publicKey,
      ivSessionKey,
      trusted: 'unchecked',
    });
    expect(opened.get('a')).toEqual(page);
  });

  it('reports the missing decoder for an update, and opens it with one', async () => {
    const made = await encryptManifest({ a: page }, { privateKey });
    const open = (more: object) => {
      vi.stubGlobal('process', withZlib(undefined));
      const { ivSessionKey, hashes: trusted } = made;
      const options = { publicKey, ivSessionKey, trusted, ...more };
      // It takes the functions of the runtime before anything else.
      const work = decryptManifest(made.manifest, made.files, options);
      vi.unstubAllGlobals();
      return work;
    };
    await rejection(open({}), 'ERR_BACKEND_UNAVAILABLE');
    const brotli = (bytes: Uint8Array) => new Uint8Array(brotliDecompressSync(bytes));
    expect((await open({ brotli })).get('a')).toEqual(page);
  });
});
