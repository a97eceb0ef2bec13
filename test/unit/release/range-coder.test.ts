// The range coder of a patch.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModels } from '../../../src/release/patch/models.ts';
import { createDecoder, createEncoder } from '../../../src/release/patch/range-coder.ts';

const SYMBOLS = 16;

describe('the range coder of a patch', () => {
  it('decodes the symbols and bits that it coded', () => {
    // The highest symbols and bits are frequent, because they make runs of full bytes and carries into them.
    const highest = (most: number) =>
      fc.oneof({ weight: 3, arbitrary: fc.constant(most) }, fc.integer({ min: 0, max: most }));
    const item = fc.record({ symbol: highest(SYMBOLS - 1), bits: highest(255) });
    const items = fc.array(item, { maxLength: 1000, size: 'max' });
    fc.assert(
      fc.property(items, (coded) => {
        const encoder = createEncoder();
        const models = createModels(SYMBOLS, 2);
        for (const { symbol, bits } of coded) {
          encoder.symbol(models, bits & 1, symbol);
          encoder.bits(8, bits);
        }
        const decoder = createDecoder(encoder.finish());
        const learned = createModels(SYMBOLS, 2);
        const decoded = coded.map(({ bits }) => ({
          symbol: decoder.symbol(learned, bits & 1, 0),
          bits: decoder.bits(8, 0),
        }));
        expect(decoded).toEqual(coded);
        decoder.end();
      }),
    );
  });
});
