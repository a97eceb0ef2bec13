// Encodes the structures of APPNOTE 4.3. The result does not depend on the machine or the time.

import {
  CENTRAL_LENGTH,
  COUNT_IN_ZIP64,
  END_LENGTH,
  END64_LENGTH,
  FLAG,
  IN_ZIP64,
  LOCAL_LENGTH,
  LOCATOR64_LENGTH,
  SIGNATURE,
  viewOf,
} from './layout.ts';

/** The values of an entry in the archive. */
export interface WrittenEntry {
  /** The name in UTF-8. */
  readonly name: Uint8Array;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Whether CRC-32 and sizes follow the data. */
  readonly isDescribedLater: boolean;
}

// 1 January 1980, midnight: the first date that MS-DOS can represent.
const TIME = 0;
const DATE = (0 << 9) | (1 << 5) | 1;
const VERSION = 20;
const VERSION_ZIP64 = 45;
// The host system is Unix, so that readers use the mode: a regular file, rw-r--r--.
const MADE_BY = (3 << 8) | VERSION_ZIP64;
const ATTRIBUTES = 0o100644 * 2 ** 16;

/**
 * Encodes a local file header (APPNOTE 4.3.7). The header has no Zip64 field: if the sizes follow the data, the writer
 * does not know yet whether they need one.
 */
export function encodeLocal(file: WrittenEntry): Uint8Array {
  const bytes = new Uint8Array(LOCAL_LENGTH + file.name.length);
  const view = viewOf(bytes);
  const isLater = file.isDescribedLater;
  view.setUint32(0, SIGNATURE.local, true);
  view.setUint16(4, VERSION, true);
  setCommon(view, 6, isLater ? { ...file, crc32: 0, compressedSize: 0, size: 0 } : file);
  bytes.set(file.name, LOCAL_LENGTH);
  return bytes;
}

/** Writes the fields from the flags to the length of the name, which both headers have in the same order. */
function setCommon(view: DataView, at: number, file: WrittenEntry): void {
  view.setUint16(at, FLAG.utf8 | (file.isDescribedLater ? FLAG.descriptor : 0), true);
  view.setUint16(at + 2, file.method, true);
  view.setUint16(at + 4, TIME, true);
  view.setUint16(at + 6, DATE, true);
  view.setUint32(at + 8, file.crc32, true);
  view.setUint32(at + 12, low32(file.compressedSize), true);
  view.setUint32(at + 16, low32(file.size), true);
  view.setUint16(at + 20, file.name.length, true);
}

const low32 = (value: number): number => Math.min(value, IN_ZIP64);

/**
 * Encodes a data descriptor (APPNOTE 4.3.9). It has 64-bit sizes only if 32 bits are not enough, because Java derives the
 * length of the descriptor from the number of inflated bytes.
 */
export function encodeDescriptor(file: WrittenEntry): Uint8Array {
  const isLong = file.compressedSize > IN_ZIP64 || file.size > IN_ZIP64;
  const bytes = new Uint8Array(isLong ? 24 : 16);
  const view = viewOf(bytes);
  view.setUint32(0, SIGNATURE.descriptor, true);
  view.setUint32(4, file.crc32, true);
  if (isLong) {
    setUint64(view, 8, file.compressedSize);
    setUint64(view, 16, file.size);
  } else {
    view.setUint32(8, file.compressedSize, true);
    view.setUint32(12, file.size, true);
  }
  return bytes;
}

/** Encodes a record of the central directory (APPNOTE 4.3.12). */
export function encodeCentral(file: WrittenEntry, offset: number): Uint8Array {
  const large = [file.size, file.compressedSize, offset].filter((value) => value >= IN_ZIP64);
  const extraLength = large.length === 0 ? 0 : 4 + 8 * large.length;
  const bytes = new Uint8Array(CENTRAL_LENGTH + file.name.length + extraLength);
  const view = viewOf(bytes);
  view.setUint32(0, SIGNATURE.central, true);
  view.setUint16(4, MADE_BY, true);
  view.setUint16(6, large.length === 0 ? VERSION : VERSION_ZIP64, true);
  setCommon(view, 8, file);
  view.setUint16(30, extraLength, true);
  view.setUint32(38, ATTRIBUTES, true);
  view.setUint32(42, low32(offset), true);
  bytes.set(file.name, CENTRAL_LENGTH);
  if (large.length > 0) {
    const at = CENTRAL_LENGTH + file.name.length;
    view.setUint16(at, 1, true);
    view.setUint16(at + 2, 8 * large.length, true);
    for (const [i, value] of large.entries()) setUint64(view, at + 4 + 8 * i, value);
  }
  return bytes;
}

/**
 * Encodes the end of the archive (APPNOTE 4.3.14 to 4.3.16), with the Zip64 record and its locator if a value does
 * not fit.
 */
export function encodeEnd(directory: {
  readonly count: number;
  readonly offset: number;
  readonly size: number;
}): Uint8Array {
  const { count, offset, size } = directory;
  const isLong = count >= COUNT_IN_ZIP64 || offset >= IN_ZIP64 || size >= IN_ZIP64;
  const at = isLong ? END64_LENGTH + LOCATOR64_LENGTH : 0;
  const bytes = new Uint8Array(at + END_LENGTH);
  const view = viewOf(bytes);
  if (isLong) {
    view.setUint32(0, SIGNATURE.end64, true);
    setUint64(view, 4, END64_LENGTH - 12);
    view.setUint16(12, MADE_BY, true);
    view.setUint16(14, VERSION_ZIP64, true);
    setUint64(view, 24, count);
    setUint64(view, 32, count);
    setUint64(view, 40, size);
    setUint64(view, 48, offset);
    view.setUint32(END64_LENGTH, SIGNATURE.locator64, true);
    setUint64(view, END64_LENGTH + 8, offset + size);
    view.setUint32(END64_LENGTH + 16, 1, true);
  }
  view.setUint32(at, SIGNATURE.end, true);
  view.setUint16(at + 8, Math.min(count, COUNT_IN_ZIP64), true);
  view.setUint16(at + 10, Math.min(count, COUNT_IN_ZIP64), true);
  view.setUint32(at + 12, low32(size), true);
  view.setUint32(at + 16, low32(offset), true);
  return bytes;
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}
