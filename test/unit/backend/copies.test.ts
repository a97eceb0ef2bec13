// Memory for copies of chunks, which is used again.

import { describe, expect, it } from 'vitest';
import { reusedCopies } from '../../../src/backend/copies.ts';
import { bytesOf } from '../../support/bytes.ts';

/** Copies, and the lengths of the memory that they have allocated. */
function counted() {
  const taken: number[] = [];
  const copies = reusedCopies((length) => {
    taken.push(length);
    return new ArrayBuffer(length);
  });
  return { copies, taken };
}

describe('a copy', () => {
  it('does not change with the bytes that were copied', () => {
    const bytes = bytesOf(100);
    const copy = reusedCopies().copy(bytes);
    expect(copy).toEqual(bytes);
    bytes.fill(0);
    expect(copy).toEqual(bytesOf(100));
  });

  it('takes the memory of one that was given back, if that is long enough', () => {
    const { copies, taken } = counted();
    for (const length of [100, 100, 60, 100, 101]) {
      const bytes = bytesOf(length);
      const copy = copies.copy(bytes);
      expect(copy).toEqual(bytes);
      copies.giveBack(copy);
    }
    expect(taken).toEqual([100, 101]);
  });

  it('never shares the memory of one that is in use', () => {
    const { copies, taken } = counted();
    const [first, second] = [copies.copy(bytesOf(100)), copies.copy(bytesOf(100))];
    expect(first.buffer).not.toBe(second.buffer);
    copies.giveBack(first);
    expect(copies.copy(bytesOf(50)).buffer).toBe(first.buffer);
    expect(taken).toEqual([100, 100]);
  });
});
