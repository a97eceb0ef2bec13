// Every spelling of a key that users have, read into numbers and checked.

import { toHex } from '../bytes.ts';
import { describe } from '../options.ts';
import { DerError, type Element, readElements, readInteger, readSequence, TAG } from './der.ts';
import { halfOfJwk, type RsaJwk, readPrivateJwk, readPublicJwk } from './jwk.ts';
import { decodePem } from './pem.ts';
import {
  checkPrivateKey,
  checkPublicKey,
  keyInvalid,
  type RsaPrivateKey,
  type RsaPublicKey,
} from './rsa.ts';

/** An RSA public key: PEM (SubjectPublicKeyInfo or PKCS#1), DER bytes of either, or a JWK object. */
export type PublicKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** An RSA private key: PEM (PKCS#8 or PKCS#1), DER bytes of either, or a JWK object. */
export type PrivateKeyInput = string | Uint8Array | ArrayBuffer | RsaJwk;

/** A key told apart, with its numbers still to be read; so an app that only opens carries no reader of private ones. */
type Found =
  | {
      readonly half: 'public' | 'private';
      readonly members: readonly Element[];
      /** Memory of ours that holds the key, and not the caller's. */
      readonly own?: Uint8Array;
    }
  | { readonly half: 'public' | 'private'; readonly jwk: RsaJwk };

/** Object identifiers in DER, which spells each in one way only. */
const RSA_ENCRYPTION = '2a864886f70d010101';

/** Bytes of a PEM file that are looked at: the longest key is a quarter of it, and a bundle may be passed by mistake. */
const MAX_TEXT_LENGTH = 65_536;

const OTHER_ALGORITHMS: Record<string, string> = {
  '2a864886f70d01010a': 'an RSA key restricted to RSASSA-PSS',
  '2a8648ce3d0201': 'an EC key',
  '2b6570': 'an Ed25519 key',
};

/**
 * Reads a public key.
 *
 * @throws `ERR_KEY_INVALID` naming what came instead; `TypeError` for what can't be a key.
 */
export function parsePublicKey(
  input: PublicKeyInput,
  name = 'publicKey',
  minBits?: number,
): RsaPublicKey {
  const found = findKey(input, name);
  if (found.half === 'private') {
    forget(found);
    throw keyInvalid(
      'a private key came where the public key belongs: pass publicKeyOf(privateKey), and keep the private key out of the app',
    );
  }
  return readPublic(found, minBits);
}

/**
 * Reads a private key and checks that its numbers belong together.
 *
 * @throws `ERR_KEY_INVALID` naming what came instead; `TypeError` for what can't be a key.
 */
export function parsePrivateKey(
  input: PrivateKeyInput,
  name = 'privateKey',
  minBits?: number,
): RsaPrivateKey {
  const found = findKey(input, name);
  if (found.half === 'public') {
    throw keyInvalid(
      'a public key came where the private key belongs: pass the private key of the pair',
    );
  }
  return readPrivate(found, minBits);
}

/** Reads a key of either half and gives its public numbers. */
export function parseEitherKey(
  input: PublicKeyInput | PrivateKeyInput,
  minBits?: number,
): RsaPublicKey {
  const found = findKey(input, 'key');
  if (found.half === 'public') return readPublic(found, minBits);
  const { n, e } = readPrivate(found, minBits);
  return { n, e };
}

function readPublic(found: Found, minBits?: number): RsaPublicKey {
  return checkPublicKey(
    'jwk' in found ? readPublicJwk(found.jwk) : explained(() => readPkcs1Public(found.members)),
    minBits,
  );
}

function readPrivate(found: Found, minBits?: number): RsaPrivateKey {
  if ('jwk' in found) return checkPrivateKey(readPrivateJwk(found.jwk), minBits);
  try {
    return checkPrivateKey(
      explained(() => readPkcs1Private(found.members)),
      minBits,
    );
  } finally {
    forget(found);
  }
}

function forget(found: Found): void {
  if ('own' in found) found.own?.fill(0);
}

function findKey(input: unknown, name: string): Found {
  if (typeof input === 'string') return parsePem(input);
  if (input instanceof ArrayBuffer) return parseBytes(new Uint8Array(input));
  if (input instanceof Uint8Array) return parseBytes(input);
  if (typeof input === 'object' && input !== null && !ArrayBuffer.isView(input)) {
    const kind = Object.prototype.toString.call(input).slice(8, -1);
    if (kind === 'CryptoKey' || kind.endsWith('KeyObject')) {
      throw new TypeError(
        `${name} is a ${kind}: export it first, as a JWK or as PKCS#8 or SPKI bytes`,
      );
    }
    if (kind === 'Object') {
      const jwk = input as RsaJwk;
      return { half: halfOfJwk(jwk), jwk };
    }
  }
  throw new TypeError(
    `${name} expected a PEM string, DER bytes or a JWK object, got ${describe(input)}`,
  );
}

function parseBytes(bytes: Uint8Array): Found {
  // What readFile gives for a PEM file, with or without a byte order mark.
  if (bytes[0] !== TAG.sequence) {
    // A key's text is ASCII, and is read without a decoder, which Hermes has not; a byte order mark comes out as letters.
    const text = String.fromCharCode(...bytes.subarray(0, MAX_TEXT_LENGTH));
    return parsePem(text.replace(/^[^ -~]{3}-/, '-'));
  }
  return parseDer(bytes);
}

function parsePem(text: string): Found {
  const { label, der } = decodePem(text);
  try {
    return { ...parseDer(der, label), own: der };
  } catch (error) {
    der.fill(0);
    throw error;
  }
}

function parseDer(der: Uint8Array, label?: string): Found {
  return explained(() => parseStructure(readSequence(der), label));
}

/** Puts what is wrong with the DER into the words of a key's user. */
function explained<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw keyInvalid(
      `the key is damaged or is no RSA key (${error.message}): copy it again, whole, or make a pair with keygen()`,
    );
  }
}

