// Decrypts and encrypts private keys with a passphrase from a variable or from the user.

import { BundleSealError } from '../errors.ts';
import { PASSPHRASE_VARIABLE } from '../keys/key-places.ts';
import type { KeyValue } from './read-key.ts';
import type { Context } from './terminal.ts';

/** Sources of a passphrase. */
export type Asking = Pick<Context, 'env' | 'askSecret'>;

interface Given {
  readonly passphrase: string;
  /** The source for messages. */
  readonly from: string;
}

/** The shortest passphrase for a new key, in characters. NIST SP 800-63B accepts no shorter password. */
const MIN_LENGTH = 8;

// The typed passphrase, so that a command asks only once.
const typed = new WeakMap<Asking, Given>();

/** Whether a key needs a passphrase. */
export async function isProtectedKey(key: KeyValue): Promise<boolean> {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) return false;
  return (await import('../keys/passphrase.ts')).isProtected(key);
}

/**
 * Returns the key, decrypted if a passphrase protects it.
 *
 * @param from - The source of the key, for the question and for messages.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if there is no passphrase or it is wrong.
 */
export async function unlock(context: Asking, key: KeyValue, from: string): Promise<KeyValue> {
  if (!(await isProtectedKey(key))) return key;
  const { passphrase, from: source } = await passphraseFor(context, from);
  const { decryptPrivateKey } = await import('../keys/passphrase.ts');
  try {
    return await decryptPrivateKey(key as string | Uint8Array, { passphrase });
  } catch (error) {
    if (!(error instanceof BundleSealError)) throw error;
    throw new BundleSealError(error.code, `${error.message} (the passphrase came from ${source})`);
  }
}

async function passphraseFor(context: Asking, from: string): Promise<Given> {
  const given = givenPassphrase(context) ?? typed.get(context);
  if (given !== undefined) return given;
  const passphrase = await context.askSecret(`Passphrase of ${from}`);
  if (passphrase === undefined) {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `the private key is protected by a passphrase: set ${PASSPHRASE_VARIABLE}, or run the command on a terminal, where it asks for the passphrase`,
    );
  }
  return remember(context, passphrase);
}

/**
 * Returns the passphrase for a new private key from the variable, or asks for it twice.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if there is none, it has fewer than 8 characters, or the two inputs differ.
 */
export async function newPassphrase(context: Asking): Promise<string> {
  const given = givenPassphrase(context);
  if (given !== undefined) return longEnough(given);
  const passphrase = await context.askSecret('New passphrase');
  if (passphrase === undefined) {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `there is no passphrase for the private key: set ${PASSPHRASE_VARIABLE}, or run the command on a terminal, where it asks for the passphrase`,
    );
  }
  longEnough({ passphrase, from: 'this terminal' });
  if ((await context.askSecret('Repeat the passphrase')) !== passphrase) {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      'the two passphrases differ, so nothing was written: run the command again',
    );
  }
  return passphrase;
}

/**
 * Returns the passphrase of a key for the key that replaces it. Warns about a short one, and does not refuse it: the rotation of
 * a stolen key must not wait for another passphrase.
 *
 * @param from - The file of the key that is replaced.
 */
export async function passphraseToKeep(context: Context, from: string): Promise<string> {
  const { passphrase } = await passphraseFor(context, from);
  if (!isLong(passphrase)) {
    context.warn(
      `the passphrase of the new key is that of the old one, and has fewer than ${MIN_LENGTH} characters: protect both keys with a longer one, for example by openssl pkcs8 -topk8`,
    );
  }
  return passphrase;
}

const isLong = (passphrase: string) => [...passphrase].length >= MIN_LENGTH;

/** Refuses a short passphrase. The error does not tell its length. */
function longEnough({ passphrase, from }: Given): string {
  if (isLong(passphrase)) return passphrase;
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `the passphrase from ${from} is too short for a new key: use at least ${MIN_LENGTH} characters, better several words. Nothing was written`,
  );
}

/** Encrypts a private key in PEM with a passphrase: PKCS#8 with scrypt and AES-256-CBC. */
export async function protect(privateKey: string, passphrase: string): Promise<string> {
  const { encryptPrivateKey } = await import('../keys/passphrase.ts');
  const { encodePkcs8 } = await import('../keys/encode.ts');
  const { parsePrivateKey } = await import('../keys/parse.ts');
  const der = encodePkcs8(parsePrivateKey(privateKey));
  try {
    return await encryptPrivateKey(der, passphrase);
  } finally {
    der.fill(0);
  }
}

function givenPassphrase({ env }: Asking): Given | undefined {
  const passphrase = env[PASSPHRASE_VARIABLE];
  if (passphrase !== '')
    return passphrase === undefined ? undefined : { passphrase, from: PASSPHRASE_VARIABLE };
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `${PASSPHRASE_VARIABLE} is set and empty: the secret is missing, or this job cannot see it; set the passphrase, or unset the variable`,
  );
}

function remember(context: Asking, passphrase: string): Given {
  if (passphrase === '') {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      'the passphrase is empty, so nothing was done: run the command again',
    );
  }
  const given = { passphrase, from: 'this terminal' };
  typed.set(context, given);
  return given;
}
