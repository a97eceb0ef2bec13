// Strict readers of private keys. They are separate from the readers of public keys, so that an app that only opens
// bundles does not contain them.

import { checkPrivateKey } from './check-private.ts';
import { DerError, type Element, readInteger, readSequence, TAG } from './der.ts';
import { KeyFault } from './fault.ts';
import { type RsaJwk, readJwkInteger, readPublicJwk } from './jwk.ts';
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
import {
  checkAlgorithm,
  checkLabel,
  findPublic,
  isMadeOf,
  type Numbers,
  type OpenedKey,
  openKey,
  type PrivateKeyInput,
  type PublicKeyInput,
  readPublic,
  wipeOwnCopy,
} from './strict.ts';

/**
 * Reads a private key and checks that its numbers belong together. @throws as {@link strictPublicKey} does.
 */
export function strictPrivateKey(
  input: PrivateKeyInput,
  name: string,
  minBits?: number,
): RsaPrivateKey {
  const opened = openKey(input, name);
  try {
    if (readPublic(opened, minBits) === undefined) return readPrivate(opened, minBits);
  } finally {
    wipeOwnCopy(opened);
  }
  throw new KeyFault('half', 'public');
}

/** Reads the public numbers of a public or private key. @throws as {@link strictPublicKey} does. */
export function strictEitherKey(
  input: PublicKeyInput | PrivateKeyInput,
  name: string,
  minBits?: number,
): RsaPublicKey {
  const opened = openKey(input, name);
  try {
    const { n, e } = readPublic(opened, minBits) ?? readPrivate(opened, minBits);
    return { n, e };
  } finally {
    wipeOwnCopy(opened);
  }
}

/** Makes the fault for an input that is not a public key. */
export function faultOfPublic(input: PublicKeyInput, name: string): KeyFault {
  const opened = openKey(input, name);
  try {
    if (!('jwk' in opened)) checkLabel(opened, findPrivate(opened.members));
    return new KeyFault('half', 'private');
  } catch (error) {
    if (error instanceof KeyFault) return error;
    throw error;
  } finally {
    wipeOwnCopy(opened);
  }
}

/** Determines the PEM label of a key in DER. @throws {@link KeyFault} */
export function labelOfDer(der: Uint8Array): string {
  const members = readSequence(der);
  return (findPublic(members) ?? findPrivate(members)).label;
}

function readPrivate(opened: OpenedKey, minBits?: number): RsaPrivateKey {
  if ('jwk' in opened) return checkPrivateKey(readPrivateJwk(opened.jwk), minBits);
  const found = findPrivate(opened.members);
  checkLabel(opened, found);
  return checkPrivateKey(readPkcs1Private(found.numbers), minBits);
}

/** Finds the numbers in PKCS#1 or PKCS#8. */
function findPrivate(members: readonly Element[]): Numbers {
  const tags = members.map(({ tag }) => tag);
  // A multi-prime key has its other primes in a tenth member. `readPkcs1Private` refuses it with a fault of its own.
  if (tags.length > 2 && tags.slice(0, 9).every((tag) => tag === TAG.integer)) {
    return { label: 'RSA PRIVATE KEY', numbers: members };
  }
  const pkcs8 = [TAG.integer, TAG.sequence, TAG.octetString];
  if (!isMadeOf(members, ...pkcs8) && !isMadeOf(members, ...pkcs8, TAG.attributes)) {
    throw new KeyFault('structure', tags.join());
  }
  const [version, algorithm, key] = members as [Element, Element, Element];
  checkAlgorithm(algorithm);
  if (readInteger(version) !== 0n) throw new DerError('pkcs8');
  return { label: 'PRIVATE KEY', numbers: readSequence(key.content) };
}

function readPrivateJwk(jwk: RsaJwk): RsaPrivateKey {
  if (jwk['oth'] !== undefined) throw new KeyFault('multi-prime');
  return {
    ...readPublicJwk(jwk),
    d: readJwkInteger(jwk, 'd'),
    p: readJwkInteger(jwk, 'p'),
    q: readJwkInteger(jwk, 'q'),
    dp: readJwkInteger(jwk, 'dp'),
    dq: readJwkInteger(jwk, 'dq'),
    qi: readJwkInteger(jwk, 'qi'),
  };
}

function readPkcs1Private(members: readonly Element[]): RsaPrivateKey {
  const numbers = members.slice(0, 9).map(readInteger);
  const [version, n, e, d, p, q, dp, dq, qi] = numbers as [bigint, ...bigint[]] & bigint[];
  if (version === 1n) throw new KeyFault('multi-prime');
  if (version !== 0n || members.length !== 9) {
    throw new DerError('private');
  }
  return { n, e, d, p, q, dp, dq, qi } as RsaPrivateKey;
}
