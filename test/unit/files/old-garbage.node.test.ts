// How often V8 is made to collect its garbage.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { collectAfter, createCollector } from '../../../src/files/old-garbage.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Records the lengths of all memory that is allocated, or fails. */
function watchMemory(fails = false): number[] {
  const lengths: number[] = [];
  const Watched = function Watched(length: number) {
    lengths.push(length);
    if (fails) throw new RangeError('Array buffer allocation failed');
  };
  vi.stubGlobal('ArrayBuffer', Watched);
  return lengths;
}

describe('the garbage of many files', () => {
  it('is collected after each 4096 of them, by memory of 64 MiB', () => {
    const lengths = watchMemory();
    const collect = createCollector();
    for (let i = 1; i < 4096; i++) collect();
    expect(lengths).toEqual([]);
    collect();
    expect(lengths).toEqual([2 ** 26]);
    for (let i = 1; i < 4096; i++) collect();
    expect(lengths).toHaveLength(1);
    collect();
    expect(lengths).toHaveLength(2);
  });

  it('is collected at once after 1024 files or 16 MiB, and not after less', () => {
    const lengths = watchMemory();
    collectAfter(1023, 2 ** 24 - 1);
    expect(lengths).toEqual([]);
    collectAfter(1024, 0);
    expect(lengths).toEqual([2 ** 26]);
    collectAfter(1, 2 ** 24);
    expect(lengths).toHaveLength(2);
  });

  it('is left alone if there is no memory', () => {
    const lengths = watchMemory(true);
    expect(() => collectAfter(1024, 0)).not.toThrow();
    expect(lengths).toEqual([2 ** 26]);
  });
});
