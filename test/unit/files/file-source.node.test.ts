// Files as sources, and files that change while they are read.

import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type BundleInput, decryptBundle, encryptBundle, openBundle } from '../../../src/index.ts';
import { decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { expectBytes } from '../../support/file-bytes.ts';
import { onFileSystem, openIn } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;

const publicKey = keyB.spki;

const CHUNK = 4096;

const { here, at, put, get } = useFolder();

describe('a file as a source', () => {
  const plain = bytesOf(100_000);

  it('has a size and gives any range', async () => {
    const source = await fileSource(put('plain', plain));
    expect(source.size).toBe(plain.length);
    for (const [offset, length] of [
      [0, 0],
      [0, 1],
      [0, plain.length],
      [99_999, 1],
      [100_000, 0],
      [12_345, 6789],
    ] as const) {
      const bytes = await source.read(offset, length);
      expectBytes(bytes, plain.slice(offset, offset + length));
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    }
    const many = await Promise.all(Array.from({ length: 50 }, (_, i) => source.read(i * 1999, 50)));
    expect(many).toEqual(many.map((_, i) => plain.slice(i * 1999, i * 1999 + 50)));
    await source.close();
  });

  it('gives memory that is not written again', async () => {
    const source = await fileSource(put('plain', plain));
    const first = await source.read(0, 100);
    const kept = first.slice();
    await source.read(100, 100);
    expect(first).toEqual(kept);
    first.fill(0);
    expectBytes(await source.read(0, 100), kept);
    await source.close();
  });

  it('keeps no bytes that it has given', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const source = await fileSource(put('plain', plain));
    const read = async () => new WeakRef(await source.read(0, 100));
    const given = await read();
    await expect
      .poll(() => {
        collect();
        return given.deref() === undefined;
      })
      .toBe(true);
    await source.close();
  });

  it('refuses a range outside of it', async () => {
    const source = await fileSource(put('plain', plain));
    for (const [offset, length] of [
      [0, 100_001],
      [100_000, 1],
      [100_001, 0],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, 1.5],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
      [2 ** 53, 0],
      ['0', 1],
      [0, undefined],
    ] as [number, number][]) {
      await expect(source.read(offset, length)).rejects.toBeInstanceOf(RangeError);
    }
    await source.close();
  });

  it('is closed only once', async () => {
    put('plain', plain);
    const source = await fileSource(at('plain'));
    expect(openIn(here()).length).toBe(process.platform === 'linux' ? 1 : 0);
    await Promise.all([source.close(), source.close()]);
    await source.close();
    expect(openIn(here())).toEqual([]);
    await expect(source.read(0, 10)).rejects.toBeInstanceOf(Error);
    const other = await fileSource(at('plain'));
    // Who opens another file meanwhile does not have it closed by a second close().
    await source.close();
    await source[Symbol.asyncDispose]();
    expectBytes(await other.read(0, 10), plain.slice(0, 10));
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    expect(openIn(here())).toEqual([]);
  });

  it('is closed after the reads in progress, and never returns bytes of another file', async () => {
    put('plain', plain);
    put('other', new Uint8Array(100_000));
    const source = await fileSource(at('plain'));
    const slow = { before: (name: string) => (/read$/.test(name) ? sleep(20) : undefined) };
    await onFileSystem(slow, async () => {
      const reads = Promise.allSettled([source.read(0, 4000), source.read(50_000, 4000)]);
      const closed = source.close();
      // Takes the number of the file if that is closed by now.
      const others = await Promise.all([1, 2, 3].map(() => fileSource(at('other'))));
      const [first, second] = await reads;
      await closed;
      for (const other of others) await other.close();
      expect(first).toEqual({ status: 'fulfilled', value: plain.slice(0, 4000) });
      expect(second).toEqual({ status: 'fulfilled', value: plain.slice(50_000, 54_000) });
    });
  });

  it('rejects with the reason of a signal', async () => {
    const source = await fileSource(put('plain', plain));
    const reason = new Error('enough');
    await expect(source.read(0, 10, AbortSignal.abort(reason))).rejects.toBe(reason);
    const { signal } = new AbortController();
    await source.read(0, 10, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await source.close();
  });

  it('can be used to read a bundle', async () => {
    const sealed = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    const source = await fileSource(put('sealed', sealed.bytes));
    const reader = await openBundle(source, { publicKey });
    expect(reader.info.checksum).toBe(sealed.checksum);
    expectBytes(await reader.read(0, plain.length), plain);
    expectBytes(await reader.read(50_000, 10), plain.slice(50_000, 50_010));
    const stream = new Response(reader.stream(1, 99_000));
    expectBytes(new Uint8Array(await stream.arrayBuffer()), plain.slice(1, 99_001));
    reader.close();
    // Still open: it is the caller's.
    expectBytes(await source.read(0, 4), sealed.bytes.slice(0, 4));
    await source.close();

    const body = await fileSource(put('body', sealed.ciphertext));
    const apart = await openBundle(body, { publicKey, seal: sealed.seal });
    expectBytes(await apart.read(0, plain.length), plain);
    apart.close();
    await body.close();
  });

  it('is refused by the functions in memory', async () => {
    const source = await fileSource(put('plain', plain));
    const work = decryptBundle(source as unknown as BundleInput, { publicKey });
    await expect(work).rejects.toBeInstanceOf(TypeError);
    await source.close();
  });

  it('that becomes shorter while it is open fails by name, and in a reader too', async () => {
    const { bytes } = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    const source = await fileSource(put('sealed', bytes));
    const reader = await openBundle(source, { publicKey });
    truncateSync(at('sealed'), 50_000);
    const codes = ['ERR_FILE', 'ERR_SOURCE_FAILED'];
    for (const work of [
      () => source.read(49_999, 2),
      () => source.read(60_000, 1),
      () => reader.read(80_000, 10),
    ]) {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(codes).toContain((error as { code?: string } | undefined)?.code);
    }
    expectBytes(await source.read(0, 50_000), bytes.slice(0, 50_000));
    reader.close();
    await source.close();
  });

  it('that is missing, a folder or no regular file is refused by its path', async () => {
    const paths = [at('nothing'), here()];
    if (process.platform !== 'win32') paths.push('/dev/null');
    for (const path of paths) {
      const error = await rejection(fileSource(path), 'ERR_FILE');
      expect(error.path).toBe(path);
      expect(error.message).toContain(JSON.stringify(path));
    }
  });
});

