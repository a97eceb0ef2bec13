// Detects whether a bundle was transferred as text. The result changes messages only, never a decision.

import type { BundleSealError } from '../errors.ts';

const CODES: readonly string[] = [
  'ERR_HEADER_INVALID',
  'ERR_KEY_MISMATCH',
  'ERR_LENGTH_INVALID',
  'ERR_SEAL_INVALID',
];

// The least number of signs of damage for a verdict. Unaltered bytes contain fewer by chance.
const MIN_SIGNS = 3;

const CR = 0x0d;
const LF = 0x0a;

/** The number of bytes from the start of a bundle that {@link textDamage} needs. */
export const SAMPLE_LENGTH = 4096;

/**
 * Describes what a transfer as text did to the bytes. Returns `undefined` if there is no sign of it. A header
 * contains a random key id, digests and a signature: half of its bytes are not ASCII, and one in 256 is a line feed.
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

/**
 * Decodes UTF-8 and ignores a character that is cut at the end. Returns "" for bytes that are not UTF-8.
 */
function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return '';
  }
}

const count = (text: string, sign: string): number => text.split(sign).length - 1;

/** Whether a bundle that was transferred as text can cause this error. */
export function mayBeDamage(error: unknown): error is BundleSealError {
  return CODES.includes((error as Partial<BundleSealError>).code ?? '');
}

/** Appends a description of the damage to the message of the error, if the bytes were transferred as text. */
export function nameDamage(error: BundleSealError, bytes: Uint8Array): void {
  const damage = textDamage(bytes);
  if (damage === undefined) return;
  error.message += `; it was transferred as text: ${damage}. Fetch or copy it again as binary data (an ArrayBuffer or Blob, FTP's binary mode, no text conversion)`;
}
