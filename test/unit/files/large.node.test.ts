// Large files: memory that both threads share, and the way past the page cache.
// @vitest-environment-options { "own": "large" }

import {
  constants,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allocateShared, isOurs } from '../../../src/backend/node-memory.ts';
import { decryptBundle, type Progress } from '../../../src/index.ts';
import { decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, onFileSystem, openIn } from '../../support/files.ts';
import { everyNth } from '../../support/scope.ts';
import { watchThreads } from '../../support/threads.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const MIB = 2 ** 20;
const PAGE = 4096;
// From 32 MiB on, files take the ways that this file tests.
const large = bytesOf(33 * MIB + 12_345);

const root = makeFolder();
const source = join(root, 'plain');
writeFileSync(source, large);
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);
/** Whether a file has the bytes of the large one. A digest would take longer than the work that this file tests. */
const isLarge = (name: string) => Buffer.compare(readFileSync(at(name)), large) === 0;

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  linkSync(source, at('plain'));
});

afterEach(() => {
  vi.restoreAllMocks();
  expect(openIn(folder)).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  rmSync(folder, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const O_DIRECT = constants.O_DIRECT as number | undefined;

/** Whether a number stands for a file that was opened for writing past the page cache. */
function isDirect(fd: unknown): boolean {
  const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^flags:\s+(\d+)$/m)?.[1];
  return (Number.parseInt(flags as string, 8) & (O_DIRECT as number)) !== 0;
}

const opensDirect = (name: string, [, flags]: unknown[]) =>
  name === 'open' && typeof flags === 'number' && (flags & (O_DIRECT as number)) !== 0;

const failing = (code: string) => Object.assign(new Error(code), { code });

/** Seals and opens, and compares the output with the input. */
async function goThrough(options: { privateKey: string; chunkSize?: number }): Promise<void> {
  await encryptFile(at('plain'), at('sealed'), options);
  await decryptFile(at('sealed'), at('opened'), { publicKey });
  expect(isLarge('opened')).toBe(true);
}

/** The same, attached and detached. */
async function goBothWays(chunkSize?: number): Promise<void> {
  const options = { privateKey, ...(chunkSize && { chunkSize }) };
  await goThrough(options);
  const { seal } = await encryptFile(at('plain'), at('body'), { ...options, detached: true });
  await decryptFile(at('body'), at('opened'), { publicKey, seal });
  expect(isLarge('opened')).toBe(true);
}

describe.skipIf(O_DIRECT === undefined)('the output of a large file', () => {
  it.each(everyNth([65_536, 262_144, 2 * MIB, 16 * MIB], 3))(
    'is complete in chunks of %i: whole pages bypass the page cache, the rest does not',
    async (chunkSize) => {
      const direct: [start: number, length: number][] = [];
      let usual = 0;
      const before = (name: string, [fd, , , length, start]: unknown[]) => {
        if (name !== 'write') return undefined;
        if (isDirect(fd)) direct.push([start as number, length as number]);
        else usual += length as number;
        return undefined;
      };
      await onFileSystem({ before }, () => goBothWays(chunkSize));
      const options = { publicKey, backend: 'webcrypto' } as const;
      const opened = await decryptBundle(readFileSync(at('sealed')), options);
      expect(Buffer.compare(opened, large)).toBe(0);
      // Where the folder for temporary files can't do it, everything goes the usual way.
      if (direct.length === 0) return;
      expect(direct.filter(([start, length]) => start % PAGE !== 0 || length % PAGE !== 0)).toEqual(
        [],
      );
      // Of four files the headers, and of each the last page and at most one before.
      expect(usual).toBeLessThan(1.5 * MIB);
    },
  );

  it('is the same if the file system has no direct I/O', async () => {
    let refused = 0;
    const before = (name: string, args: unknown[]) => {
      if (!opensDirect(name, args)) return undefined;
      refused += 1;
      return failing('EINVAL');
    };
    await onFileSystem({ before }, () => goThrough({ privateKey }));
    expect(refused).toBe(2);
  });

  it('is the same if the file opens for direct I/O but refuses direct writes', async () => {
    let refused = 0;
    const before = (name: string, [fd]: unknown[]) => {
      if (name !== 'write' || !isDirect(fd)) return undefined;
      refused += 1;
      return failing('EINVAL');
    };
    await onFileSystem({ before }, () => goThrough({ privateKey }));
    // Two writes may be under way when the first is refused.
    expect(refused).toBeGreaterThanOrEqual(2);
    expect(refused).toBeLessThanOrEqual(4);
  });

  it('is the same if the system writes less than requested', async () => {
    let writes = 0;
    const before = (name: string, args: unknown[]) => {
      if (name === 'write' && isDirect(args[0])) {
        args[3] = Math.min(args[3] as number, writes++ % 3 === 0 ? 512 : 64 * PAGE);
      }
      return undefined;
    };
    await onFileSystem({ before }, () => goThrough({ privateKey }));
    expect(writes).toBeGreaterThan(50);
  });

  it.each(['ENOSPC', 'EIO'])(
    'does not exist after %s, and the previous file does',
    async (code) => {
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      writeFileSync(at('opened'), 'old');
      const before = (name: string, [, , , , start]: unknown[]) =>
        name === 'write' && (start as number) > 20 * MIB ? failing(code) : undefined;
      const work = () => decryptFile(at('sealed'), at('opened'), { publicKey });
      const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
      expect((error.cause as NodeJS.ErrnoException).code).toBe(code);
      expect(readFileSync(at('opened'), 'utf8')).toBe('old');
    },
  );

  it('does not exist if closing its second handle fails', async () => {
    let closes = 0;
    const before = (name: string, args: unknown[]) => {
      if (opensDirect(name, args)) closes = 1;
      return name === 'handle.close' && closes++ === 1 ? failing('EIO') : undefined;
    };
    const work = () => encryptFile(at('plain'), at('sealed'), { privateKey });
    await rejection(onFileSystem({ before }, work), 'ERR_FILE');
    expect(readdirSync(folder)).toEqual(['plain']);
  });

  it('is opened only once if the file is small', async () => {
    writeFileSync(at('small'), large.subarray(0, 31 * MIB));
    let opened = 0;
    const before = (name: string, args: unknown[]) => {
      if (opensDirect(name, args)) opened += 1;
      return undefined;
    };
    await onFileSystem({ before }, () => encryptFile(at('small'), at('sealed'), { privateKey }));
    expect(opened).toBe(0);
  });
});

describe('a large file', () => {
  it('is processed if there is no shared memory', async () => {
    const { Memory } = WebAssembly;
    let tried = 0;
    class Refused {
      constructor() {
        tried += 1;
        throw new RangeError('could not allocate memory');
      }
    }
    try {
      WebAssembly.Memory = Refused as unknown as typeof Memory;
      await goBothWays();
    } finally {
      WebAssembly.Memory = Memory;
    }
    // For the input and the output of each of four files.
    expect(tried).toBe(8);
  });

  it('is processed by a thread, which survives every input', async () => {
    const threads = watchThreads();
    const errors: unknown[] = [];
    const onProgress = () => {
      const [thread] = threads;
      if (thread?.listenerCount('error') === 1) thread.on('error', (error) => errors.push(error));
    };
    // Of a chunk size that no idle thread is for.
    const options = { privateKey, chunkSize: 524_288, onProgress };
    await encryptFile(at('plain'), at('sealed'), options);
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(threads.length).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    expect(isLarge('opened')).toBe(true);
  });

  it('is finished on this thread if the other one dies in the middle', async () => {
    const threads = watchThreads();
    const killed: Worker[] = [];
    const killHalfWay = ({ done, total }: Progress) => {
      const thread = done > total / 2 ? threads.shift() : undefined;
      if (thread === undefined) return;
      killed.push(thread);
      void thread.terminate();
    };
    const options = { onProgress: killHalfWay };
    /** On a busy machine, a thread may start after half of the file is done. The next call then uses it. */
    const untilKilled = async (call: () => Promise<unknown>) => {
      const before = killed.length;
      for (let tries = 0; tries < 20 && killed.length === before; tries++) await call();
      expect(killed.length).toBe(before + 1);
    };
    // Of a chunk size that no idle thread is for.
    const sealing = { privateKey, chunkSize: 131_072, ...options };
    await untilKilled(() => encryptFile(at('plain'), at('sealed'), sealing));
    await untilKilled(() => decryptFile(at('sealed'), at('opened'), { publicKey, ...options }));
    expect(isLarge('opened')).toBe(true);
  });

  it('is one of several at once, one after the other, with the same thread and with others', async () => {
    await encryptFile(at('plain'), at('sealed'), { privateKey });
    for (let round = 0; round < 2; round++) {
      const names = ['opened1', 'opened2'];
      await Promise.all(names.map((name) => decryptFile(at('sealed'), at(name), { publicKey })));
      for (const name of names) expect(isLarge(name)).toBe(true);
    }
  });
});

describe('memory that both threads see', () => {
  it('has at least the requested length and is zeroed', () => {
    for (const atPage of [false, true]) {
      const memory = allocateShared(100_000, atPage) as SharedArrayBuffer;
      expect(memory.byteLength).toBeGreaterThanOrEqual(100_000);
      expect(new Uint8Array(memory).every((byte) => byte === 0)).toBe(true);
    }
  });

  it('is distinguished from memory of a caller, which others may change meanwhile', () => {
    expect(isOurs(allocateShared(10, false) as SharedArrayBuffer)).toBe(true);
    expect(isOurs(allocateShared(10, true) as SharedArrayBuffer)).toBe(true);
    expect(isOurs(new SharedArrayBuffer(10))).toBe(false);
  });
});
