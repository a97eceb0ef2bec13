// Text and its bytes, by what the language itself has: Hermes has neither TextEncoder nor TextDecoder.

import { toHex } from './bytes.ts';

/**
 * A byte order mark stays in the text.
 *
 * @throws `URIError` for what is not UTF-8: bytes cut off, longer than they need to be, or half of a pair.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decodeURIComponent(toHex(bytes).replace(/../g, '%$&'));
}

/**
 * The same by the platform where it can, which is many times as fast.
 *
 * @throws `URIError` or `TypeError` for what is not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  if (typeof TextDecoder === 'function') {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    // Some runtimes take the options and do not know them.
    // A copy: browsers decode no memory that is shared.
    if (decoder.fatal && decoder.ignoreBOM) return decoder.decode(new Uint8Array(bytes));
  }
  return decodeUtf8(bytes);
}

/** @throws `URIError` for half of a surrogate pair. */
export function encodeUtf8(text: string): Uint8Array {
  const units = encodeURIComponent(text).match(/%..|./g) ?? [];
  return Uint8Array.from(units, (unit) =>
    unit.length === 1 ? unit.charCodeAt(0) : Number.parseInt(unit.slice(1), 16),
  );
}

/** The same by the platform where it can, which is many times as fast; there half of a pair becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return typeof TextEncoder === 'function' ? new TextEncoder().encode(text) : encodeUtf8(text);
}
