// Deflating, by fflate everywhere: the same content makes the same bytes in every runtime. A runtime's zlib would be
// faster, but its output differs from version to version.

import { Deflate, deflateSync } from 'fflate';

/** How hard to try, from 0 (not at all) to 9. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Bytes that are deflated in one go. */
export const PIECE_LENGTH = 65_536;

// log2 of the entries in the table of what came before, less 12. fflate would take it from a logarithm of the
// length, which need not come out the same in every engine.
function tableFor(length: number): 1 | 4 | 8 {
  if (length <= 4096) return 1;
  return length <= PIECE_LENGTH ? 4 : 8;
}

/** Deflates the content in one step. Use it for short content, because nothing else can run meanwhile. */
export function deflateWhole(content: Uint8Array, level: Level): Uint8Array {
  return deflateSync(content, { level, mem: tableFor(content.length) });
}

export interface Deflater {
  /**
   * Deflates the next piece. All but the last must have PIECE_LENGTH bytes, because the result depends on the
   * boundaries of the pieces.
   */
  push(piece: Uint8Array): Uint8Array[];
  end(): Uint8Array[];
}

export function createDeflater(level: Level): Deflater {
  let out: Uint8Array[];
  const deflate = new Deflate({ level, mem: 8 }, (bytes) => {
    out.push(bytes);
  });
  const push = (piece: Uint8Array, isLast: boolean) => {
    out = [];
    deflate.push(piece, isLast);
    return out;
  };
  return {
    push: (piece) => push(piece, false),
    end: () => push(new Uint8Array(0), true),
  };
}
