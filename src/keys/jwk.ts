// Reads JSON Web Keys (RFC 7517, RFC 7518 §6.3).

import { fromBase64 } from '../base64.ts';
import { bytesToInteger } from '../bytes.ts';
import { KeyFault } from './fault.ts';
import type { RsaPublicKey } from './rsa.ts';

/**
 * An RSA key as a JSON Web Key (RFC 7518 §6.3). A private key has all private members, a public key has none.
 */
export interface RsaJwk {
  /** The type of the key: `RSA`. */
  readonly kty?: string;
  /** The modulus. Each number is in base64url, without padding and without leading zero bytes. */
  readonly n?: string;
  /** The public exponent. */
  readonly e?: string;
  /** The private exponent. */
  readonly d?: string;
  /** The first prime. */
  readonly p?: string;
  /** The second prime. */
  readonly q?: string;
  /** d mod (p - 1). */
  readonly dp?: string;
  /** d mod (q - 1). */
  readonly dq?: string;
  /** The inverse of q mod p. */
  readonly qi?: string;
  /** Members such as `alg` and `kid`, which the library does not use. */
  readonly [member: string]: unknown;
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

/**
 * Whether an RSA key in a JWK is private.
 *
 * @throws {@link KeyFault} if the JWK is not an RSA key.
 */
export function isPrivateJwk(jwk: RsaJwk): boolean {
  if (jwk.kty !== 'RSA') throw new KeyFault('jwk');
  // One private member makes the key private: from p alone, anyone can compute the others.
  return PRIVATE_MEMBERS.some((name) => jwk[name] !== undefined);
}

export function readPublicJwk(jwk: RsaJwk): RsaPublicKey {
  return { n: readJwkInteger(jwk, 'n'), e: readJwkInteger(jwk, 'e') };
}

/** The most characters of a number: 24,576 bits. It bounds the work before `checkSizes` sees the number. */
const MAX_MEMBER_LENGTH = 4096;

/** Decodes a Base64urlUInt (RFC 7518 §2): no padding, no leading zero byte. */
export function readJwkInteger(jwk: RsaJwk, name: string): bigint {
  const text = jwk[name];
  const bytes =
    typeof text === 'string' && text.length <= MAX_MEMBER_LENGTH
      ? fromBase64(text, 'base64url')
      : undefined;
  if (!bytes?.[0]) throw new KeyFault('jwk-member', name);
  return bytesToInteger(bytes);
}
