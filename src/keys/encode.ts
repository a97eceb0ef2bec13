// Encodes RSA keys in DER: PKCS#1 (RFC 8017 appendix A.1), PKCS#8 (RFC 5958 §2) and SubjectPublicKeyInfo (RFC 5280
// §4.1). Computes the key id.

import type { Awaitable, Backend } from '../backend/backend.ts';
import { fromHex } from '../bytes.ts';
import { element, encodeInteger, TAG } from './der.ts';
import type { RsaPrivateKey, RsaPublicKey } from './rsa.ts';

/** AlgorithmIdentifier of rsaEncryption with its NULL parameters (RFC 3279 §2.3.1). */
const RSA_ALGORITHM: Uint8Array = /* @__PURE__ */ fromHex('300d06092a864886f70d0101010500');

export function encodePkcs1Public({ n, e }: RsaPublicKey): Uint8Array {
  return element(TAG.sequence, encodeInteger(n), encodeInteger(e));
}

export function encodeSpki(key: RsaPublicKey): Uint8Array {
  const bits = element(TAG.bitString, Uint8Array.of(0), encodePkcs1Public(key));
  return element(TAG.sequence, RSA_ALGORITHM, bits);
}

export function encodePkcs1Private(key: RsaPrivateKey): Uint8Array {
  const { n, e, d, p, q, dp, dq, qi } = key;
  return element(TAG.sequence, ...[0n, n, e, d, p, q, dp, dq, qi].map(encodeInteger));
}

export function encodePkcs8(key: RsaPrivateKey): Uint8Array {
  const inner = element(TAG.octetString, encodePkcs1Private(key));
  return element(TAG.sequence, encodeInteger(0n), RSA_ALGORITHM, inner);
}

/** Computes the key id of a header: the SHA-256 of the SubjectPublicKeyInfo, 32 bytes. */
export function keyDigest(backend: Backend, key: RsaPublicKey): Awaitable<Uint8Array> {
  return backend.sha256(encodeSpki(key));
}
