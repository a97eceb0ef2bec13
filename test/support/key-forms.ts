// A genuine pair of keys, and the forms in which callers pass bytes.

import { parsePrivateKey } from '../../src/keys/parse.ts';
import type { RsaPrivateKey } from '../../src/keys/rsa.ts';
import { keyB } from './vectors.ts';

export function atOddOffset(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.length + 9).fill(0xa5);
  room.set(bytes, 3);
  return room.subarray(3, 3 + bytes.length);
}

export function bytes(der: Uint8Array<ArrayBuffer>): Record<string, Uint8Array | ArrayBuffer> {
  return {
    'in a Uint8Array': der,
    'in an ArrayBuffer': der.buffer,
    'in a view at an odd offset': atOddOffset(der),
  };
}

const { kty, n, e } = keyB.jwk;
export const publicJwk: { readonly kty: string; readonly n: string; readonly e: string } = {
  kty,
  n,
  e,
};

export const genuine: RsaPrivateKey = parsePrivateKey(keyB.pkcs8);

export const modulus: bigint = genuine.n;
