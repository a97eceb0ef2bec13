// The range coder of a patch.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createModels } from '../../../../src/release/patch/models.ts';
import {
  decodeBits,
  decodeSymbol,
  endRange,
  startRange,
} from '../../../../src/release/patch/range-decoder.ts';
import { createEncoder } from '../../../../src/release/patch/range-encoder.ts';

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
        const bytes = encoder.finish();
        const range = startRange(bytes);
        const { counts } = createModels(SYMBOLS, 2);
        const decoded = coded.map(({ bits }) => ({
          symbol: decodeSymbol(bytes, range, counts, (bits & 1) * (SYMBOLS + 1), SYMBOLS),
          bits: decodeBits(bytes, range, 8),
        }));
        expect(decoded).toEqual(coded);
        endRange(bytes, range);
      }),
    );
  });
});
