// What each figure is held to. A ratio is how many times as fast as the peer.

/** @typedef {{ op: '>=' | '<=', value: number }} Target */

const atLeast = (/** @type {number} */ value) => /** @type {Target} */ ({ op: '>=', value });
const atMost = (/** @type {number} */ value) => /** @type {Target} */ ({ op: '<=', value });

export const TARGETS = {
  /** Node backend at 64 MiB against node:crypto by hand, whole chunks, fresh output. */
  nodeRatio: atLeast(1),
  /** noble backend against bare noble with the same RSA. */
  nobleRatio: atLeast(0.95),
  /** WebCrypto backend in Chromium against bare chunked crypto.subtle. */
  chromiumRatio: atLeast(0.85),
  /** Recovering an RSA-4096 seal in pure JavaScript. */
  recoverMs: atMost(2),
  /** Making a seal in pure JavaScript, blinded and checked, in shares of one m^d mod n without CRT. */
  signShare: atMost(0.5),
  /** Memory beyond input and output at 64 MiB on the node backend. */
  peakMiB: atMost(32),
  /** What an app that imports decryptBundle loads at once, minified and gzipped. */
  eagerBytes: atMost(10_000),
  /** What sealing adds to a bundle. */
  overheadPercent: atMost(0.1),
};

/** @param {number} value @param {Target | undefined} target */
export function isMet(value, target) {
  if (target === undefined) return undefined;
  return target.op === '>=' ? value >= target.value : value <= target.value;
}
