// Private keys under a passphrase: decrypted with what a variable holds or a person types, and protected again.

import { BundleSealError } from '../errors.ts';
import type { Context } from './context.ts';
import type { KeyValue } from './read-key.ts';

/** The variable that holds the passphrase of the private key. */
export const PASSPHRASE = 'BUNDLESEAL_KEY_PASSPHRASE';

/** Where a passphrase may come from. */
export type Asking = Pick<Context, 'env' | 'askSecret'>;

interface Given {
  readonly passphrase: string;
  /** For people: where it came from. */
  readonly from: string;
}

// What a person has typed is asked for once a command.
const typed = new WeakMap<Asking, Given>();

/** Whether a passphrase is needed for a key. */
export async function isProtectedKey(key: KeyValue): Promise<boolean> {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) return false;
  return (await import('../keys/passphrase.ts')).isProtected(key);
}

/**
 * The key itself, decrypted where it is protected by a passphrase.
 *
 * @param from - Where the key came from, for the question and for messages.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`: there is no passphrase, or it is another one.
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
      `the private key is protected by a passphrase: set ${PASSPHRASE}, or run the command on a terminal, where it asks`,
    );
  }
  return remember(context, passphrase);
}

/**
 * The passphrase for a new private key: the variable's, or typed twice.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`: there is none, or what was typed differs.
 */
export async function newPassphrase(context: Asking): Promise<string> {
  const given = givenPassphrase(context) ?? typed.get(context);
  if (given !== undefined) return given.passphrase;
  const passphrase = await context.askSecret('New passphrase');
  if (passphrase === undefined) {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `there is no passphrase to protect the private key by: set ${PASSPHRASE}, or run the command on a terminal, where it asks`,
    );
  }
  if ((await context.askSecret('The same again')) !== passphrase) {
    throw new BundleSealError('ERR_KEY_INVALID', 'the two passphrases differ: nothing was written');
  }
  return remember(context, passphrase).passphrase;
}

/** A private key in PEM under a passphrase: PKCS#8, by scrypt and AES-256-CBC. */
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
  const passphrase = env[PASSPHRASE];
  if (passphrase !== '')
    return passphrase === undefined ? undefined : { passphrase, from: PASSPHRASE };
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `${PASSPHRASE} is set and empty: the secret behind it is missing or not visible to this job; give it the passphrase, or unset it`,
  );
}

function remember(context: Asking, passphrase: string): Given {
  if (passphrase === '') {
    throw new BundleSealError('ERR_KEY_INVALID', 'the passphrase is empty: nothing was done');
  }
  const given = { passphrase, from: 'this terminal' };
  typed.set(context, given);
  return given;
}
