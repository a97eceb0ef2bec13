// Parses the structures of APPNOTE 4.3, without checking their values.

import type { Cursor } from './cursor.ts';
import { readExtra } from './extra.ts';
import {
  CENTRAL_LENGTH,
  COUNT_IN_ZIP64,
  getUint64,
  LOCAL_LENGTH,
  LOCATOR64_LENGTH,
  SIGNATURE,
  viewOf,
} from './layout.ts';
import { cutShort } from './refuse.ts';

/** The values that a local header and its record in the central directory both have. */
export interface RecordHeader {
  /** Offset of the structure. */
  readonly at: number;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  /** The bytes of the name in the archive. */
  readonly name: Uint8Array;
  /** The name in UTF-8 from an extra field, if it differs. */
  readonly unicodeName: Uint8Array | undefined;
}

/** The values of a record in the central directory. */
export interface CentralHeader extends RecordHeader {
  /** The host system: APPNOTE 4.4.2. */
  readonly host: number;
  /** Offset of the local header. */
  readonly offset: number;
  /** The disk of the entry. */
  readonly disk: number;
  /** MS-DOS attributes in the lower 16 bits, a Unix mode in the upper 16. */
  readonly attributes: number;
  /** Whether the last bytes of extra fields and comment look like a Zip64 locator. */
  readonly endsInLocator: boolean;
}

/** Returns exactly `length` of the next bytes. */
export async function peekExactly(
  cursor: Cursor,
  length: number,
  path?: string,
): Promise<Uint8Array> {
  const bytes = await cursor.peek(length);
  if (bytes.length < length) throw cutShort(cursor.offset + bytes.length, path);
  return bytes.subarray(0, length);
}

/** Returns the next signature, or 0 if fewer than four bytes are left. */
export async function peekSignature(cursor: Cursor): Promise<number> {
  const bytes = await cursor.peek(4);
  return bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, true);
}

/**
 * Reads a local file header, whose signature the caller has seen. Leaves the cursor at the entry's data.
 */
export async function readLocal(cursor: Cursor): Promise<RecordHeader> {
  const at = cursor.offset;
  const fixed = viewOf(await peekExactly(cursor, LOCAL_LENGTH));
  const nameEnd = LOCAL_LENGTH + fixed.getUint16(26, true);
  const length = nameEnd + fixed.getUint16(28, true);
  const bytes = await peekExactly(cursor, length);
  const view = viewOf(bytes);
  const name = bytes.slice(LOCAL_LENGTH, nameEnd);
  const { values, unicodeName } = readExtra(bytes.subarray(nameEnd), name, at, [
    view.getUint32(22, true),
    view.getUint32(18, true),
  ]);
  const [size, compressedSize] = values as [number, number];
  cursor.skip(length);
  return {
    at,
    flags: view.getUint16(6, true),
    method: view.getUint16(8, true),
    crc32: view.getUint32(14, true),
    compressedSize,
    size,
    name,
    unicodeName,
  };
}

/** Reads a record of the central directory, whose signature the caller has seen. */
export async function readCentral(cursor: Cursor): Promise<CentralHeader> {
  const at = cursor.offset;
  const fixed = viewOf(await peekExactly(cursor, CENTRAL_LENGTH));
  const nameEnd = CENTRAL_LENGTH + fixed.getUint16(28, true);
  const extraEnd = nameEnd + fixed.getUint16(30, true);
  const length = extraEnd + fixed.getUint16(32, true);
  const bytes = await peekExactly(cursor, length);
  const view = viewOf(bytes);
  const name = bytes.slice(CENTRAL_LENGTH, nameEnd);
  const { values, unicodeName, hasDisk } = readExtra(bytes.subarray(nameEnd, extraEnd), name, at, [
    view.getUint32(24, true),
    view.getUint32(20, true),
    view.getUint32(42, true),
  ]);
  const [size, compressedSize, offset] = values as [number, number, number];
  const disk = view.getUint16(34, true);
  cursor.skip(length);
  return {
    at,
    host: view.getUint8(5),
    flags: view.getUint16(8, true),
    method: view.getUint16(10, true),
    crc32: view.getUint32(16, true),
    compressedSize,
    size,
    name,
    unicodeName,
    offset,
    // zip.js writes the disk into the Zip64 field, with all other values.
    disk: hasDisk && disk === COUNT_IN_ZIP64 ? 0 : disk,
    attributes: view.getUint32(38, true),
    endsInLocator: view.getUint32(length - LOCATOR64_LENGTH, true) === SIGNATURE.locator64,
  };
}

/** The values of an end record about the central directory. */
export interface EndRecord {
  readonly disks: readonly number[];
  readonly counts: readonly number[];
  readonly size: number;
  readonly offset: number;
}

/** Parses the end of central directory record (APPNOTE 4.3.16). */
export function parseEnd(bytes: Uint8Array): EndRecord & { readonly commentLength: number } {
  const view = viewOf(bytes);
  return {
    disks: [view.getUint16(4, true), view.getUint16(6, true)],
    counts: [view.getUint16(8, true), view.getUint16(10, true)],
    size: view.getUint32(12, true),
    offset: view.getUint32(16, true),
    commentLength: view.getUint16(20, true),
  };
}

/** Parses the Zip64 end of central directory record (APPNOTE 4.3.14). */
export function parseEnd64(bytes: Uint8Array): EndRecord & { readonly length: number } {
  const view = viewOf(bytes);
  return {
    // The field does not count the signature and itself.
    length: 12 + getUint64(view, 4),
    disks: [view.getUint32(16, true), view.getUint32(20, true)],
    counts: [getUint64(view, 24), getUint64(view, 32)],
    size: getUint64(view, 40),
    offset: getUint64(view, 48),
  };
}

/** Parses the Zip64 locator (APPNOTE 4.3.15). */
export function parseLocator64(bytes: Uint8Array): {
  readonly disk: number;
  readonly offset: number;
  readonly diskCount: number;
} {
  const view = viewOf(bytes);
  return {
    disk: view.getUint32(4, true),
    offset: getUint64(view, 8),
    diskCount: view.getUint32(16, true),
  };
}