/** Tells the four structures apart by their members, down to the numbers of the key. */
function parseStructure(members: readonly Element[], label: string | undefined): Found {
  const tags = members.map(({ tag }) => tag);
  const is = (...wanted: number[]) =>
    wanted.length === tags.length && wanted.every((tag, i) => tag === tags[i]);
  const fits = (wanted: string) => {
    if (label !== undefined && label !== wanted) {
      throw keyInvalid(
        `what the block "${label}" holds is a "${wanted}": correct its first and last line`,
      );
    }
  };

  // A tenth member is the further primes of a key that has more than two; the reader refuses it by name.
  if (tags.length > 2 && tags.slice(0, 9).every((tag) => tag === TAG.integer)) {
    fits('RSA PRIVATE KEY');
    return { half: 'private', members };
  }
  if (is(TAG.integer, TAG.integer)) {
    fits('RSA PUBLIC KEY');
    return { half: 'public', members };
  }
  const pkcs8 = [TAG.integer, TAG.sequence, TAG.octetString];
  if (is(...pkcs8) || is(...pkcs8, TAG.attributes)) {
    const [version, algorithm, key] = members as [Element, Element, Element];
    checkAlgorithm(algorithm);
    fits('PRIVATE KEY');
    if (readInteger(version) !== 0n) throw new DerError('it is not a PKCS#8 key of version 0');
    return { half: 'private', members: readSequence(key.content) };
  }
  if (is(TAG.sequence, TAG.bitString)) {
    const [algorithm, key] = members as [Element, Element];
    checkAlgorithm(algorithm);
    fits('PUBLIC KEY');
    if (key.content[0] !== 0) throw new DerError('its BIT STRING is not whole bytes');
    return { half: 'public', members: readSequence(key.content.subarray(1)) };
  }
  throw keyInvalid(
    `this is ${nameStructure(tags)}: an RSA key is needed, make a pair with keygen()`,
  );
}

function nameStructure(tags: readonly number[]): string {
  const starts = (...wanted: number[]) => wanted.every((tag, i) => tag === tags[i]);
  if (starts(TAG.sequence, TAG.octetString))
    return 'an encrypted private key, to be decrypted first';
  if (starts(TAG.sequence, TAG.sequence, TAG.bitString))
    return 'a certificate or a request for one';
  if (starts(TAG.integer, TAG.octetString)) return 'an EC key';
  if (starts(TAG.integer, TAG.sequence, TAG.octetString))
    return 'a private key in a form that is not PKCS#8 version 0';
  return 'no RSA key';
}

function checkAlgorithm({ content }: Element): void {
  const [identifier, ...parameters] = readElements(content);
  if (identifier?.tag !== TAG.objectIdentifier) throw new DerError('an algorithm was expected');
  // The parameters of other algorithms may be anything, so the identifier is looked at first.
  const algorithm = toHex(identifier.content);
  if (algorithm !== RSA_ENCRYPTION) {
    const what = OTHER_ALGORITHMS[algorithm] ?? 'a key for another algorithm';
    throw keyInvalid(`this is ${what}: a plain RSA key is needed, make a pair with keygen()`);
  }
  const [none] = parameters;
  if (parameters.length !== 1 || none?.tag !== TAG.null || none.content.length > 0) {
    throw new DerError('rsaEncryption must have NULL parameters');
  }
}

function readPkcs1Public(members: readonly Element[]): RsaPublicKey {
  if (members.length !== 2) throw new DerError('an RSA public key has two numbers');
  const [n, e] = members.map(readInteger) as [bigint, bigint];
  return { n, e };
}

function readPkcs1Private(members: readonly Element[]): RsaPrivateKey {
  const numbers = members.slice(0, 9).map(readInteger);
  const [version, n, e, d, p, q, dp, dq, qi] = numbers as [bigint, ...bigint[]] & bigint[];
  if (version === 1n)
    throw keyInvalid('this is an RSA key of more than two primes: make a pair with keygen()');
  if (version !== 0n || members.length !== 9) {
    throw new DerError('an RSA private key has version 0 and eight numbers');
  }
  return { n, e, d, p, q, dp, dq, qi } as RsaPrivateKey;
}
