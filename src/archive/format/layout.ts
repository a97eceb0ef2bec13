// Signatures, lengths and flags of APPNOTE 4.3 and 4.4. All integers are little-endian.

export const SIGNATURE = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
  end: 0x06054b50,
} as const;

export const STORED = 0;
export const DEFLATED = 8;

/** The longest distance of deflate, in bytes (RFC 1951 §2). */
export const WINDOW_LENGTH = 32_768;

/** Bits of the general purpose flag: APPNOTE 4.4.4. */
export const FLAG = {
  encrypted: 0x0001,
  descriptor: 0x0008,
  patch: 0x0020,
  stronglyEncrypted: 0x0040,
  utf8: 0x0800,
  masked: 0x2000,
} as const;

/** This value of a 32-bit field means that the Zip64 field has the actual value. */
export const IN_ZIP64 = 0xffff_ffff;
/** This value of a 16-bit field means that the Zip64 record has the actual value. */
export const COUNT_IN_ZIP64 = 0xffff;

export const LOCAL_LENGTH = 30;
export const CENTRAL_LENGTH = 46;
export const END_LENGTH = 22;
export const END64_LENGTH = 56;
export const LOCATOR64_LENGTH = 20;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a 64-bit integer. Beyond 2^53 the result is not exact, but still larger than every limit. */
export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + 2 ** 32 * view.getUint32(offset + 4, true);
}
