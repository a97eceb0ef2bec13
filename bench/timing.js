// @ts-check Interleaved timing, in Node and in a page. Every contender of a row runs once in each round, in a
// rotating order, so that a busy moment of the machine affects all of them.

/**
 * @typedef {{ median: number, min: number, max: number, times: number[] }} Timing milliseconds
 * @typedef {() => unknown} Contender
 */

// Milliseconds.
const SETTLE = 10;

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = /** @type {number} */ (sorted[middle]);
  return sorted.length % 2 === 1 ? upper : /** @type {number} */ (sorted[middle - 1] + upper) / 2;
}

/** @param {number[]} times @returns {Timing} */
export function summarize(times) {
  return { median: median(times), min: Math.min(...times), max: Math.max(...times), times };
}

/**
 * @param {Record<string, Contender>} contenders
 * @param {{ rounds: number, warmUps?: number, batch?: number, ownClock?: boolean }} options - `batch`: runs in one
 * measurement, for work that is too short for the clock; times are for one run. `ownClock`: contenders measure
 * themselves, and give their time in milliseconds.
 * @returns {Promise<Record<string, Timing>>}
 */
export async function interleave(contenders, { rounds, warmUps = 1, batch = 1, ownClock = false }) {
  const entries = Object.entries(contenders);
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    for (let i = 0; i < entries.length; i++) {
      const at = (i + round + warmUps) % entries.length;
      const [name, run] = /** @type {[string, Contender]} */ (entries[at]);
      if (globalThis.gc !== undefined) {
        globalThis.gc();
        // Other threads return large buffers to the system. A contender must not be slowed down by the buffers of the
        // previous one.
        await new Promise((resolve) => setTimeout(resolve, SETTLE));
      }
      const start = performance.now();
      let result;
      for (let n = 0; n < batch; n++) {
        result = run();
        if (result instanceof Promise) result = await result;
      }
      const time = ownClock ? Number(result) : (performance.now() - start) / batch;
      if (round >= 0) times[name]?.push(time);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summarize(list)]));
}

/**
 * How many times as fast `ours` is: the median over the rounds, each compared within itself.
 *
 * @param {Timing} ours @param {Timing} peer
 */
export function speedRatio(ours, peer) {
  return median(ours.times.map((time, i) => /** @type {number} */ (peer.times[i]) / time));
}
