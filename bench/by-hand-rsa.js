// @ts-check The recoverable signature by hand in pure JavaScript: CRT and a check with the public exponent, like
// every careful implementation, but without blinding.

import { pow } from 'micro-rsa-dsa-dh/utils.js';

/** @typedef {Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', bigint>} Key */

/** @param {Record<string, string>} jwk @returns {Key} */
export function readJwk(jwk) {
  const names = /** @type {const} */ (['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']);
  const read = (/** @type {string} */ name) => {
    const text = atob(/** @type {string} */ (jwk[name]).replaceAll('-', '+').replaceAll('_', '/'));
    return toInteger(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  };
  return /** @type {Key} */ (Object.fromEntries(names.map((name) => [name, read(name)])));
}

/** @param {Key} key */
export function lengthOf({ n }) {
  return n.toString(16).length / 2;
}

/** @param {Key} key @param {Uint8Array} payload */
export function signByHand(key, payload) {
  const length = lengthOf(key);
  const message = blockOf(payload, length);
  const sp = pow(message % key.p, key.dp, key.p);
  const sq = pow(message % key.q, key.dq, key.q);
  const h = (((key.qi * (sp - sq)) % key.p) + key.p) % key.p;
  const signature = sq + key.q * h;
  if (pow(signature, key.e, key.n) !== message) throw new Error('the signature came out wrong');
  return toBytes(signature, length);
}

/** @param {Key} key @param {Uint8Array} signature */
export function recoverByHand(key, signature) {
  const length = lengthOf(key);
  return toBytes(pow(toInteger(signature), key.e, key.n), length).subarray(length - 104);
}

/** PKCS#1 v1.5, block type 1, as an integer. @param {Uint8Array} payload @param {number} length */
export function blockOf(payload, length) {
  const block = new Uint8Array(length).fill(0xff);
  block.set([0, 1]);
  block[length - payload.length - 1] = 0;
  block.set(payload, length - payload.length);
  return toInteger(block);
}

/** @param {Uint8Array} bytes */
function toInteger(bytes) {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

/** @param {bigint} integer @param {number} length */
function toBytes(integer, length) {
  const hex = integer.toString(16).padStart(2 * length, '0');
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
