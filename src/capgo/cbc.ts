// AES-128-CBC with PKCS#7 padding (NIST SP 800-38A §6.2, RFC 5652 §6.3), and the SHA-256 of the plain bytes.
//
// Only this folder may use CBC. It is not authenticated, so callers must compare the signed checksum before they release
// a byte. The sealed format uses an authenticated cipher.

import type { OwnBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { Session } from './session.ts';

/** Called with the number of plain bytes processed so far. It may throw to end the work. */
type Step = (done: number) => void | Promise<void>;

/** AES-128-CBC of one backend. */
export interface Cbc {
  encrypt(
    session: Session,
    plain: Uint8Array,
    step: Step,
  ): Promise<{
    readonly encrypted: OwnBytes;
    readonly digest: Uint8Array;
  }>;
  /** Returns `undefined` if the padding is wrong. The caller must compare the digest before it releases the bytes. */
  decrypt(
    session: Session,
    encrypted: Uint8Array,
    step: Step,
  ): Promise<{ readonly plain: OwnBytes; readonly digest: Uint8Array } | undefined>;
}

export const BLOCK_LENGTH = 16;

/** Computes the length of the encrypted form in bytes. */
export function encryptedLength(plain: number): number {
  return plain - (plain % BLOCK_LENGTH) + BLOCK_LENGTH;
}

/** @throws {@link BundleSealError} `ERR_LENGTH_INVALID` if no padded text has this length. */
export function checkLength(encrypted: number): void {
  if (encrypted > 0 && encrypted % BLOCK_LENGTH === 0) return;
  throw new BundleSealError(
    'ERR_LENGTH_INVALID',
    `an encrypted bundle has a multiple of ${BLOCK_LENGTH} bytes, got ${encrypted}: the download was cut, or the file is not encrypted`,
    { offset: encrypted },
  );
}
