// Deflating in pieces: both forms of zlib produce the same bytes, and the pieces form one stream.

import { inflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { WINDOW_LENGTH } from '../../../../src/archive/format/layout.ts';
import {
  createCutter,
  DEFLATE_PIECE,
  deflateAll,
  type Piece,
} from '../../../../src/archive/write/deflate.ts';
import { loadZlib, loadZlibScript } from '../../../../src/archive/write/load-zlib.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { everyNth } from '../../../support/scope.ts';
import { join, same, textOf } from '../../../support/zip.ts';

function cut(content: Uint8Array, step = 65_536): Piece[] {
  const cutter = createCutter();
  const pieces: (Piece | undefined)[] = [];
  for (let at = 0; at < content.length; at += step) {
    pieces.push(cutter.push(content.subarray(at, at + step)));
  }
  pieces.push(cutter.end());
  return pieces.filter((piece) => piece !== undefined);
}

/** zlib stores at level 0, searches once at 1 to 3 and lazily from 4 on. `npm test` takes 0, 3, 6 and 9. */
const LEVELS = everyNth([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3);

describe('zlib', () => {
  it.each([
    ['text', textOf(80_000)],
    ['noise', bytesOf(80_000)],
    ['zeros', new Uint8Array(80_000)],
    ['a slice', textOf(65_536)],
    ['one byte', bytesOf(1)],
  ])('makes the same bytes as WebAssembly and as JavaScript: %s', async (_, content) => {
    const { open, module } = await loadZlib();
    expect(module).toBeDefined();
    const script = await loadZlibScript();
    for (const level of LEVELS) {
      for (const isLast of [true, false]) {
        for (const window of content.length > WINDOW_LENGTH ? [0, WINDOW_LENGTH] : [0]) {
          const piece = { bytes: content, window, isLast };
          const bytes = deflateAll(open, piece, level);
          expect(same(deflateAll(script, piece, level), bytes), `level ${level}`).toBe(true);
        }
      }
    }
  });
});

describe('content in pieces', () => {
  it('is one deflated stream when the pieces are joined', async () => {
    const { open } = await loadZlib();
    const content = join(textOf(DEFLATE_PIECE), bytesOf(70_000), textOf(DEFLATE_PIECE + 5));
    for (const level of LEVELS) {
      const parts = cut(content).map((piece) => deflateAll(open, piece, level));
      expect(parts).toHaveLength(3);
      expect(same(inflateSync(join(...parts)), content), `level ${level}`).toBe(true);
    }
  });

  it('is about as small as in one piece', async () => {
    const { open } = await loadZlib();
    const content = textOf(4 * DEFLATE_PIECE);
    const whole = deflateAll(open, { bytes: content, window: 0, isLast: true }, 6);
    const parts = cut(content).map((piece) => deflateAll(open, piece, 6));
    expect(join(...parts).length).toBeLessThan(whole.length * 1.001);
  });

  it('is cut at the same places for any pieces of input, and its last piece is never empty', () => {
    for (const [length, lengths] of [
      [0, []],
      [1, [1]],
      [DEFLATE_PIECE, [DEFLATE_PIECE]],
      [DEFLATE_PIECE + 1, [DEFLATE_PIECE, 1]],
      [2 * DEFLATE_PIECE, [DEFLATE_PIECE, DEFLATE_PIECE]],
    ] as const) {
      const content = bytesOf(length);
      for (const step of [32_768, 65_536, DEFLATE_PIECE]) {
        const pieces = cut(content, step);
        expect(pieces.map(({ bytes, window }) => bytes.length - window)).toEqual(lengths);
        expect(pieces.map(({ isLast }) => isLast)).toEqual(
          lengths.map((_, i) => i === lengths.length - 1),
        );
        expect(pieces.map(({ window }) => window)).toEqual(
          lengths.map((_, i) => (i === 0 ? 0 : WINDOW_LENGTH)),
        );
        expect(
          same(join(...pieces.map(({ bytes, window }) => bytes.subarray(window))), content),
        ).toBe(true);
      }
    }
  });
});
