// Calls from file to file: their bytes and their names.

import { getEventListeners } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  checksum,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  type Progress,
} from '../../../src/index.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectBytes, withoutChance } from '../../support/file-bytes.ts';
import { onFileSystem, snapshot, temporaries } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;

const publicKey = keyB.spki;

const CHUNK = 4096;

const { here, at, put, get } = useFolder();

const modeOf = (name: string) => (statSync(at(name)).mode & 0o7777).toString(8);

afterEach(() => void vi.restoreAllMocks());

const SIZES = [0, 1, 4095, 4096, 4097, 8191, 8192, 8193, 12_288, 300_000];

describe.each(BACKENDS)('files through %s', (backend) => {
  it.each(SIZES)('of %i bytes are interchangeable with the functions in memory', async (size) => {
    const plain = bytesOf(size);
    const metadata = { appId: 'com.example.app', version: '1.2.3', own: ['ü', null] };
    const input = put('plain', plain);
    const seen: Progress[] = [];
    const made = await encryptFile(input, at('sealed'), {
      privateKey,
      metadata,
      chunkSize: CHUNK,
      backend,
      onProgress: (progress) => seen.push(progress),
    });
    const sealed = get('sealed');
    expect(made).toEqual({
      seal: made.seal,
      checksum: await checksum(plain),
      keyId: keyB.keyId,
      size,
      sealedSize: sealed.length,
    });
    expect(seen.at(-1)).toEqual({ done: size, total: size });
    expect(inspectBundle(made.seal)).toEqual(inspectBundle(sealed));
    expectBytes(await decryptBundle(sealed, { publicKey }), plain);

    seen.length = 0;
    const info = await decryptFile(at('sealed'), at('opened'), {
      publicKey,
      backend,
      expect: { version: '1.2.3' },
      onProgress: (progress) => seen.push(progress),
    });
    expectBytes(get('opened'), plain);
    expect(seen.at(-1)).toEqual({ done: size, total: size });
    expect(info).toEqual({ ...inspectBundle(sealed), proven: true, checksum: made.checksum });
    expect(info.metadata).toEqual(metadata);
    expect(await checksumFile(at('opened'), { backend })).toBe(made.checksum);
    expect(readdirSync(here()).sort()).toEqual(['opened', 'plain', 'sealed']);
    expectBytes(get('plain'), plain);
  });

  it.each([0, 4097])('of %i bytes can have a separate seal', async (size) => {
    const plain = bytesOf(size);
    const options = { privateKey, chunkSize: CHUNK, backend };
    const made = await encryptFile(put('plain', plain), at('body'), { ...options, detached: true });
    const body = get('body');
    const { headerLength, sealedSize } = inspectBundle(made.seal);
    expect(body.length).toBe(sealedSize - headerLength);
    expect(made.sealedSize).toBe(sealedSize);
    expectBytes(await decryptBundle(body, { publicKey, seal: made.seal }), plain);
    await rejection(
      decryptFile(at('body'), at('opened'), { publicKey, backend }),
      size === 0 ? 'ERR_LENGTH_INVALID' : 'ERR_HEADER_INVALID',
    );
    const info = await decryptFile(at('body'), at('opened'), {
      publicKey,
      backend,
      seal: made.seal,
    });
    expectBytes(get('opened'), plain);
    expect(info).toMatchObject({ proven: true, checksum: made.checksum, size });
    // What the functions in memory made apart is taken as well.
    const memory = await encryptBundle(plain, options);
    put('body', memory.ciphertext);
    await decryptFile(at('body'), at('opened'), { publicKey, backend, seal: memory.seal });
    expectBytes(get('opened'), plain);
  });

  it('equal the result of the functions in memory with the same session key byte by byte', async () => {
    withoutChance();
    for (const size of [0, 4096, 10_000]) {
      const plain = bytesOf(size);
      const options = { privateKey, chunkSize: CHUNK, backend, metadata: { sequence: 3 } };
      const memory = await encryptBundle(plain, options);
      const file = await encryptFile(put('plain', plain), at('sealed'), options);
      expectBytes(get('sealed'), memory.bytes);
      expect(file.seal).toBe(memory.seal);
      await encryptFile(at('plain'), at('body'), { ...options, detached: true });
      expectBytes(get('body'), memory.ciphertext);
    }
  });

  it('report their progress upwards and to the end, and release the signal', async () => {
    const plain = bytesOf(40 * CHUNK + 7);
    const { signal } = new AbortController();
    const sealing = { privateKey, chunkSize: CHUNK, backend, signal };
    const runs: ((onProgress: (progress: Progress) => void) => Promise<unknown>)[] = [
      (onProgress) => encryptFile(put('plain', plain), at('sealed'), { ...sealing, onProgress }),
      (onProgress) =>
        decryptFile(at('sealed'), at('opened'), { publicKey, backend, signal, onProgress }),
      (onProgress) => checksumFile(at('opened'), { backend, signal, onProgress }),
    ];
    for (const run of runs) {
      const seen: Progress[] = [];
      await run((progress) => seen.push(progress));
      expect(seen.at(-1)).toEqual({ done: plain.length, total: plain.length });
      expect(seen.every(({ done }, i) => i === 0 || done > (seen[i - 1]?.done ?? 0))).toBe(true);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });
});

describe('a file', () => {
  it('of a folder with a relative path, and with any name, is found and written', async () => {
    const plain = bytesOf(5000);
    const names = [
      'with space',
      'ünïcödé 日本語 🙂',
      '.hidden',
      '-rf',
      'a\nb',
      '%s%20',
      `${'ü'.repeat(127)}x`,
      'x'.repeat(255),
      'a.b-c-d-e.bundleseal-tmp-not',
    ];
    put('plain', plain);
    const near = (name: string) => relative(process.cwd(), at(name));
    for (const name of names) {
      await encryptFile(near('plain'), near(name), { privateKey });
      expectBytes(await decryptBundle(get(name), { publicKey }), plain);
      await decryptFile(near(name), near('opened'), { publicKey });
      expectBytes(get('opened'), plain);
      // Replaces the present output, too.
      await encryptFile(near('plain'), near(name), { privateKey });
    }
    expect(readdirSync(here()).sort()).toEqual([...names, 'opened', 'plain'].sort());
  });

  it('is opened with one of several keys', async () => {
    await encryptFile(put('plain', bytesOf(10)), at('sealed'), { privateKey: keyA.pkcs8 });
    const info = await decryptFile(at('sealed'), at('opened'), {
      publicKey: [keyB.spki, keyA.spki],
    });
    expect(info.keyId).toBe(keyA.keyId);
  });

  it('is not written if a signer fails', async () => {
    const sign = vi.fn(async () => new Uint8Array(3));
    const work = encryptFile(put('plain', bytesOf(10)), at('sealed'), {
      privateKey: { publicKey, sign },
    });
    await rejection(work, 'ERR_SIGNER_FAILED');
    expect(sign).toHaveBeenCalledTimes(1);
    expect(readdirSync(here())).toEqual(['plain']);
  });

  it('replaces a longer or shorter file', async () => {
    const plain = bytesOf(5000);
    put('plain', plain);
    for (const length of [0, 10, 100_000]) {
      put('sealed', new Uint8Array(length));
      put('opened', new Uint8Array(length));
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expectBytes(get('opened'), plain);
    }
  });

  it('does not change its neighbours', async () => {
    for (const name of ['.sealed', '.sealed.', 'sealed.tmp', '.sealed.txt', '.bundleseal-tmp']) {
      put(name, bytesOf(3));
    }
    put('.sealed.mine', bytesOf(3));
    put('.other.x.bundleseal-tmp', bytesOf(3));
    put('plain', bytesOf(10));
    const before = snapshot(here());
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    rmSync(at('sealed'));
    expect(snapshot(here())).toEqual(before);
    rmSync(at('.bundleseal-tmp'));
    rmSync(at('.other.x.bundleseal-tmp'));
  });

  it('is written into a temporary file that only its owner can read', async () => {
    const plain = bytesOf(50_000);
    put('plain', plain, 0o666);
    put('sealed', bytesOf(3), 0o666);
    const seen = new Set<string>();
    const onProgress = () => {
      const [name, ...others] = temporaries(here());
      expect(others).toEqual([]);
      expect(name).toMatch(/^\.sealed\..+\.bundleseal-tmp$/);
      seen.add(modeOf(name as string));
      expectBytes(get('sealed'), bytesOf(3));
    };
    await encryptFile(at('plain'), at('sealed'), { privateKey, chunkSize: CHUNK, onProgress });
    expect([...seen]).toEqual(['600']);
    expect(modeOf('sealed')).toBe('666');
  });

  it('reaches the disk before it gets its name', async () => {
    put('plain', bytesOf(50_000));
    const calls: string[] = [];
    const before = (name: string) => {
      calls.push(name);
      return undefined;
    };
    await onFileSystem({ before }, () => encryptFile(at('plain'), at('sealed'), { privateKey }));
    const isWrite = (name: string) => /^(handle\.)?writev?$/.test(name);
    const rename = calls.indexOf('rename');
    const flush = calls.findIndex((name) => /^(handle\.sync|fsync)$/.test(name));
    const lastWrite = calls.length - 1 - [...calls].reverse().findIndex(isWrite);
    expect(calls.some(isWrite)).toBe(true);
    expect(flush).toBeGreaterThan(lastWrite);
    expect(rename).toBeGreaterThan(flush);
    expect(calls.filter((name) => name === 'rename').length).toBe(1);
  });

  it('is complete if the system reads and writes less than requested', async () => {
    const plain = bytesOf(50_000);
    put('plain', plain);
    let pieces = 0;
    const before = (name: string, args: unknown[]) => {
      // fd, buffer, offset, length; of a handle, without the first.
      const place = { read: 3, write: 3, 'handle.read': 2, 'handle.write': 2 }[name];
      if (place !== undefined) {
        args[place] = Math.min(args[place] as number, 1 + (pieces++ % 3) * 1500);
      }
      return undefined;
    };
    await onFileSystem({ before }, async () => {
      const options = { privateKey, chunkSize: CHUNK };
      await encryptFile(at('plain'), at('sealed'), options);
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      expect(await checksumFile(at('plain'))).toBe(await checksum(plain));
      const source = await fileSource(at('plain'));
      expectBytes(await source.read(100, 30_000), plain.slice(100, 30_100));
      await source.close();
    });
    expect(pieces).toBeGreaterThan(100);
    expectBytes(get('opened'), plain);
    expectBytes(await decryptBundle(get('sealed'), { publicKey }), plain);
  });

  it('can be written by two calls at once, and the last one wins', async () => {
    const ways = [bytesOf(200_000), bytesOf(100_000)];
    put('one', ways[0] as Uint8Array);
    put('two', ways[1] as Uint8Array);
    for (let i = 0; i < 5; i++) {
      const options = { privateKey, chunkSize: CHUNK };
      const [one, two] = await Promise.all([
        encryptFile(at('one'), at('out'), options),
        encryptFile(at('two'), at('out'), options),
      ]);
      expect([one.checksum, two.checksum]).toContain(
        await checksum(await decryptBundle(get('out'), { publicKey })),
      );
      expect(readdirSync(here()).sort()).toEqual(['one', 'out', 'two']);
    }
    const runs = Array.from({ length: 12 }, (_, i) =>
      encryptFile(at(i % 2 === 0 ? 'one' : 'two'), at('out'), { privateKey }),
    );
    await Promise.all(runs);
    expectBytes(
      await decryptBundle(get('out'), { publicKey }),
      (get('out').length > 150_000 ? ways[0] : ways[1]) as Uint8Array,
    );
  });
});
