// Encrypts and decrypts private keys with a passphrase: PKCS#8 (RFC 5958 §3) with PBES2 (RFC 8018 §6.2), and the
// older PEM with headers (RFC 1421 §4.6). Needs Node: its OpenSSL derives the key and decrypts.

import { fromBase64 } from '../base64.ts';
import { concat, fromHex, isBytes, toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import {
  type Element,
  element,
  encodeInteger,
  readElements,
  readInteger,
  readSequence,
  TAG,
} from './der.ts';
import { keyInvalid } from './explain.ts';
import { encodePem, MAX_KEY_LENGTH } from './pem.ts';
import { repairKeyText, textOfBytes } from './repair.ts';

/** Options of {@link decryptPrivateKey}. */
export interface DecryptPrivateKeyOptions {
  /** The passphrase: a string that is not empty. White space counts. */
  readonly passphrase: string;
}

/** A passphrase-protected key in the form that OpenSSL takes. */
type Protected =
  | { readonly format: 'der'; readonly type: 'pkcs8'; readonly key: Uint8Array }
  | { readonly format: 'pem'; readonly key: string };

const LABEL = 'ENCRYPTED PRIVATE KEY';
const PKCS8 = new RegExp(`^-----BEGIN ${LABEL}-----([^-]*)-----END ${LABEL}-----$`);
// Matches the whole text. OpenSSL would skip the first of several blocks and open one that `checkWork` has not seen.
const WITH_HEADERS =
  /^-----BEGIN ((?!ENCRYPTED )[A-Z0-9 ]*PRIVATE KEY)-----\s+Proc-Type:\s*4,ENCRYPTED\s(?:(?!-----)[\s\S])*-----END \1-----$/;

// Object identifiers of PBES2, PBKDF2, scrypt and the cipher (RFC 8018 appendix A, RFC 7914 §7).
const PBES2 = '2a864886f70d01050d';
const SCRYPT = '2b06010401da47040b';
const AES_256_CBC = '60864801650304012a';

// The derivation takes some seconds with this many iterations. OWASP's "Password Storage Cheat Sheet" recommends
// 600,000.
const MAX_ITERATIONS = 10_000_000n;
const MAX_SCRYPT_WORK = 2n ** 24n;

// The same cheat sheet rates these values as strong as N = 2^17 with p = 1. They need less than 32 MiB, the most that
// OpenSSL allows when it reads the key.
const SCRYPT_COST = { N: 2 ** 14, r: 8, p: 5 } as const;

/** The lengths for scrypt and AES-256-CBC in `encryptPrivateKey`, in bytes. */
const SALT_LENGTH = 16;
const IV_LENGTH = 16;
const KEY_LENGTH = 32;

/**
 * Decrypts a private key that is protected by a passphrase, for the calls that sign. Needs Node, Deno or Bun.
 *
 * Accepts PKCS#8 (`-----BEGIN ENCRYPTED PRIVATE KEY-----`, in PEM or DER) with PBES2 and PBKDF2 or scrypt, as
 * `openssl genpkey -aes256` and `bundleseal key create --protect` write it, and the older PEM with the header
 * `Proc-Type: 4,ENCRYPTED`. No error contains the passphrase or any part of the key.
 *
 * The returned string is the unprotected key. JavaScript cannot wipe strings, so drop every reference to it after
 * use.
 *
 * @param key - The text of a PEM file, or the bytes of a PEM or DER file; at most 64 KiB.
 * @param options.passphrase - The passphrase. Required.
 * @returns PKCS#8 in PEM (`PRIVATE KEY`).
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if the passphrase is wrong, the key is damaged or not protected
 * by a passphrase, its cipher is not supported, or the key derivation would take minutes.
 * @throws {@link BundleSealError} `ERR_BACKEND_UNAVAILABLE` in a runtime without `node:crypto`.
 * @see RFC 5958 §3, RFC 8018 §6.2, RFC 7914 §7
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto';
 * import { encryptBundle } from 'bundleseal';
 * import { decryptPrivateKey } from 'bundleseal/node';
 *
 * const passphrase = 'correct horse battery staple';
 * const pem = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({
 *   type: 'pkcs8',
 *   format: 'pem',
 *   cipher: 'aes-256-cbc',
 *   passphrase,
 * });
 * const privateKey = await decryptPrivateKey(pem, { passphrase });
 * await encryptBundle(new Uint8Array(10), { privateKey });
 * ```
 */
export async function decryptPrivateKey(
  key: string | Uint8Array,
  options: DecryptPrivateKeyOptions,
): Promise<string> {
  if (typeof key !== 'string' && !isBytes(key)) {
    throw new TypeError(`key expected a string or a Uint8Array, got ${describe(key)}`);
  }
  checkOptions('decryptPrivateKey', options, { passphrase: 'any' });
  const passphrase = checkPassphrase(options.passphrase);
  const found = findProtected(key);
  if (found === undefined) {
    throw keyInvalid('this private key is not protected by a passphrase: leave the passphrase out');
  }
  if (found.format === 'der') checkWork(found.key);
  const { createPrivateKey } = cryptoOfNode();
  try {
    const opened = createPrivateKey({ ...found, key: found.key as string, passphrase });
    return opened.export({ type: 'pkcs8', format: 'pem' }) as string;
  } catch (error) {
    throw keyInvalid(reasonOf(error));
  }
}

/** Whether a key is protected by a passphrase. */
export function isProtected(key: string | Uint8Array): boolean {
  return findProtected(key) !== undefined;
}

/**
 * Encrypts a private key with a passphrase: scrypt and AES-256-CBC.
 *
 * @param pkcs8 - The private key as PKCS#8 in DER.
 * @returns PKCS#8 in PEM (`ENCRYPTED PRIVATE KEY`).
 */
export async function encryptPrivateKey(pkcs8: Uint8Array, passphrase: string): Promise<string> {
  checkPassphrase(passphrase);
  const { createCipheriv, randomBytes, scrypt } = cryptoOfNode();
  const salt = randomBytes(SALT_LENGTH);
  const iv = randomBytes(IV_LENGTH);
  const { N, r, p } = SCRYPT_COST;
  const secret = await new Promise<Uint8Array>((resolve, reject) => {
    scrypt(
      passphrase,
      salt,
      KEY_LENGTH,
      { ...SCRYPT_COST, maxmem: 256 * N * r },
      (error, derived) => {
        if (error === null) resolve(derived);
        else reject(error);
      },
    );
  });
  try {
    const cipher = createCipheriv('aes-256-cbc', secret, iv);
    const encrypted = concat(cipher.update(pkcs8), cipher.final());
    const costs = [N, r, p].map((cost) => encodeInteger(BigInt(cost)));
    const derivation = algorithm(
      SCRYPT,
      element(TAG.sequence, element(TAG.octetString, salt), ...costs),
    );
    const scheme = element(
      TAG.sequence,
      derivation,
      algorithm(AES_256_CBC, element(TAG.octetString, iv)),
    );
    return encodePem(
      LABEL,
      element(TAG.sequence, algorithm(PBES2, scheme), element(TAG.octetString, encrypted)),
    );
  } finally {
    secret.fill(0);
  }
}

function algorithm(identifier: string, parameters: Uint8Array): Uint8Array {
  return element(TAG.sequence, element(TAG.objectIdentifier, fromHex(identifier)), parameters);
}

function checkPassphrase(passphrase: unknown): string {
  if (typeof passphrase === 'string' && passphrase !== '') return passphrase;
  const got = passphrase === '' ? 'an empty one' : describe(passphrase);
  throw new TypeError(`options.passphrase expected a string that is not empty, got ${got}`);
}

function cryptoOfNode() {
  const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (crypto !== undefined) return crypto;
  throw new BundleSealError(
    'ERR_BACKEND_UNAVAILABLE',
    'only Node, Deno and Bun can open a private key that is protected by a passphrase: use one of them, or decrypt the key first with "openssl pkey -in key.pem -out plain.pem"',
  );
}

function findProtected(key: string | Uint8Array): Protected | undefined {
  const text = typeof key === 'string' ? key : textOfBytes(key);
  if (text === undefined) {
    const isFound = membersOf(key as Uint8Array) !== undefined;
    return isFound ? { format: 'der', type: 'pkcs8', key: key as Uint8Array } : undefined;
  }
  const repaired = repairKeyText(text).text.trim();
  const body = PKCS8.exec(repaired)?.[1];
  if (body === undefined) {
    const isFound = repaired.length <= MAX_KEY_LENGTH && WITH_HEADERS.test(repaired);
    return isFound ? { format: 'pem', key: `${repaired}\n` } : undefined;
  }
  const der = fromBase64(body.replace(/\s+/g, ''), 'base64');
  // Damaged base64 gives empty bytes, which `checkWork` refuses.
  return { format: 'der', type: 'pkcs8', key: der ?? new Uint8Array() };
}

/** The members of EncryptedPrivateKeyInfo: the algorithm and the encrypted bytes. */
function membersOf(der: Uint8Array): readonly [Element, Element] | undefined {
  if (der.length > MAX_KEY_LENGTH) return undefined;
  try {
    const [first, second, ...more] = readSequence(der);
    const isFound = first?.tag === TAG.sequence && second?.tag === TAG.octetString;
    return isFound && more.length === 0 ? [first, second] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Refuses a key whose derivation would block the process for minutes. The parameters come from the file, and nothing
 * authenticates them.
 */
function checkWork(der: Uint8Array): void {
  const [scheme] = membersOf(der) ?? [];
  if (scheme === undefined) throw keyInvalid('the private key is damaged: copy it again, whole');
  let isTooMuch: boolean;
  try {
    isTooMuch = takesTooLong(scheme);
  } catch {
    throw keyInvalid(UNKNOWN);
  }
  if (!isTooMuch) return;
  throw keyInvalid(
    'deriving the key from the passphrase would take minutes: protect the private key again, with at most 10,000,000 iterations',
  );
}

function takesTooLong({ content }: Element): boolean {
  let [identifier, parameters] = readElements(content) as [Element, Element];
  if (toHex(identifier.content) === PBES2) {
    const [derivation] = readElements(parameters.content) as [Element];
    [identifier, parameters] = readElements(derivation.content) as [Element, Element];
  }
  const numbers = readElements(parameters.content)
    .filter(({ tag }) => tag === TAG.integer)
    .map(readInteger);
  const [iterations, ...more] = numbers as [bigint, bigint, bigint];
  if (toHex(identifier.content) !== SCRYPT) return BigInt(iterations) > MAX_ITERATIONS;
  return iterations * more[0] * more[1] > MAX_SCRYPT_WORK;
}

const UNKNOWN =
  'the private key is protected by a cipher that is not supported: protect it again with "openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem"';

// OpenSSL's messages may quote bytes of the key, so this function uses only their codes.
function reasonOf(error: unknown): string {
  if ((error as { code?: unknown }).code === 'ERR_OSSL_EVP_UNSUPPORTED') return UNKNOWN;
  return 'the passphrase does not open the private key: check the passphrase, white space included, and that the key is whole';
}
