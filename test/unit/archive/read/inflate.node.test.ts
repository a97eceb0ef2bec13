// Inflating, held against zlib.

import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInflater } from '../../../../src/archive/read/inflate.ts';
import { runs } from '../../../support/scope.ts';
import { join, same, textOf } from '../../../support/zip.ts';

/** The inflated bytes, or `undefined` if the data is refused or incomplete. */
function inflated(data: Uint8Array, piece = 8192): Uint8Array | undefined {
  const { take } = createInflater('a');
  const parts: Uint8Array[] = [];
  try {
    for (let at = 0, isEnd = false; !isEnd; ) {
      const taken = take(data.subarray(at, at + piece));
      if (taken.used === 0 && taken.bytes.length === 0 && !taken.isEnd) return undefined;
      parts.push(taken.bytes);
      at += taken.used;
      isEnd = taken.isEnd;
    }
  } catch {
    return undefined;
  }
  return join(...parts);
}

function byZlib(data: Uint8Array): Uint8Array | undefined {
  try {
    return inflateRawSync(data);
  } catch {
    return undefined;
  }
}

const strategies = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

describe('inflating', () => {
  it('allocates memory for a content of unknown size as it grows, and returns all of it', () => {
    const taken = (data: Uint8Array) => {
      const original = globalThis.Uint8Array;
      let asked = 0;
      globalThis.Uint8Array = new Proxy(original, {
        construct(target, list, derived) {
          if (typeof list[0] === 'number') asked += list[0];
          return Reflect.construct(target, list, derived);
        },
      });
      try {
        createInflater('a').take(data);
      } finally {
        globalThis.Uint8Array = original;
      }
      return asked;
    };
    expect(taken(deflateRawSync(Buffer.from('Hi')))).toBeLessThan(8192);
    for (const length of [3838, 3839, 4096, 16_384, 65_536, 98_562, 98_563, 1_000_000]) {
      for (const level of [0, 9]) {
        const content = textOf(length);
        expect(same(inflated(deflateRawSync(content, { level })), content)).toBe(true);
      }
    }
  });

  it('restores content that zlib deflated with every strategy and level', () => {
    const text = textOf(300_000);
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    for (const content of [text, noise, join(noise, text, noise), new Uint8Array(600_000)]) {
      for (const strategy of strategies) {
        for (const [level, memLevel] of [
          [0, 8],
          [1, 1],
          [6, 8],
          [9, 9],
        ] as const) {
          const data = deflateRawSync(content, { strategy, level, memLevel });
          const result = inflated(data, 8192) ?? new Uint8Array(0);
          expect(same(result, content)).toBe(true);
        }
      }
    }
  });

  it('restores any deflated content', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000, size: 'max' }),
        fc.constantFrom(...strategies),
        fc.integer({ min: 0, max: 9 }),
        (content, strategy, level) =>
          same(inflated(deflateRawSync(content, { strategy, level })), content),
      ),
    );
  });

  it('accepts exactly the data that zlib accepts, with the same result', () => {
    const base = fc.constantFrom(
      ...[textOf(3000), textOf(200), new Uint8Array(500)].flatMap((content) =>
        strategies.map((strategy) => deflateRawSync(content, { strategy, memLevel: 1 })),
      ),
    );
    const changed = fc
      .tuple(base, fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255))))
      .map(([data, changes]) => {
        const bytes = Uint8Array.from(data);
        // Mostly in the head of a block, where most can go wrong.
        for (const [where, by] of changes.slice(0, 4)) {
          const at = Math.floor(where ** 4 * (bytes.length - 1));
          bytes[at] = (bytes[at] as number) ^ by;
        }
        return bytes;
      });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 100 })), (data) => {
        const expected = byZlib(data);
        if (expected !== undefined) accepted++;
        const result = inflated(data);
        return expected === undefined ? result === undefined : same(result, expected);
      }),
      { numRuns: runs(5000) },
    );
    // About one case in sixteen is accepted.
    expect(accepted).toBeGreaterThan(0.02 * runs(5000));
  });
});
