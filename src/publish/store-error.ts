// The errors of a publisher's store.

import { BundleSealError, type ErrorCode } from '../errors.ts';
import { keyId } from '../keys/identity.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { KEYS_PATH } from './paths.ts';

/** Makes the error for a change that the content of a store does not allow. */
export function storeError(message: string): BundleSealError {
  return new BundleSealError('ERR_STORE', message);
}

/** A file of a store. */
interface StoreFile {
  /** Such as `the index of production`. */
  readonly what: string;
  /** The name of the store. */
  readonly place: string;
  readonly keys: readonly PublicKeyInput[];
}

/** The errors of bytes that are no sealed file of this kind, or that were altered. */
const DAMAGED: readonly ErrorCode[] = [
  'ERR_HEADER_INVALID',
  'ERR_LENGTH_INVALID',
  'ERR_SEAL_INVALID',
  'ERR_CHUNK_INVALID',
  'ERR_CHECKSUM_MISMATCH',
];

/**
 * Runs `open`, which opens a file of the store. If the file is damaged, or belongs to another app, channel or key, throws an
 * error with the same code and a message for the publisher. The message of `open` addresses the owner of a device, and names
 * no file.
 */
export async function openOwn<Result>(
  file: StoreFile,
  open: () => Promise<Result>,
): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    const message = error instanceof BundleSealError ? await messageFor(file, error) : undefined;
    if (message === undefined) throw error;
    const { code, keyId: id, expectation, expected, actual } = error as BundleSealError;
    throw new BundleSealError(code, message, {
      ...(id !== undefined && { keyId: id }),
      ...(expectation !== undefined && { expectation }),
      ...(expected !== undefined && { expected }),
      ...(actual !== undefined && { actual }),
    });
  }
}

async function messageFor(
  { what, place, keys }: StoreFile,
  { code, keyId: id, expectation, expected, actual, message }: BundleSealError,
): Promise<string | undefined> {
  const found = JSON.stringify(actual);
  if (expectation === 'appId') {
    return `${what} in ${place} belongs to the app ${found}, but options.appId is ${JSON.stringify(expected)}: check both. Each app needs a store of its own`;
  }
  if (expectation === 'channel') {
    return `${what} in ${place} is the index of the channel ${found}: it was copied to the wrong name. Put the right index there`;
  }
  if (DAMAGED.includes(code)) {
    const [fault] = message.split(/[:;]/);
    return `${what} in ${place} is damaged, or is another file (${fault}): put the published file back`;
  }
  if (code !== 'ERR_KEY_MISMATCH') return undefined;
  const own: string[] = [];
  for (const key of keys) own.push(await keyId(key));
  if (what === KEYS_PATH) {
    return `${what} in ${place} was sealed with the recovery key ${id}, but the recovery key here is ${own.join(' or ')}: use the recovery key that sealed it`;
  }
  return `${what} in ${place} was sealed with the key ${id}, but the key here is ${own.join(' or ')}: use the pair that sealed it. If you have replaced that pair, pass its public half as well, in previousKeys or publicKey. Otherwise the store belongs to another publisher`;
}
