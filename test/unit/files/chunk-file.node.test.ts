// Chunks of a file through reused buffers: which reads, writes and flushes they become.

import { describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { type FileChunks, fileChunkSink, fileChunkSource } from '../../../src/files/chunk-file.ts';
import type { InputFile } from '../../../src/files/input-file.ts';
import type { OutputFile } from '../../../src/files/output-file.ts';
import { failureOf } from '../../support/errors.ts';

const MIB = 2 ** 20;
const LARGE = 32 * MIB;
const PAGE = 4096;

const backend = {} as Backend;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const byteAt = (position: number) => (position >> 12) & 0xff;

function withResolvers() {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

/** Chunks of a file of this many bytes. */
const chunksOf = (size: number, length: number, more: Partial<FileChunks> = {}): FileChunks => {
  const { start = 0 } = more;
  const count = Math.ceil(size / length);
  return { backend, count, length, inFlight: 3, start, end: start + size, ...more };
};

/** A file whose reads are recorded and wait for the test. */
function heldInput() {
  const reads: { from: number; room: Uint8Array; settle: (error?: Error) => void }[] = [];
  const readInto = vi.fn((room: Uint8Array, from: number) => {
    return new Promise<Uint8Array>((resolve, reject) => {
      const settle = (error?: Error) => {
        if (error !== undefined) return reject(error);
        for (let i = 0; i < room.length; i += PAGE) room[i] = byteAt(from + i);
        return resolve(room);
      };
      reads.push({ from, room, settle });
    });
  });
  return { file: { readInto } as unknown as InputFile, reads };
}

describe('the chunks that are read', () => {
  it('arrive in blocks of 4 MiB, one of which is read ahead', async () => {
    const { file, reads } = heldInput();
    const source = fileChunkSource(file, chunksOf(9.5 * MIB, MIB, { start: 8192 }));
    const places = () => reads.map(({ from, room }) => [from - 8192, room.length]);
    expect([source.count, source.inFlight]).toEqual([10, 3]);
    for (let i = 0; i < 10; i++) {
      const reading = source.read(i) as Promise<Uint8Array>;
      // Once a block is in use, the next one is requested.
      const blocks = Math.min(3, Math.floor(i / 4) + 2);
      expect(reads).toHaveLength(blocks);
      reads[Math.floor(i / 4)]?.settle();
      const chunk = await reading;
      expect(chunk.length).toBe(i < 9 ? MIB : MIB / 2);
      expect(chunk[0]).toBe(byteAt(8192 + i * MIB));
    }
    expect(places()).toEqual([
      [0, 4 * MIB],
      [4 * MIB, 4 * MIB],
      [8 * MIB, 1.5 * MIB],
    ]);
    await source.close();
  });

  it('have memory of their own until three more were requested, just after a page begins', async () => {
    const { file, reads } = heldInput();
    const source = fileChunkSource(file, chunksOf(40 * MIB, 4 * MIB));
    for (let i = 0; i < 9; i++) {
      const reading = source.read(i);
      reads[i]?.settle();
      await reading;
    }
    expect(new Set(reads.map(({ room }) => room.buffer)).size).toBe(1);
    const offsets = reads.map(({ room }) => room.byteOffset);
    expect(offsets.every((offset) => offset % PAGE === 64)).toBe(true);
    // Those of three chunks in progress, and two more.
    expect(new Set(offsets).size).toBe(5);
    expect(offsets.slice(5)).toEqual(offsets.slice(0, 5));
    const gaps = offsets.slice(1, 5).map((offset, i) => offset - (offsets[i] as number));
    expect(gaps).toEqual(gaps.map(() => 4 * MIB + PAGE));
    for (const { settle } of reads) settle();
    await source.close();
  });

  it('take no more memory than the file needs', async () => {
    const { file, reads } = heldInput();
    const small = fileChunkSource(file, chunksOf(10, 10));
    void small.read(0);
    expect(reads[0]?.room.buffer.byteLength).toBe(2 * PAGE);
    const empty = fileChunkSource(file, chunksOf(0, 0, { count: 1 }));
    void empty.read(0);
    expect([reads[1]?.room.length, reads[1]?.room.buffer.byteLength]).toEqual([0, PAGE]);
  });

  it.each([
    ['32 MiB', LARGE, 1],
    ['less', LARGE - 1, 0],
  ])('of a file of %s are in shared memory or not', (_, size, calls) => {
    const allocateShared = vi.fn((length: number) => new SharedArrayBuffer(length));
    const shared = { allocateShared } as unknown as Backend;
    fileChunkSource(heldInput().file, chunksOf(size, MIB, { backend: shared, start: 5000 }));
    const blocks = Array.from({ length: calls }, () => [3 * (4 * MIB + PAGE), true]);
    expect(allocateShared.mock.calls).toEqual(blocks);
  });

  it('fail at their turn, and not before', async () => {
    const { file, reads } = heldInput();
    const source = fileChunkSource(file, chunksOf(8 * MIB, 4 * MIB));
    const broken = new Error('EIO');
    const first = source.read(0);
    reads[1]?.settle(broken);
    await turn();
    reads[0]?.settle();
    expect((await first)?.length).toBe(4 * MIB);
    expect(await failureOf(source.read(1) as Promise<unknown>)).toBe(broken);
  });

  it('are wiped on closing, which waits for the reads and starts none', async () => {
    const { file, reads } = heldInput();
    const source = fileChunkSource(file, chunksOf(16 * MIB, 4 * MIB));
    void source.read(0);
    let isClosed = false;
    const closing = source.close().then(() => {
      isClosed = true;
    });
    void source.read(1);
    reads[0]?.settle();
    await turn();
    expect([isClosed, reads.length]).toEqual([false, 2]);
    reads[1]?.settle();
    await closing;
    for (const { room } of reads) expect(room.some((byte) => byte !== 0)).toBe(false);
  });
});

/** A file that keeps what is written, page by page, and whose flushes wait for the test. */
function recordedOutput(isDirect = false) {
  const writes: { from: number; length: number; first: number[] }[] = [];
  const flushes: { at: number; settle: (error?: Error) => void }[] = [];
  let pending: Promise<void> = Promise.resolve();
  const file = {
    write: vi.fn((bytes: Uint8Array, from: number) => {
      const first = [];
      for (let i = 0; i < bytes.length; i += PAGE) first.push(bytes[i] as number);
      writes.push({ from, length: bytes.length, first });
      return pending;
    }),
    flush: vi.fn(() => {
      const { promise, resolve, reject } = withResolvers();
      const at = writes.reduce((sum, { length }) => sum + length, 0);
      flushes.push({ at, settle: (error) => (error ? reject(error) : resolve()) });
      return promise;
    }),
    goDirect: vi.fn(async () => isDirect),
  };
  const hold = (work: Promise<void>) => {
    pending = work;
  };
  return { file: file as unknown as OutputFile, calls: file, writes, flushes, hold };
}

type Sink = Awaited<ReturnType<typeof fileChunkSink>>;

/** Fills the chunk with the bytes of its place in the file, and gives it to the sink. */
function put(sink: Sink, { start, length, end }: FileChunks, index: number) {
  const from = start + index * length;
  const room = sink.room(index, Math.min(length, end - from));
  for (let i = 0; i < room.length; i++) room[i] = byteAt(from + i);
  return sink.take(room);
}

describe('the chunks that are written', () => {
  it.each([0, 700, PAGE, 9000])(
    'become writes of whole pages and one of the rest, from byte %i of the file on',
    async (start) => {
      const { file, writes } = recordedOutput();
      const chunks = chunksOf(2.5 * MIB + 10, 500_003, { start, inFlight: 1 });
      const sink = await fileChunkSink(file, chunks);
      for (let i = 0; i < chunks.count; i++) await put(sink, chunks, i);
      await sink.finish();
      let at = start - (start % PAGE);
      for (const [i, { from, length, first }] of writes.entries()) {
        expect(from).toBe(at);
        if (i < writes.length - 1) expect(length % PAGE).toBe(0);
        for (const [page, byte] of first.entries()) {
          const position = from + page * PAGE;
          if (position >= start) expect(byte).toBe(byteAt(position));
        }
        at += length;
      }
      expect(at).toBe(chunks.end);
      await sink.close();
    },
  );

  it('become no write without bytes, if the last chunk ends a block or there is none', async () => {
    const { file, writes } = recordedOutput();
    const chunks = chunksOf(8 * MIB, 4 * MIB);
    const sink = await fileChunkSink(file, chunks);
    for (let i = 0; i < 2; i++) await put(sink, chunks, i);
    await sink.finish();
    expect(writes.map(({ length }) => length)).toEqual([4 * MIB, 4 * MIB]);
    await sink.close();
    const empty = recordedOutput();
    const none = await fileChunkSink(empty.file, chunksOf(0, 0, { count: 1 }));
    await none.finish();
    expect(empty.writes).toEqual([]);
    await none.close();
  });

  it('wait for the block before the last one, whose memory is used again', async () => {
    const { file, hold, writes } = recordedOutput();
    const chunks = chunksOf(16 * MIB, 4 * MIB);
    const sink = await fileChunkSink(file, chunks);
    const { promise, resolve } = withResolvers();
    hold(promise);
    expect(put(sink, chunks, 0)).toBeUndefined();
    const second = put(sink, chunks, 1);
    expect(second).toBe(promise);
    expect(writes).toHaveLength(2);
    resolve();
    await sink.finish();
    await sink.close();
  });

  it('are flushed after 64 MiB, and again only when that flush has ended', async () => {
    const { file, flushes, writes } = recordedOutput();
    const chunks = chunksOf(300 * MIB, 4 * MIB);
    const sink = await fileChunkSink(file, chunks);
    const take = (index: number) => sink.take(sink.room(index, 4 * MIB));
    for (let i = 0; i < 15; i++) await take(i);
    expect(flushes).toHaveLength(0);
    await take(15);
    expect(flushes.map(({ at }) => at)).toEqual([64 * MIB]);
    for (let i = 16; i < 40; i++) await take(i);
    expect(flushes).toHaveLength(1);
    flushes[0]?.settle();
    await turn();
    await take(40);
    expect(flushes.map(({ at }) => at)).toEqual([64, 164].map((mebibytes) => mebibytes * MIB));
    expect(writes).toHaveLength(41);
    flushes[1]?.settle();
    await turn();
    for (let i = 41; i < 56; i++) await take(i);
    expect(flushes).toHaveLength(2);
    await take(56);
    expect(flushes).toHaveLength(3);
    let isClosed = false;
    const closing = sink.close().then(() => {
      isClosed = true;
    });
    await turn();
    expect(isClosed).toBe(false);
    flushes[2]?.settle();
    await closing;
  });

  it.each([
    [true, 0],
    [false, 1],
  ])(
    'bypass the page cache if they are in shared memory: %s, and %i flush',
    async (direct, count) => {
      const { file, calls, flushes } = recordedOutput(direct);
      const allocateShared = (length: number) => new SharedArrayBuffer(length);
      const shared = { allocateShared } as unknown as Backend;
      const chunks = chunksOf(68 * MIB, 4 * MIB, { backend: shared });
      const sink = await fileChunkSink(file, chunks);
      expect(calls.goDirect).toHaveBeenCalledTimes(1);
      for (let i = 0; i < 17; i++) await sink.take(sink.room(i, 4 * MIB));
      expect(flushes).toHaveLength(count);
      for (const { settle } of flushes) settle();
      await sink.finish();
    },
  );

  it('use the page cache in memory that is not shared', async () => {
    const { file, calls } = recordedOutput();
    await fileChunkSink(file, chunksOf(68 * MIB, 4 * MIB));
    expect(calls.goDirect).not.toHaveBeenCalled();
  });

  it.each(['write', 'flush'] as const)('end with the error of a %s', async (call) => {
    const { file, calls } = recordedOutput();
    const broken = new Error('EIO');
    calls.flush.mockImplementation(async () => {});
    calls[call].mockImplementation(() => Promise.reject(broken));
    const chunks = chunksOf(64 * MIB, 4 * MIB);
    const sink = await fileChunkSink(file, chunks);
    for (let i = 0; i < 16; i++) void sink.take(sink.room(i, 4 * MIB));
    expect(await failureOf(sink.finish())).toBe(broken);
    await sink.close();
  });

  it('leave no byte in memory when the file is closed', async () => {
    const { file } = recordedOutput();
    const chunks = chunksOf(8 * MIB, MIB);
    const sink = await fileChunkSink(file, chunks);
    const room = sink.room(0, MIB).fill(7);
    await sink.close();
    expect(room.every((byte) => byte === 0)).toBe(true);
  });
});
