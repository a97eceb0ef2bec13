// Reads a key from a file, from standard input or from a text.

import { BundleSealError } from '../errors.ts';
import { exists } from '../files/leniency.ts';
import type { RsaJwk } from '../keys/jwk.ts';
import { MAX_KEY_LENGTH } from '../keys/pem.ts';
import { keyOfText, repairKeyText, textOfBytes } from '../keys/repair.ts';
import { UsageError } from './answer.ts';
import { looksLikeKey } from './redact.ts';
import { readSmallFile } from './small-file.ts';
import { isStandardInput } from './standard-streams.ts';

/** A key for the library. */
export type KeyValue = string | Uint8Array | RsaJwk;

/**
 * Reads a key from a file: PEM, DER or JWK. `-` is standard input.
 *
 * @param option - The flag of the path, for messages.
 */
export async function readKeyFile(path: string, option: string = '--key'): Promise<KeyValue> {
  if (!isStandardInput(path)) await refuseKeyAsPath(path, option);
  const from = isStandardInput(path) ? 'standard input' : path;
  return namingSource(from, async () =>
    keyFromBytes(await readSmallFile(path, 'a key', MAX_KEY_LENGTH)),
  );
}

/**
 * Refuses a key that was passed instead of a file name. The error repeats no part of it.
 *
 * @param option - The flag of the path, for messages.
 */
export async function refuseKeyAsPath(path: string, option: string): Promise<void> {
  if (path === '') throw new UsageError(`${option} takes the name of a file, got an empty text`);
  if (path.includes('\0') || (looksLikeKey(path) && !(await exists(path)))) {
    throw new UsageError(
      `${option} takes the name of a file, but the text looks like a key itself: save it in a file that only you can read, or set BUNDLESEAL_PRIVATE_KEY (CAPGO_PRIVATE_KEY with --capgo)`,
    );
  }
}

/** Reads a key from a text. Repairs quotes and line breaks that a CI system changed. */
export function keyFromText(text: string): KeyValue {
  return keyOfText(repairKeyText(text).text);
}

/** Returns the result of `work`. Adds the source of the key to errors about the key. */
export async function namingSource<T>(from: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isUnnamed = error instanceof BundleSealError && error.code === 'ERR_KEY_INVALID';
    if (!isUnnamed || error.message.startsWith(`${from}: `)) throw error;
    throw new BundleSealError(error.code, `${from}: ${error.message}`);
  }
}

/** Reads a key from the bytes of a file: PEM, DER or JWK. */
export function keyFromBytes(bytes: Uint8Array): KeyValue {
  if (bytes.length === 0) throw new BundleSealError('ERR_KEY_INVALID', 'it is empty');
  const text = textOfBytes(bytes);
  return text === undefined ? bytes : keyFromText(text);
}
