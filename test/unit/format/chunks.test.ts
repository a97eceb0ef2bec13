import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes.ts';
import { chunkLayout, chunkNonce, chunkPlace } from '../../../src/format/chunks.ts';

describe('the chunks of a body', () => {
  it.each([
    // size, chunk size, chunks, body length
    [0, 4096, 1, 16],
    [1, 4096, 1, 17],
    [4095, 4096, 1, 4111],
    [4096, 4096, 1, 4112],
    [4097, 4096, 2, 4129],
    [8192, 4096, 2, 8224],
    [8193, 4096, 3, 8241],
    [2 ** 32 + 1, 2 ** 24, 257, 2 ** 32 + 1 + 257 * 16],
  ])('%i bytes in chunks of %i are %i chunks, %i bytes', (size, chunkSize, count, bodyLength) => {
    expect(chunkLayout(size, chunkSize)).toEqual({ size, chunkSize, count, bodyLength });
  });

  it('lie end to end, with a tag after each', () => {
    const layout = chunkLayout(10_000, 4096);
    expect([0, 1, 2].map((i) => chunkPlace(layout, i))).toEqual([
      { plainStart: 0, plainEnd: 4096, encryptedStart: 0, encryptedEnd: 4112 },
      { plainStart: 4096, plainEnd: 8192, encryptedStart: 4112, encryptedEnd: 8224 },
      { plainStart: 8192, plainEnd: 10_000, encryptedStart: 8224, encryptedEnd: 10_048 },
    ]);
  });

  it('have a nonce of their index in 11 bytes and a mark on the last', () => {
    const nonce = (index: number) => toHex(chunkNonce(index, false));
    expect(nonce(0)).toBe('000000000000000000000000');
    expect(nonce(1)).toBe('000000000000000000000100');
    expect(nonce(2 ** 32 + 5)).toBe('000000000000010000000500');
    expect(toHex(chunkNonce(2 ** 40 + 1, true))).toBe('000000000001000000000101');
    expect(toHex(chunkNonce(0, true))).toBe('000000000000000000000001');
  });
});
