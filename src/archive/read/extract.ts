// Inflates and checks the content of one entry in pieces. Every reader uses this code.

import { joined } from '../../bytes.ts';
import type { BundleSealError } from '../../errors.ts';
import type { Pace } from '../../turn.ts';
import { crc32 } from '../format/crc32.ts';
import type { Cursor } from '../format/cursor.ts';
import type { Measured } from '../format/entry.ts';
import { DEFLATED, getUint64, SIGNATURE, viewOf } from '../format/layout.ts';
import { cutShort, invalid } from '../format/refuse.ts';
import { checkWaste, type Growth, MOST_WASTED } from '../format/zip-limits.ts';
import { createInflater, INFLATE_INPUT, type PieceInflater, refused } from './inflate.ts';
import { findNative } from './native.ts';

// Number of bytes of input to take at once, if the inflater does not need another number.
const INPUT_PIECE = 65_536;

// The ratio of a file is checked after each step of this many deflated bytes. The places are the same for every
// inflater and any pieces, so that all readers decide alike.
const SAMPLE = 65_536;

/** The values of an entry that are known before its data. Unknown ones are `undefined`. */
export interface Expected {
  readonly path: string;
  readonly method: number;
  readonly compressedSize: number | undefined;
  readonly size: number | undefined;
  readonly crc32: number | undefined;
}

/**
 * Yields the content in pieces of new memory, and returns its sizes at the end. Leaves the cursor after the data.
 *
 * It checks the size with each piece and the CRC-32 at the end, so earlier pieces are not verified yet. Content of up
 * to 2 MiB (4 MiB in a browser) usually comes in one piece, whose CRC-32 is checked before it is yielded.
 *
 * @throws {@link BundleSealError} `ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`, and the errors of the source.
 */
export async function* extract(
  cursor: Cursor,
  expected: Expected,
  meter: (growth: Growth) => void,
  pace: Pace,
): AsyncGenerator<Uint8Array, Measured> {
  const { path, method, compressedSize, size } = expected;
  const work = { cursor, expected, meter, pace };
  if (method !== DEFLATED) return yield* inPieces(work, takeStored(expected), INPUT_PIECE);
  // If the sizes follow the data, only this library's inflater finds the end.
  const isMeasured = size !== undefined && compressedSize !== undefined;
  const native = isMeasured ? await findNative() : undefined;
  if (!isMeasured || native === undefined || size < native.least) {
    return yield* inPieces(work, createInflater(path, size), INFLATE_INPUT);
  }
  // Longer data is inflated in pieces, so that `checkWaste` can refuse it before its end.
  if (size <= native.most && compressedSize <= MOST_WASTED) {
    const data = (await cursor.peek(compressedSize)).subarray(0, compressedSize);
    const isThere = data.length === compressedSize;
    const bytes = isThere ? await native.whole(data, size) : undefined;
    if (bytes === undefined) throw await reasonOf(work);
    cursor.skip(compressedSize);
    meter({ path, by: size, size, compressedSize, deflated: compressedSize });
    const measured = { size, compressedSize, crc32: crc32(bytes) };
    checkCrc32(measured, expected);
    await pace();
    yield bytes;
    return measured;
  }
  const inflater = native.createPieces?.(path);
  if (inflater === undefined) {
    return yield* inPieces(work, createInflater(path, size), INFLATE_INPUT);
  }
  try {
    return yield* inPieces(work, inflater, INPUT_PIECE);
  } finally {
    inflater.close?.();
  }
}

interface Work {
  readonly cursor: Cursor;
  readonly expected: Expected;
  readonly meter: (growth: Growth) => void;
  readonly pace: Pace;
}

/**
 * Finds out why a native inflater refused the data, by inflating it with this library's inflater. No byte of the
 * result is released.
 */
async function reasonOf(work: Work): Promise<unknown> {
  const { path, size } = work.expected;
  const pieces = inPieces(work, createInflater(path, size), INFLATE_INPUT);
  try {
    while (!(await pieces.next()).done);
    return refused(path);
  } catch (error) {
    return error;
  }
}

