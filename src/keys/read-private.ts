// Asynchronous readers of private keys, and of keys that may be public or private. They are separate from `read.ts`, so
// that an app that only opens bundles loads no reader of private keys.

import { readKey } from './read.ts';
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
import type { PrivateKeyInput, PublicKeyInput } from './strict.ts';
import { strictEitherKey, strictPrivateKey } from './strict-private.ts';

/** Reads a private key and checks that its numbers belong together. @throws as {@link readPublicKey} does. */
export function readPrivateKey(
  input: PrivateKeyInput,
  name = 'privateKey',
  minBits?: number,
): Promise<RsaPrivateKey> {
  return readKey(input, (key) => strictPrivateKey(key, name, minBits));
}

/**
 * Reads a public or private key and returns its public numbers. @throws as {@link readPublicKey} does.
 */
export function readEitherKey(
  input: PublicKeyInput | PrivateKeyInput,
  minBits?: number,
): Promise<RsaPublicKey> {
  return readKey(input, (key) => strictEitherKey(key, 'key', minBits));
}
