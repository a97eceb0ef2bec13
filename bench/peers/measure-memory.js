// @ts-check Measures all contenders with the same bytes in one process, sealing and opening separately.

import { randomFillSync } from 'node:crypto';
import { interleave } from '../timing.js';

const MIB = 2 ** 20;

/**
 * @typedef {import('../timing.js').Timing} Timing
 * @typedef {{ mib: number, rounds: number, seal: Record<string, Timing>, open: Record<string, Timing> }} InMemory
 */

/**
 * @param {import('./contenders.js').Contender[]} contenders - The contenders that work in memory.
 * @param {Record<string, any>} keys
 * @param {{ mib: number, rounds: number }} options
 * @returns {Promise<InMemory>}
 */
export async function measureInMemory(contenders, keys, { mib, rounds }) {
  const plain = randomFillSync(new Uint8Array(mib * MIB));
  /** @type {Record<string, () => unknown>} */
  const sealing = {};
  /** @type {Record<string, () => unknown>} */
  const opening = {};
  for (const { id, memory } of contenders) {
    const { seal, open } = /** @type {import('./contenders.js').InMemory} */ (memory);
    sealing[id] = () => seal(keys[id], plain);
    const sealed = await seal(keys[id], plain);
    opening[id] = () => open(keys[id], sealed);
  }
  return {
    mib,
    rounds,
    seal: await interleave(sealing, { rounds }),
    open: await interleave(opening, { rounds }),
  };
}
