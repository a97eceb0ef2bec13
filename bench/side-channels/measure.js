// @ts-check
// Times of two classes of inputs, measured alternately in random order.

/** @typedef {() => unknown} Work */
/** @typedef {{ a: Work, b: Work }} Classes */

/**
 * @param {Classes} classes
 * @param {{ samples: number, batch?: number }} options - `samples`: of each class; `batch`: calls in one of them, for what
 * is too short for the clock.
 * @returns {Promise<{ a: number[], b: number[] }>} nanoseconds of a call
 */
export async function measure({ a, b }, { samples, batch = 1 }) {
  const times = { a: /** @type {number[]} */ ([]), b: /** @type {number[]} */ ([]) };
  const warmUps = Math.ceil(samples / 10);
  for (let i = -warmUps; times.a.length < samples || times.b.length < samples; i++) {
    const isA = Math.random() < 0.5;
    const work = isA ? a : b;
    const start = process.hrtime.bigint();
    for (let n = 0; n < batch; n++) {
      const result = work();
      if (result instanceof Promise) await result.catch(() => {});
    }
    const time = Number(process.hrtime.bigint() - start) / batch;
    if (i >= 0) times[isA ? 'a' : 'b'].push(time);
  }
  return times;
}
