// A file passes through the cipher: the order of reads and writes, and the cleanup after an error.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { passFile } from '../../../src/capgo/file-pass.ts';
import type { InputFile } from '../../../src/files/input-file.ts';
import { bytesOf } from '../../support/bytes.ts';

const PIECE = 2 ** 20;

/** A file in which each byte names its piece; a transform that changes nothing; an output that logs its writes. */
function stage(size: number) {
  const log: string[] = [];
  const rooms = new Set<ArrayBufferLike>();
  const content: Uint8Array[] = [];
  const file = {
    size,
    async readInto(room: Uint8Array, start: number) {
      rooms.add(room.buffer);
      log.push(`read ${room.length} at ${start}`);
      // Overwrites the buffer at once, so a reader that still needs the old bytes fails the test.
      return room.fill(1 + start / PIECE);
    },
  };
  const transform = {
    update: (bytes: Uint8Array) => {
      content.push(bytes.slice(0, 1), bytes.slice(-1));
      return bytes.slice();
    },
    final: () => bytesOf(16),
  };
  const out = {
    async write(bytes: Uint8Array, start: number) {
      log.push(`write ${bytes.length} at ${start}`);
      await new Promise((resolve) => setTimeout(resolve));
      log.push(`written at ${start}`);
    },
    async flush() {
      log.push('flush');
    },
  };
  const run = (more: object = {}) =>
    passFile({
      ...{ file: file as unknown as InputFile, out, transform },
      ...{ hash: createHash('sha256'), hashed: 'input' as const },
      ...more,
    });
  return { log, rooms, content, file, transform, out, run };
}

const isWiped = (buffer: ArrayBufferLike) => new Uint8Array(buffer).every((byte) => byte === 0);

describe('passFile', () => {
  it('reads one piece ahead and writes the previous one meanwhile', async () => {
    const { log, rooms, content, run } = stage(2 * PIECE + 5);
    expect(await run()).toBe(2 * PIECE + 5 + 16);
    expect(log).toEqual([
      `read ${PIECE} at 0`,
      `read ${PIECE} at ${PIECE}`,
      `write ${PIECE} at 0`,
      `read 5 at ${2 * PIECE}`,
      'written at 0',
      `write ${PIECE} at ${PIECE}`,
      `written at ${PIECE}`,
      `write 5 at ${2 * PIECE}`,
      `written at ${2 * PIECE}`,
      `write 16 at ${2 * PIECE + 5}`,
      `written at ${2 * PIECE + 5}`,
    ]);
    expect(content.map(([byte]) => byte)).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...rooms].map(isWiped)).toEqual([true, true]);
  });

  it.each([
    [0, [`read 0 at 0`]],
    [PIECE, [`read ${PIECE} at 0`]],
    [2 * PIECE, [`read ${PIECE} at 0`, `read ${PIECE} at ${PIECE}`]],
  ])('reads nothing after the end of %i bytes', async (size, reads) => {
    const { log, run } = stage(size);
    expect(await run()).toBe(size + 16);
    expect(log.filter((line) => line.startsWith('read'))).toEqual(reads);
  });

  it('starts a flush after every 64 MiB', async () => {
    const { log, run } = stage(130 * PIECE);
    await run();
    const flushes = log.flatMap((line, at) => (line === 'flush' ? [log[at - 1]] : []));
    expect(flushes).toEqual([`written at ${63 * PIECE}`, `written at ${127 * PIECE}`]);
  });

  it('reports each piece except the last one, which the caller reports after its checks', async () => {
    const seen: object[] = [];
    const total = 2 * PIECE + 5;
    await stage(total).run({ onProgress: (one: object) => seen.push(one) });
    expect(seen).toEqual([
      { done: PIECE, total },
      { done: 2 * PIECE, total },
    ]);
  });

  it('ends at the piece at which it is aborted, with no work in progress', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { log, rooms, run } = stage(5 * PIECE);
    const onProgress = () => controller.abort(reason);
    await expect(run({ signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(log.filter((line) => line.startsWith('write '))).toEqual([`write ${PIECE} at 0`]);
    expect(log).toContain('written at 0');
    expect([...rooms].map(isWiped)).toEqual([true, true]);
  });

  it('ends with the error of a write, and waits for the read in progress', async () => {
    const { log, rooms, file, out, run } = stage(5 * PIECE);
    const full = new Error('the disk is full');
    out.write = () => Promise.reject(full);
    const { readInto } = file;
    file.readInto = async (room, start) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return readInto(room, start);
    };
    await expect(run()).rejects.toBe(full);
    const before = [...log];
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(log).toEqual(before);
    expect([...rooms].map(isWiped)).toEqual([true, true]);
  });

  it('ends with the error of the last write', async () => {
    const { out, run } = stage(5);
    const full = new Error('the disk is full');
    out.write = async (bytes) => {
      if (bytes.length === 16) throw full;
    };
    await expect(run()).rejects.toBe(full);
  });

  it('ends with the error of the cipher even if the next read fails too', async () => {
    const { file, transform, run } = stage(5 * PIECE);
    const wrong = new Error('wrong');
    transform.update = () => {
      throw wrong;
    };
    const { readInto } = file;
    file.readInto = async (room, start) => {
      if (start > 0) throw new Error('gone');
      return readInto(room, start);
    };
    await expect(run()).rejects.toBe(wrong);
  });
});
