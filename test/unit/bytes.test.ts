// Joining bytes.

import { describe, expect, it } from 'vitest';
import { concatAll, joined, lengthOf } from '../../src/bytes.ts';

describe('a list of parts', () => {
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)] as const;

  it('is joined in order', () => {
    for (const join of [joined, concatAll]) {
      expect(join([])).toEqual(new Uint8Array(0));
      expect(join([a, b])).toEqual(Uint8Array.of(1, 2, 3));
    }
  });

  it('of a single part is copied by concatAll, and returned as it is by joined', () => {
    const copy = concatAll([a]);
    expect(copy).toEqual(a);
    expect(copy.buffer).not.toBe(a.buffer);
    expect(joined([a])).toBe(a);
  });

  it('has the length of all parts together', () => {
    expect(lengthOf([])).toBe(0);
    expect(lengthOf([a, b])).toBe(3);
  });
});
