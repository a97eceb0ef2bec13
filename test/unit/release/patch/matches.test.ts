// The index of earlier occurrences that the encoder of patches searches.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatchFinder } from '../../../../src/release/patch/matches.ts';

/** Few different bytes, so that there are many matches. */
const SPACES = fc
  .array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 400, size: 'max' })
  .map((bytes) => Uint8Array.from(bytes));

function naiveLength(space: Uint8Array, source: number, at: number): number {
  let length = 0;
  while (at + length < space.length && space[source + length] === space[at + length]) length++;
  return length;
}

describe('the match finder of a patch', () => {
  it('counts equal bytes up to the end of the space, also if the source overlaps the place', () => {
    fc.assert(
      fc.property(SPACES, fc.nat(), fc.nat(), (space, first, second) => {
        const at = 1 + (first % (space.length - 1));
        const source = second % at;
        const { equalBytes } = createMatchFinder(space, 1);
        expect(equalBytes(source, at)).toBe(naiveLength(space, source, at));
      }),
    );
  });

  it('finds every place of a match that is indexed, in any order of the places', () => {
    fc.assert(
      fc.property(SPACES, fc.array(fc.nat(), { maxLength: 40 }), (space, places) => {
        const finder = createMatchFinder(space, 1);
        finder.indexTo(space.length);
        for (const place of places) {
          const at = place % space.length;
          let longest = 0;
          finder.find(at, 2 ** 20, (source, length) => {
            expect(source).toBeLessThan(at);
            expect(length).toBe(naiveLength(space, source, at));
            longest = Math.max(longest, length);
          });
          let expected = 0;
          for (let source = 0; source < at; source++) {
            expected = Math.max(expected, naiveLength(space, source, at));
          }
          // Every second place is indexed, and is found as itself or as the one before it, which needs one more byte.
          expect(longest).toBeLessThanOrEqual(expected);
          if (expected > 8) expect(longest).toBe(expected);
        }
      }),
    );
  });

  it('finds a match with the first bytes of the space, and one that begins a byte before an indexed place', () => {
    const text = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const found = (source: number) => {
      const space = new Uint8Array(source + text.length + 1 + text.length);
      space.set(text, source);
      space.set(text, source + text.length + 1);
      const at = source + text.length + 1;
      const finder = createMatchFinder(space, 1);
      finder.indexTo(at);
      const matches: (readonly [number, number])[] = [];
      finder.find(at, 16, (...match) => matches.push(match));
      return matches;
    };
    expect(found(0)).toEqual([[0, 16]]);
    expect(found(1)).toEqual([[1, 16]]);
  });
});
