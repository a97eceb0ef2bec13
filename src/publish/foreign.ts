// Errors for a publisher whose store has files of another app or of another key. The library's own messages speak to
// the owner of a device.

import { BundleSealError } from '../errors.ts';
import { keyId } from '../keys/identity.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { KEYS_PATH } from './place.ts';

/** A file of a store. */
interface StoreFile {
  /** Such as `the index of production`. */
  readonly what: string;
  /** The name of the store. */
  readonly place: string;
  readonly keys: readonly PublicKeyInput[];
}

/**
 * Runs `open`. If the file is of another app, channel or key, throws the same code with a message for the publisher.
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
  { code, keyId: id, expectation, expected, actual }: BundleSealError,
): Promise<string | undefined> {
  const found = JSON.stringify(actual);
  if (expectation === 'appId') {
    return `${what} in ${place} belongs to the app ${found}, but options.appId is ${JSON.stringify(expected)}: check both. Each app needs a store of its own`;
  }
  if (expectation === 'channel') {
    return `${what} in ${place} is the index of the channel ${found}: it was copied to the wrong name. Put the right index there`;
  }
  if (code !== 'ERR_KEY_MISMATCH') return undefined;
  const own: string[] = [];
  for (const key of keys) own.push(await keyId(key));
  if (what === KEYS_PATH) {
    return `${what} in ${place} was sealed with the recovery key ${id}, and the recovery key here is ${own.join(' or ')}: use the one that sealed it`;
  }
  return `${what} in ${place} was sealed with the key ${id}, and the key here is ${own.join(' or ')}: use the pair that sealed it. If you have replaced that pair, pass its public half as well, in previousKeys or publicKey. Otherwise the store belongs to another publisher`;
}