/** @param piece - Number of bytes of input to take at once. */
async function* inPieces(
  { cursor, expected, meter, pace }: Work,
  inflater: PieceInflater,
  piece: number,
): AsyncGenerator<Uint8Array, Measured> {
  const { path } = expected;
  const isDeflated = expected.method === DEFLATED;
  let left = expected.compressedSize ?? Number.POSITIVE_INFINITY;
  let compressedSize = 0;
  let size = 0;
  let crc = 0;
  let sample = SAMPLE;
  let isEnd = left === 0 && !isDeflated;
  while (!isEnd) {
    if (left === 0) throw goesOn(path);
    const wanted = Math.min(left, piece, sample - compressedSize);
    const bytes = (await cursor.peek(wanted)).subarray(0, wanted);
    if (bytes.length === 0) throw cutShort(cursor.offset, path);
    const taken = await inflater.take(bytes, bytes.length === left);
    const { used } = taken;
    const isStuck = used === 0 && taken.bytes.length === 0 && !taken.isEnd;
    const isSample = compressedSize + (isStuck ? bytes.length : used) === sample;
    if (isStuck && !isSample) {
      throw left === bytes.length ? goesOn(path) : cutShort(cursor.offset + bytes.length, path);
    }
    cursor.skip(used);
    isEnd = taken.isEnd;
    left -= used;
    compressedSize += used;
    size += taken.bytes.length;
    if (size > (expected.size ?? Number.POSITIVE_INFINITY)) {
      throw wrong('is longer than the archive says', path);
    }
    if (isSample) {
      if (isDeflated) checkWaste(path, sample, size);
      sample += SAMPLE;
    }
    meter({
      path,
      by: taken.bytes.length,
      size,
      compressedSize: expected.compressedSize ?? (isEnd ? compressedSize : undefined),
      deflated: isEnd && isDeflated ? compressedSize : 0,
    });
    crc = crc32(taken.bytes, crc);
    await pace();
    if (taken.bytes.length > 0) yield taken.bytes;
  }
  if (left !== 0 && expected.compressedSize !== undefined) {
    throw wrong('has bytes after the end of its data', path);
  }
  if (size !== (expected.size ?? size)) throw wrong('is shorter than the archive says', path);
  const measured = { size, compressedSize, crc32: crc };
  checkCrc32(measured, expected);
  return measured;
}

function checkCrc32(measured: Measured, { path, crc32: said }: Expected): void {
  if (measured.crc32 === (said ?? measured.crc32)) return;
  throw wrong('is damaged: its CRC-32 does not match', path);
}

function takeStored(expected: Expected): PieceInflater {
  let left = expected.compressedSize ?? 0;
  return {
    take(piece) {
      left -= piece.length;
      // Copies the bytes. slice() of a Buffer would return a view.
      return { bytes: new Uint8Array(piece), isEnd: left === 0, used: piece.length };
    },
  };
}

function goesOn(path: string): BundleSealError {
  return wrong('continues after the end of its data', path);
}

function wrong(what: string, path: string): BundleSealError {
  return invalid(`${what}: fetch or make the archive again`, path);
}

/** Gathers a content in one piece. Never allocates memory for a claimed size. */
export async function gather(
  content: AsyncIterator<Uint8Array, unknown>,
  size: number | undefined,
): Promise<Uint8Array> {
  if (size === undefined) {
    const pieces: Uint8Array[] = [];
    for (let next = await content.next(); !next.done; next = await content.next()) {
      pieces.push(next.value);
    }
    return joined(pieces);
  }
  // A single piece needs no copy, because its memory is new.
  const first = await content.next();
  if (first.done) return new Uint8Array(0);
  let at = first.value.length;
  let bytes = first.value;
  if (at < size) {
    bytes = new Uint8Array(size);
    bytes.set(first.value);
  }
  for (let next = await content.next(); !next.done; next = await content.next()) {
    bytes.set(next.value, at);
    at += next.value.length;
  }
  return bytes;
}

/**
 * Returns the lengths at which these bytes could be the data descriptor of the measured content: with or without
 * signature, and with 32-bit or 64-bit sizes.
 *
 * @see APPNOTE 4.3.9
 */
export function descriptorLengths(bytes: Uint8Array, measured: Measured): number[] {
  const view = viewOf(bytes);
  return [16, 24, 12, 20].filter((length) => {
    if (bytes.length < length) return false;
    const isSigned = length === 16 || length === 24;
    if (isSigned && view.getUint32(0, true) !== SIGNATURE.descriptor) return false;
    const at = isSigned ? 4 : 0;
    if (view.getUint32(at, true) !== measured.crc32) return false;
    const isLong = length - at === 20;
    const size = (offset: number) =>
      isLong ? getUint64(view, offset) : view.getUint32(offset, true);
    return (
      size(at + 4) === measured.compressedSize && size(at + (isLong ? 12 : 8)) === measured.size
    );
  });
}
