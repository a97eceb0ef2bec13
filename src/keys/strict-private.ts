// Private keys, as strictly. Apart from public ones, so that an app that only opens bundles carries none of it.

import { checkPrivateKey } from './consistency.ts';
import { DerError, type Element, readInteger } from './der.ts';
import { KeyFault } from './fault.ts';
import { member, type RsaJwk, readPublicJwk } from './jwk.ts';
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts';
import {
  type Found,
  findKey,
  forget,
  type PrivateKeyInput,
  type PublicKeyInput,
  readPublic,
} from './strict.ts';

/** Checks that the numbers belong together, too. @throws as {@link strictPublicKey} does. */
export function strictPrivateKey(
  input: PrivateKeyInput,
  name: string,
  minBits?: number,
): RsaPrivateKey {
  const found = findKey(input, name);
  if (found.half === 'private') return readPrivate(found, minBits);
  throw new KeyFault('half', found.half);
}

/** The public numbers of a key of either half. @throws as {@link strictPublicKey} does. */
export function strictEitherKey(
  input: PublicKeyInput | PrivateKeyInput,
  name: string,
  minBits?: number,
): RsaPublicKey {
  const found = findKey(input, name);
  if (found.half === 'public') return readPublic(found, minBits);
  const { n, e } = readPrivate(found, minBits);
  return { n, e };
}

function readPrivate(found: Found, minBits?: number): RsaPrivateKey {
  if ('jwk' in found) return checkPrivateKey(readPrivateJwk(found.jwk), minBits);
  try {
    return checkPrivateKey(readPkcs1Private(found.members), minBits);
  } finally {
    forget(found);
  }
}

export function readPrivateJwk(jwk: RsaJwk): RsaPrivateKey {
  if (jwk['oth'] !== undefined) throw new KeyFault('multi-prime');
  return {
    ...readPublicJwk(jwk),
    d: member(jwk, 'd'),
    p: member(jwk, 'p'),
    q: member(jwk, 'q'),
    dp: member(jwk, 'dp'),
    dq: member(jwk, 'dq'),
    qi: member(jwk, 'qi'),
  };
}

function readPkcs1Private(members: readonly Element[]): RsaPrivateKey {
  const numbers = members.slice(0, 9).map(readInteger);
  const [version, n, e, d, p, q, dp, dq, qi] = numbers as [bigint, ...bigint[]] & bigint[];
  if (version === 1n) throw new KeyFault('multi-prime');
  if (version !== 0n || members.length !== 9) {
    throw new DerError('an RSA private key has version 0 and eight numbers');
  }
  return { n, e, d, p, q, dp, dq, qi } as RsaPrivateKey;
}
