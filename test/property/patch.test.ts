import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BundleSealError } from '../../src/index.ts';
import { decodeNow, encodeNow } from '../support/patch.ts';
import { runs } from '../support/scope.ts';

/** Bytes like those of a build: runs out of a small alphabet, and now and then noise. */
const piece = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }).map((list) => Uint8Array.from(list)),
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, count]) => new Uint8Array(count).fill(byte)),
  fc
    .constantFrom('function(', 'return ', 'const e=', '=>{', 'index-a1b2.js')
    .map((text) => new TextEncoder().encode(text)),
  fc.nat(255).map((seed) => noise(seed, 5000)),
);

/** Two images that share pieces, in any order. */
const images = fc
  .tuple(fc.array(piece, { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat(1e6)))
  .chain(([pieces]) =>
    fc
      .tuple(
        fc.array(fc.nat(pieces.length - 1), { maxLength: 20 }),
        fc.array(fc.nat(pieces.length - 1), { maxLength: 20 }),
      )
      .map(([before, after]) => [join(pieces, before), join(pieces, after)] as const),
  );

function join(pieces: readonly Uint8Array[], order: readonly number[]): Uint8Array {
  return Uint8Array.from(order.flatMap((index) => [...(pieces[index] as Uint8Array)]));
}

function noise(seed: number, length: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}

function spaceOf(before: Uint8Array, after: Uint8Array): Uint8Array {
  const space = new Uint8Array(before.length + after.length);
  space.set(before);
  space.set(after, before.length);
  return space;
}

function decode(coded: Uint8Array, before: Uint8Array, length: number): Uint8Array {
  const space = spaceOf(before, new Uint8Array(length));
  decodeNow(coded, space, before.length);
  return space.subarray(before.length);
}

describe('the instructions of a patch', () => {
  it('make the new image from the old one for any two images', () => {
    fc.assert(
      fc.property(images, ([before, after]) => {
        const coded = encodeNow(spaceOf(before, after), before.length);
        expect(decode(coded, before, after.length)).toEqual(after);
      }),
      { numRuns: runs(150) },
    );
  });

  it('end exactly where their bytes end: one less or one more is refused', () => {
    fc.assert(
      fc.property(images, fc.nat(255), ([before, after], byte) => {
        const coded = encodeNow(spaceOf(before, after), before.length);
        const more = Uint8Array.of(...coded, byte);
        for (const wrong of [coded.subarray(0, -1), more]) {
          expect(() => decode(wrong, before, after.length)).toThrow(BundleSealError);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it('of any bytes make bytes or an error of the library', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(5000),
        (tail, before, length) => {
          const coded = Uint8Array.of(0, ...tail);
          try {
            expect(decode(coded, before, length)).toHaveLength(length);
          } catch (error) {
            expect(error).toBeInstanceOf(BundleSealError);
          }
        },
      ),
      { numRuns: runs(300) },
    );
  });
});
