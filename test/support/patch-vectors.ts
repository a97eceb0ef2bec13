// The known-answer vectors of patches and their files.

import { base64 } from './vectors.ts';
import { join, utf8 } from './zip.ts';

/** A part of a file: text, base64, a repeated byte, or `length` bytes of a generator behind `skip` of them. */
type Piece =
  | { readonly text: string }
  | { readonly base64: string }
  | { readonly byte: number; readonly length: number }
  | { readonly seed: number; readonly skip?: number; readonly length: number };

/** The parts of each file, by path. */
export type VectorFiles = Readonly<Record<string, readonly Piece[]>>;

export interface GoodPatch {
  readonly description: string;
  readonly from: VectorFiles;
  readonly to: VectorFiles;
  readonly fromId: string;
  readonly toId: string;
  readonly fromLength: number;
  readonly toLength: number;
  /** The plain bytes, base64. */
  readonly patch: string;
}

export interface BadPatch {
  readonly description: string;
  readonly from: VectorFiles;
  readonly patch: string;
  /** A part of the expected message. */
  readonly reason: string;
}

export interface PatchVectors {
  readonly about: readonly string[];
  readonly good: readonly GoodPatch[];
  /** Valid patches that the encoder of this library does not make. */
  readonly valid: readonly GoodPatch[];
  readonly bad: readonly BadPatch[];
}

/** The upper byte of each state of the generator of Numerical Recipes, the first one after `seed`. */
function generated(seed: number, skip: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = -skip; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if (i >= 0) bytes[i] = state >>> 24;
  }
  return bytes;
}

function bytesOfPiece(piece: Piece): Uint8Array {
  if ('text' in piece) return utf8(piece.text);
  if ('base64' in piece) return base64(piece.base64);
  if ('byte' in piece) return new Uint8Array(piece.length).fill(piece.byte);
  return generated(piece.seed, piece.skip ?? 0, piece.length);
}

export function filesOf(files: VectorFiles): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files).map(([path, pieces]) => [path, join(...pieces.map(bytesOfPiece))]),
  );
}
