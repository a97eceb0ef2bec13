// Detects whether a bundle was transferred as text. Used for messages only: it decides nothing.

import type { BundleSealError } from '../errors.ts';

const CODES: readonly string[] = [
  'ERR_HEADER_INVALID',
  'ERR_KEY_MISMATCH',
  'ERR_LENGTH_INVALID',
  'ERR_SEAL_INVALID',
];

// Unaltered bytes contain fewer of them.
const MIN_SIGNS = 3;

const CR = 0x0d;
const LF = 0x0a;

/** Bytes of a bundle that are enough to tell. */
export const SAMPLE_LENGTH = 4096;

/**
 * What a transfer as text did to the bytes, or `undefined` if that cannot be told. A header contains a random key id,
 * digests and a signature: half of its bytes are not ASCII, and one in 256 is a line feed.
 */
export function textDamage(bytes: Uint8Array): string | undefined {
  if (count(decoded(bytes), '\uFFFD') >= MIN_SIGNS) {
    return 'its bytes were read as UTF-8, which destroyed them';
  }
  let lineFeeds = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return undefined;
    lineFeeds += 1;
  }
  return lineFeeds >= MIN_SIGNS ? 'each line feed was turned into CR LF' : undefined;
}

/** As UTF-8, but for what is cut off at the end; "" for what is none. */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return '';
  }
}

const count = (text: string, sign: string): number => text.split(sign).length - 1;

/** Whether such a bundle can cause this error. */
export function mayBeDamage(error: unknown): error is BundleSealError {
  return CODES.includes((error as Partial<BundleSealError>).code ?? '');
}

/** Says in an error what was done to the bytes. */
export function nameDamage(error: BundleSealError, bytes: Uint8Array): void {
  const damage = textDamage(bytes);
  if (damage === undefined) return;
  error.message += `; it was carried as text: ${damage}. Fetch or copy it again as binary data (an ArrayBuffer or Blob, FTP's binary mode, no text conversion)`;
}
