// How much of an archive the readers read, hold and copy at once.

import { describe, expect, it } from 'vitest';
import { createCursor, rangeCursor } from '../../../../src/archive/format/cursor.ts';
import { gather } from '../../../../src/archive/read/extract.ts';
import { unzipStream, zipBundle } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { join, streamOf } from '../../../support/zip.ts';

const NOTHING = new Uint8Array(0);

/** Gives these one after the other, and counts how often it was asked. */
function giver(pieces: readonly Uint8Array[]): { next(): Promise<Uint8Array>; asked(): number } {
  let asked = 0;
  return { next: async () => pieces[asked++] ?? NOTHING, asked: () => asked };
}

describe('a cursor', () => {
  const first = Uint8Array.of(1, 2, 3);
  const second = Uint8Array.of(4, 5, 6);

  it('requests no more bytes than needed, and none after the end', async () => {
    const source = giver([first, second]);
    const cursor = createCursor(source.next, 10);
    await cursor.peek(0);
    expect(source.asked()).toBe(0);
    await cursor.peek(3);
    expect(source.asked()).toBe(1);
    expect(await cursor.peek(4)).toEqual(join(first, second));
    expect(source.asked()).toBe(2);
    expect(await cursor.peek(7)).toEqual(join(first, second));
    expect(source.asked()).toBe(3);
    await cursor.peek(7);
    expect(source.asked()).toBe(3);
    cursor.skip(4);
    expect(cursor.offset).toBe(14);
    expect(await cursor.peek(7)).toEqual(second.subarray(1));
    expect(source.asked()).toBe(3);
  });

  it('copies only bytes that several pieces contain', async () => {
    const cursor = createCursor(giver([first, second]).next);
    expect(await cursor.peek(3)).toBe(first);
    expect(await cursor.peek(1)).toBe(first);
    cursor.skip(3);
    expect(await cursor.peek(3)).toBe(second);
    // Nor is anything copied for the sake of an end.
    expect(await cursor.peek(4)).toBe(second);
  });
});

describe('a cursor over a range', () => {
  const bytes = bytesOf(100);
  async function readsOf(isInMemory: boolean): Promise<[number, number][]> {
    const reads: [number, number][] = [];
    const source = {
      size: bytes.length,
      ...(isInMemory ? { bytes } : {}),
      read(start: number, end: number) {
        reads.push([start, end]);
        return bytes.subarray(start, end);
      },
    };
    const cursor = rangeCursor(source, { start: 10, end: 45, piece: 20 }, undefined);
    expect(cursor.offset).toBe(10);
    expect(await cursor.peek(100)).toEqual(bytes.slice(10, 45));
    await cursor.peek(100);
    return reads;
  }

  it('reads piece by piece, and nothing beyond its end', async () => {
    expect(await readsOf(false)).toEqual([
      [10, 30],
      [30, 45],
    ]);
  });

  it('reads bytes in memory at once', async () => {
    expect(await readsOf(true)).toEqual([[10, 45]]);
  });
});

describe('a content in one piece', () => {
  async function* of(...pieces: Uint8Array[]) {
    yield* pieces;
  }
  const a = Uint8Array.of(1, 2);
  const b = Uint8Array.of(3);

  it('is a single piece itself, without a copy', async () => {
    expect(await gather(of(a), 2)).toBe(a);
    expect(await gather(of(a), undefined)).toBe(a);
  });

  it('is joined from several pieces, and empty without pieces', async () => {
    for (const size of [3, undefined]) {
      expect(await gather(of(a, b), size)).toEqual(Uint8Array.of(1, 2, 3));
    }
    for (const size of [0, undefined]) expect(await gather(of(), size)).toEqual(NOTHING);
  });
});

describe('the chunks of a file', () => {
  async function lengthsOf(content: Uint8Array, level: 0 | 9): Promise<number[]> {
    const zip = await zipBundle({ a: content }, { level });
    const lengths: number[] = [];
    for await (const { stream } of unzipStream(streamOf(zip, 5000), { maxRatio: 2000 })) {
      const reader = stream.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        lengths.push(next.value.length);
      }
    }
    return lengths;
  }

  it('have 64 KiB if it is stored', async () => {
    expect(await lengthsOf(bytesOf(150_000), 0)).toEqual([65_536, 65_536, 18_928]);
  });

  it('have at most 96 KiB if it is deflated, for any ratio', async () => {
    const lengths = await lengthsOf(new Uint8Array(9.5 * 2 ** 20), 9);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(98_304 + 258);
    expect(lengths.length).toBeLessThan(160);
  });
});
