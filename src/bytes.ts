// Bytes: recognising, joining and comparing them, and converting them to hex and to integers.

/**
 * Bytes in memory that is not shared, so that they can go into a `Blob` or a `Response`. The type is
 * `Uint8Array<ArrayBuffer>` from TypeScript 5.7 on, and `Uint8Array` before.
 */
export type OwnBytes = ReturnType<Uint8ArrayConstructor['of']>;

/**
 * Returns a value's brand, which is the same in every realm. `instanceof` fails for values of another realm (a frame,
 * a test runner).
 */
export function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether a value is a Uint8Array of any realm. A Buffer of Node is a Uint8Array. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && brandOf(value) === 'Uint8Array';
}

/**
 * Returns the bytes of a Uint8Array or an ArrayBuffer in the same memory; `undefined` for any other value.
 */
export function bytesIn(value: unknown): OwnBytes | undefined {
  if (isBytes(value)) {
    return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
  }
  return brandOf(value) === 'ArrayBuffer' ? new Uint8Array(value as ArrayBuffer) : undefined;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte];
  return hex;
}

/** Decodes an even number of hex characters, which the caller has checked. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function concat(...parts: Uint8Array[]): OwnBytes {
  return concatAll(parts);
}

/** Returns the number of bytes in all parts together. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/**
 * Joins a list of parts, which may be longer than the arguments of a call. The result is always in new memory.
 */
export function concatAll(parts: readonly Uint8Array[]): OwnBytes {
  const whole = new Uint8Array(lengthOf(parts));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Joins parts. Returns a single part itself, without a copy. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : concatAll(parts);
}

/** Compares in constant time: the time depends only on the length. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** I2OSP of RFC 8017 §4.1 (big-endian). The caller has checked that the integer fits. */
export function integerToBytes(integer: bigint, length: number): Uint8Array {
  return fromHex(integer.toString(16).padStart(2 * length, '0'));
}

/** OS2IP of RFC 8017 §4.2 (big-endian). */
export function bytesToInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

export function bitLength(integer: bigint): number {
  return integer === 0n ? 0 : integer.toString(2).length;
}

/**
 * Returns the same bytes in memory that is not shared, because WebCrypto does not accept shared memory.
 */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isShared = brandOf(bytes.buffer) === 'SharedArrayBuffer';
  return isShared ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}

// Number of characters to join at once. A string that grows one character at a time takes forty times its length in
// memory, and a call takes only some ten thousand arguments.
const BLOCK = 8192;

/** Makes a character of each byte: U+0000 to U+00FF. */
export function toCharacters(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += BLOCK) {
    // Not a spread, which makes an object for each byte and takes over ten times as long.
    const block = bytes.subarray(i, i + BLOCK) as ArrayLike<number> as number[];
    text += String.fromCharCode.apply(undefined, block);
  }
  return text;
}
