/**
 * Bytes in memory that is no shared one: what is made of a `Blob` and a `Response`. It is `Uint8Array<ArrayBuffer>` since
 * TypeScript 5.7, which is where `Uint8Array` got its parameter, and `Uint8Array` before.
 */
export type OwnBytes = ReturnType<Uint8ArrayConstructor['of']>;

/** A value's brand. It holds for values of another realm (a frame, a test runner), which `instanceof` refuses. */
export function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether it is a Uint8Array, of whichever realm; a Buffer is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && brandOf(value) === 'Uint8Array';
}

/** The bytes of a Uint8Array or an ArrayBuffer, in the same memory; `undefined` for anything else. */
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

/** Decodes an even number of hex characters; the caller has checked that they are hex. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export function concat(...parts: Uint8Array[]): OwnBytes {
  return concatAll(parts);
}

/** The same of a list: there can be more parts than a call takes arguments. Always fresh memory. */
export function concatAll(parts: readonly Uint8Array[]): OwnBytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Whether the bytes are the same; the time depends on their length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** Big-endian, RFC 8017 §4.1 (I2OSP); the caller has checked that the integer fits. */
export function integerToBytes(integer: bigint, length: number): Uint8Array {
  return fromHex(integer.toString(16).padStart(2 * length, '0'));
}

/** Big-endian, RFC 8017 §4.2 (OS2IP). */
export function bytesToInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

export function bitLength(integer: bigint): number {
  return integer === 0n ? 0 : integer.toString(2).length;
}

/** The same bytes, in memory that no other thread can change: WebCrypto takes no shared memory. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const shared =
    typeof SharedArrayBuffer !== 'undefined' && bytes.buffer instanceof SharedArrayBuffer;
  return shared ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}
