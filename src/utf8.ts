// Encodes and decodes UTF-8 with functions of ECMAScript only, because Hermes has neither TextEncoder nor
// TextDecoder.

import { toHex } from './bytes.ts';

/**
 * Decodes UTF-8. A byte order mark stays in the text.
 *
 * @throws `URIError` for bytes that are not UTF-8: cut or overlong sequences, and halves of surrogate pairs.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decodeURIComponent(toHex(bytes).replace(/../g, '%$&'));
}

/**
 * Decodes UTF-8 like {@link decodeUtf8}, but with the platform's decoder if there is one. The platform's decoder is many
 * times as fast.
 *
 * @throws `URIError` or `TypeError` for bytes that are not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  if (typeof TextDecoder === 'function') {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    // Some runtimes ignore options that they do not know, so this reads the options back. It copies the bytes, because
    // browsers do not decode shared memory.
    if (decoder.fatal && decoder.ignoreBOM) return decoder.decode(new Uint8Array(bytes));
  }
  return decodeUtf8(bytes);
}

/** Encodes text as UTF-8. @throws `URIError` for half of a surrogate pair. */
export function encodeUtf8(text: string): Uint8Array {
  const units = encodeURIComponent(text).match(/%..|./g) ?? [];
  return Uint8Array.from(units, (unit) =>
    unit.length === 1 ? unit.charCodeAt(0) : Number.parseInt(unit.slice(1), 16),
  );
}

/**
 * Encodes text like {@link encodeUtf8}, but with the platform's encoder if there is one. The platform's encoder is many
 * times as fast, and replaces half of a surrogate pair by U+FFFD.
 */
export function encodeText(text: string): Uint8Array {
  return typeof TextEncoder === 'function' ? new TextEncoder().encode(text) : encodeUtf8(text);
}
