// JSON Web Keys (RFC 7517, RFC 7518 §6.3).

import { fromBase64 } from '../base64.ts';
import { bytesToInteger } from '../bytes.ts';
import { keyInvalid, type RsaPrivateKey, type RsaPublicKey } from './rsa.ts';

/** An RSA key as a JSON Web Key (RFC 7518 §6.3); the private members are all there or all absent. */
export interface RsaJwk {
  readonly kty?: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
  readonly [member: string]: unknown;
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

/**
 * Which half an RSA key in JWK form is.
 *
 * @throws `ERR_KEY_INVALID` for any other key.
 */
export function halfOfJwk(jwk: RsaJwk): 'public' | 'private' {
  if (jwk.kty === 'RSA') {
    // Any of them is secret: with p alone the key is given away.
    return PRIVATE_MEMBERS.some((name) => jwk[name] !== undefined) ? 'private' : 'public';
  }
  const kinds: Record<string, string> = {
    EC: 'an EC key',
    OKP: 'an Ed25519 or X25519 key',
    oct: 'a symmetric key',
  };
  const what =
    typeof jwk.kty === 'string' && Object.hasOwn(kinds, jwk.kty) ? kinds[jwk.kty] : 'no RSA key';
  throw keyInvalid(`the JWK is ${what} ("kty" must be "RSA"): make a pair with keygen()`);
}

export function readPublicJwk(jwk: RsaJwk): RsaPublicKey {
  return { n: member(jwk, 'n'), e: member(jwk, 'e') };
}

export function readPrivateJwk(jwk: RsaJwk): RsaPrivateKey {
  if (jwk['oth'] !== undefined) {
    throw keyInvalid('the JWK is an RSA key of more than two primes: make a pair with keygen()');
  }
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

/** A Base64urlUInt (RFC 7518 §2): no padding, no leading zero byte. */
function member(jwk: RsaJwk, name: string): bigint {
  const text = jwk[name];
  if (text === undefined) {
    throw keyInvalid(`the JWK has no "${name}": export the key again with all of its members`);
  }
  const bytes = typeof text === 'string' ? fromBase64(text, 'base64url') : undefined;
  if (bytes === undefined || bytes.length === 0 || bytes[0] === 0) {
    throw keyInvalid(`the JWK's "${name}" is not a Base64urlUInt: export the key again`);
  }
  return bytesToInteger(bytes);
}
