// @ts-check The peers as whole jobs, and the check that they are compatible with the library, in Node and in a page.

import { sha256 } from '@noble/hashes/sha2.js';
import { lengthOf, recoverByHand, signByHand } from './by-hand-rsa.js';
import {
  join,
  mustAgree,
  readPayload,
  readSealed,
  sameBytes,
  writeHead,
  writePayload,
} from './format.js';

/**
 * @typedef {import('./by-hand-rsa.js').Key} Key
 * @typedef {{ body: Uint8Array, digests: Uint8Array, sessionKey: Uint8Array, checksum: Uint8Array }} Parts
 */

/** Header of what a bare peer made: head, signature. @param {Parts} parts @param {Key} key @param {Uint8Array} keyId */
export function headerByHand({ body, digests, sessionKey, checksum }, key, keyId) {
  const size = body.length - (16 * digests.length) / 32;
  const head = writeHead({ size, keyId, digests, signatureLength: lengthOf(key) });
  return join(head, signByHand(key, writePayload(sessionKey, checksum, sha256(head))));
}

/** @param {{ signature: Uint8Array }} sealed @param {Key} key */
export function secretsByHand({ signature }, key) {
  return readPayload(recoverByHand(key, signature));
}

/**
 * Opens bundles of the peer with the library, and bundles of the library with the peer.
 *
 * @param {string} name
 * @param {Uint8Array} bundle
 * @param {{
 *   key: Key,
 *   sealed: Uint8Array,
 *   open: (sealed: Uint8Array) => Promise<Uint8Array>,
 *   encrypt: (bundle: Uint8Array) => Parts | Promise<Parts>,
 *   decrypt: (sealed: any, secrets: any) => Uint8Array | Promise<Uint8Array>,
 * }} peers - `sealed` and `open` are the library's.
 */
export async function crossCheck(name, bundle, { key, sealed, open, encrypt, decrypt }) {
  const ours = readSealed(sealed);
  const byPeer = await decrypt(ours, secretsByHand(ours, key));
  mustAgree(sameBytes(byPeer, bundle), `${name} by hand does not open what the library seals`);
  const parts = await encrypt(bundle);
  const byUs = await open(join(headerByHand(parts, key, ours.keyId), parts.body));
  mustAgree(sameBytes(byUs, bundle), `the library does not open what ${name} by hand seals`);
}
