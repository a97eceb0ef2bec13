// Finds the private key for sealing a build. It has the same sources as the command line, except the command line's
// options.

import { join } from 'node:path';
import { BundleSealError } from '../errors.ts';
import { fileError } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { exists } from '../files/leniency.ts';
import { KEY_FILE, KEY_VARIABLE, PASSPHRASE_VARIABLE } from '../keys/key-places.ts';
import { MAX_KEY_LENGTH } from '../keys/pem.ts';
import { keyOfText, repairKeyText, textOfBytes } from '../keys/repair.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { isSigner, readSigningKey, type Signer } from '../seal/signing-key.ts';

type BuildKey = PrivateKeyInput | Signer;

/**
 * Finds the private key and checks it: takes the option, else `BUNDLESEAL_PRIVATE_KEY`, else `.bundleseal_key` in the
 * root. Decrypts a passphrase-protected key with `BUNDLESEAL_KEY_PASSPHRASE`.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if there is no key, or the key cannot sign; the message names its
 * source. `ERR_FILE` if the file cannot be read.
 */
export async function findKey(given: BuildKey | undefined, root: string): Promise<BuildKey> {
  const [key, from] = await findSource(given, root);
  return namingSource(from, async () => {
    const found = await unlock(await key());
    await readSigningKey(found);
    return found;
  });
}

type KeySource = readonly [read: () => BuildKey | Promise<BuildKey>, from: string];

async function findSource(given: BuildKey | undefined, root: string): Promise<KeySource> {
  if (given !== undefined) return [() => given, 'options.privateKey'];
  const text = process.env[KEY_VARIABLE];
  if (text !== undefined) return [() => keyOfVariable(text), KEY_VARIABLE];
  const path = join(root, KEY_FILE);
  if (await exists(path)) return [() => readKeyFile(path), path];
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no private key to seal the build with: set ${KEY_VARIABLE}, pass the option privateKey, or make a pair with "npx bundleseal key create" (${path} does not exist)`,
  );
}

function keyOfVariable(text: string): BuildKey {
  if (text.trim() !== '') return keyOfText(repairKeyText(text).text);
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    'it is set and empty: the secret behind it is missing or not visible to this job; give it a key, or unset it',
  );
}

async function readKeyFile(path: string): Promise<BuildKey> {
  const file = await openInputFile(path);
  try {
    if (file.size > MAX_KEY_LENGTH) {
      throw fileError(
        path,
        `is too large for a key: it has more than ${MAX_KEY_LENGTH} bytes, so put the private key there`,
      );
    }
    const bytes = await file.read(0, file.size);
    const text = textOfBytes(bytes);
    return text === undefined ? bytes : keyOfText(repairKeyText(text).text);
  } finally {
    await file.close();
  }
}

async function unlock(key: BuildKey): Promise<BuildKey> {
  if (isSigner(key) || (typeof key !== 'string' && !(key instanceof Uint8Array))) return key;
  const { decryptPrivateKey, isProtected } = await import('../keys/passphrase.ts');
  if (!isProtected(key)) return key;
  const passphrase = process.env[PASSPHRASE_VARIABLE];
  if (passphrase) return decryptPrivateKey(key, { passphrase });
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `the private key is protected by a passphrase: set ${PASSPHRASE_VARIABLE}`,
  );
}

/** Returns the result of `work`. Adds the source of the key to errors about the key. */
async function namingSource<T>(from: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_KEY_INVALID') throw error;
    throw new BundleSealError(error.code, `${from}: ${error.message}`);
  }
}
