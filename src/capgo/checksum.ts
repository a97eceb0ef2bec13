// The signed checksum of Capgo's format, in the two forms that its devices accept.

import type { Backend } from '../backend/backend.ts';
import { fromBase64, toBase64 } from '../base64.ts';
import { fromHex, toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import type { RsaPrivateKey, RsaPublicKey } from '../keys/rsa.ts';
import { describe } from '../options.ts';
import { signPayload } from '../seal/pkcs1.ts';
import { recoverSigned } from './session.ts';

/**
 * The form of a signed checksum.
 *
 * - `'v3'`: the signature over the 32 bytes, in hex. For plugins from 5.30, 6.30 and 7.30 on, and every 8.
 * - `'v2'`: the signature over 48 bytes, in base64. The 48 bytes result from decoding the 64 hex characters as if
 *   they were base64. For older plugins only: the current plugin on Android compares the 48 bytes with the 32 bytes
 *   of the SHA-256 and refuses the bundle.
 */
export type ChecksumFormat = 'v3' | 'v2';

// The most characters of a checksum. RSA-2048 needs 512, so a longer checksum is forged.
const MAX_CHECKSUM_LENGTH = 1024;

/** @throws `TypeError` if the option has another value. */
export function checkFormat(format: unknown): void {
  if (format === 'v3' || format === 'v2') return;
  throw new TypeError(`options.checksumFormat expected 'v3' or 'v2', got ${describe(format)}`);
}

/** Signs a SHA-256. */
export async function signChecksum(
  backend: Backend,
  key: RsaPrivateKey,
  digest: Uint8Array,
  format: ChecksumFormat,
): Promise<string> {
  if (format === 'v3') return toHex(await signPayload(backend, key, digest));
  const payload = fromBase64(toHex(digest), 'base64') as Uint8Array;
  return toBase64(await signPayload(backend, key, payload), 'base64');
}

/**
 * Recovers the digest that the private key signed.
 *
 * @throws {@link BundleSealError} `ERR_HEADER_INVALID`, `ERR_SEAL_INVALID`, `ERR_VERSION_UNSUPPORTED`; `TypeError`.
 */
export async function recoverChecksum(
  backend: Backend,
  key: RsaPublicKey,
  checksum: string,
): Promise<Uint8Array> {
  const { format, signature } = readChecksum(checksum);
  if (format === 'v3') return recoverSigned(backend, key, signature, 32);
  const text = toBase64(await recoverSigned(backend, key, signature, 48), 'base64');
  // Capgo's tools write lower-case letters.
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text);
  throw malformed('contains no SHA-256');
}

/** Distinguishes the forms like Capgo's plugin: text of hex characters only is V3, all other text is base64. */
function readChecksum(checksum: string): {
  readonly format: ChecksumFormat;
  readonly signature: Uint8Array;
} {
  if (typeof checksum !== 'string') {
    throw new TypeError(`options.checksum expected a string, got ${describe(checksum)}`);
  }
  if (checksum.length > MAX_CHECKSUM_LENGTH) throw malformed('is too long for a signature');
  const isHex = /^(?:[0-9a-fA-F]{2})+$/.test(checksum);
  if (checksum === '' || (isHex && checksum.length <= 64)) {
    throw new BundleSealError(
      'ERR_VERSION_UNSUPPORTED',
      'the checksum is missing or not signed, as in plain bundles and in the withdrawn V1 scheme, so anyone may have made it: encrypt the bundle again with V2 keys, and pass its checksum',
    );
  }
  if (isHex) return { format: 'v3', signature: fromHex(checksum) };
  const signature = fromBase64(checksum, 'base64');
  if (signature === undefined) throw malformed('is neither hex nor base64');
  return { format: 'v2', signature };
}

/**
 * Makes the error for wrong padding, a wrong body and a wrong checksum. All get the same error, because an error of its
 * own for wrong padding would be a padding oracle.
 */
export function mismatch(): BundleSealError {
  return new BundleSealError(
    'ERR_CHECKSUM_MISMATCH',
    'the bundle does not have the signed checksum: it was altered or cut, or belongs to another session key or checksum; discard it and fetch it again',
  );
}

function malformed(what: string): BundleSealError {
  return new BundleSealError(
    'ERR_HEADER_INVALID',
    `the checksum ${what}: pass it as Capgo's CLI printed it, whole`,
  );
}