describe('a file that changes while it is being sealed', () => {
  const plain = bytesOf(6 * 2 ** 20);
  const long = new Date('2020-01-01');

  it.each([
    ['grows', () => appendFileSync(at('plain'), 'x')],
    ['shrinks by a byte', () => truncateSync(at('plain'), plain.length - 1)],
    ['shrinks to nothing', () => truncateSync(at('plain'), 0)],
    ['is written in place', () => writeFileSync(at('plain'), 'x', { flag: 'r+' })],
  ] as const)('and %s is refused, and nothing is written', async (_, change) => {
    put('plain', plain);
    utimesSync(at('plain'), long, long);
    put('sealed', bytesOf(3));
    let changed = false;
    const onProgress = () => {
      if (!changed) change();
      changed = true;
    };
    for (const detached of [false, true]) {
      changed = false;
      const options = { privateKey, chunkSize: 65_536, detached, onProgress };
      const error = await encryptFile(at('plain'), at('sealed'), options).then(
        () => undefined,
        (thrown: unknown) => thrown as Error & { code?: string; path?: string },
      );
      expect(changed).toBe(true);
      expect(['ERR_FILE', 'ERR_SOURCE_FAILED']).toContain(error?.code);
      expect(error?.path).toBe(at('plain'));
      expectBytes(get('sealed'), bytesOf(3));
      expect(readdirSync(here()).sort()).toEqual(['plain', 'sealed']);
      put('plain', plain);
      utimesSync(at('plain'), long, long);
    }
  });

  it('is sealed unchanged if another file takes its name', async () => {
    put('plain', plain);
    const onProgress = () => {
      rmSync(at('plain'), { force: true });
    };
    await encryptFile(at('plain'), at('sealed'), { privateKey, onProgress });
    expectBytes(await decryptBundle(get('sealed'), { publicKey }), plain);
  });

  it('or opened gives the signed bundle or an error', async () => {
    const { bytes } = await encryptBundle(plain, { privateKey, chunkSize: 65_536 });
    for (const change of [
      () => truncateSync(at('sealed'), 100_000),
      () => writeFileSync(at('sealed'), new Uint8Array(bytes.length), { flag: 'r+' }),
      () => appendFileSync(at('sealed'), 'x'),
    ]) {
      put('sealed', bytes);
      put('opened', bytesOf(3));
      let changed = false;
      const onProgress = () => {
        if (!changed) change();
        changed = true;
      };
      const outcome = await decryptFile(at('sealed'), at('opened'), { publicKey, onProgress }).then(
        () => 'opened',
        (thrown: { code?: string }) => thrown.code,
      );
      const expected = outcome === 'opened' ? plain : bytesOf(3);
      expectBytes(get('opened'), expected);
      const outcomes = ['opened', 'ERR_FILE', 'ERR_SOURCE_FAILED', 'ERR_CHUNK_INVALID'];
      expect(outcomes).toContain(outcome);
    }
  });
});
