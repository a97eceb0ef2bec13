// The operations of an attacker with a sealed bundle and with keys, implemented only from docs/format.md.

import { gcm } from '@noble/ciphers/aes.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { pow } from 'micro-rsa-dsa-dh/utils.js';
import { bytesToInteger, concat, integerToBytes } from '../../src/bytes.ts';
import type { RsaPublicKey } from '../../src/keys/rsa.ts';

/** A sealed bundle in its parts. */
export interface Parts {
  readonly fixed: Uint8Array;
  readonly metadata: Uint8Array;
  readonly digests: Uint8Array;
  readonly signature: Uint8Array;
  readonly body: Uint8Array;
}

const PARTS = ['fixed', 'metadata', 'digests', 'signature', 'body'] as const;

export function takeApart(sealed: Uint8Array): Parts {
  const view = new DataView(sealed.buffer, sealed.byteOffset);
  const count = Math.max(1, Math.ceil(view.getUint32(20) / 2 ** view.getUint8(10)));
  let at = 0;
  const next = (length: number) => {
    at += length;
    return sealed.slice(at - length, at);
  };
  return {
    fixed: next(56),
    metadata: next(view.getUint16(14)),
    digests: next(32 * count),
    signature: next(view.getUint16(12)),
    body: sealed.slice(at),
  };
}

/** Joins the parts in their order, with some of them exchanged. */
export function putTogether(parts: Parts, exchanged: Partial<Parts> = {}): Uint8Array {
  const all = { ...parts, ...exchanged };
  return concat(...PARTS.map((name) => all[name]));
}

/** Recovers the session key of a genuine bundle, as everyone who has the app can. */
export function sessionKeyOf({ signature }: Parts, { n, e }: RsaPublicKey): Uint8Array {
  const block = integerToBytes(pow(bytesToInteger(signature), e, n), signature.length);
  return block.slice(-96, -64);
}

/** Encrypts another body with a session key, and computes its digests. */
export function forgeBody(
  sessionKey: Uint8Array,
  plain: Uint8Array,
  chunkSize: number,
): Pick<Parts, 'body' | 'digests'> {
  const count = Math.max(1, Math.ceil(plain.length / chunkSize));
  const chunks = Array.from({ length: count }, (_, i) => {
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setUint32(7, i);
    nonce[11] = i === count - 1 ? 1 : 0;
    const part = plain.subarray(i * chunkSize, (i + 1) * chunkSize);
    return gcm(sessionKey, nonce).encrypt(part);
  });
  return { body: concat(...chunks), digests: concat(...chunks.map((chunk) => sha256(chunk))) };
}

/** Signs these parts with a key of the forger. */
export function signParts(
  parts: Parts,
  secrets: { readonly sessionKey: Uint8Array; readonly checksum: Uint8Array },
  { n, d }: { readonly n: bigint; readonly d: bigint },
): Uint8Array {
  const k = Math.ceil(n.toString(16).length / 2);
  const headDigest = sha256(concat(parts.fixed, parts.metadata, parts.digests));
  const tag = new TextEncoder().encode('BNDLSEAL');
  const payload = concat(tag, secrets.sessionKey, secrets.checksum, headDigest);
  const padding = new Uint8Array(k - 107).fill(0xff);
  const block = concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), payload);
  return integerToBytes(pow(bytesToInteger(block), d, n), k);
}
