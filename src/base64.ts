// Base64 (RFC 4648 §4 and §5). `atob` is not strict enough: it ignores white space and accepts any unused bits in the
// last character, so one key or seal would have many spellings.

import { toCharacters } from './bytes.ts';

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

export type Base64Alphabet = 'base64' | 'base64url';

function alphabetOf(name: Base64Alphabet): string {
  return name === 'base64' ? STANDARD : URL_SAFE;
}

/** Encodes bytes, as `base64` with padding or as `base64url` without. */
export function toBase64(bytes: Uint8Array, name: Base64Alphabet): string {
  const alphabet = alphabetOf(name);
  const codes = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    // Writes beyond the end of a typed array have no effect, so the last group needs no special case.
    for (let shift = 18; shift >= 0; shift -= 6) {
      codes[at++] = alphabet.charCodeAt((group >>> shift) & 63);
    }
  }
  const text = toCharacters(codes);
  return name === 'base64' ? text.padEnd(Math.ceil(bytes.length / 3) * 4, '=') : text;
}

/**
 * Decodes text, if it is exactly what {@link toBase64} writes for the same bytes.
 *
 * @returns The bytes, or `undefined` for any other text.
 */
export function fromBase64(text: string, name: Base64Alphabet): Uint8Array | undefined {
  let body = text;
  if (name === 'base64') {
    if (text.length % 4 !== 0) return undefined;
    body = text.replace(/={1,2}$/, '');
  }
  if (body.length % 4 === 1) return undefined;
  const values = decodeTables[name];
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < body.length; i++) {
    const value = values[body.charCodeAt(i)] ?? 255;
    if (value === 255) return undefined;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}

function decodeTable(name: Base64Alphabet): Uint8Array {
  const values = new Uint8Array(128).fill(255);
  for (let i = 0; i < 64; i++) values[alphabetOf(name).charCodeAt(i)] = i;
  return values;
}

const decodeTables: Record<Base64Alphabet, Uint8Array> = {
  base64: /* @__PURE__ */ decodeTable('base64'),
  base64url: /* @__PURE__ */ decodeTable('base64url'),
};
