// @ts-check
// Welch's t-test of two classes of times, as dudect does it (Reparaz, Balasch, Verbauwhede, DATE 2017).

/** @param {readonly number[]} values */
function momentsOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / (values.length - 1) };
}

/** Welch's t: how many standard errors the means are apart. @param {readonly number[]} a @param {readonly number[]} b */
export function welch(a, b) {
  const one = momentsOf(a);
  const two = momentsOf(b);
  const error = Math.sqrt(one.variance / a.length + two.variance / b.length);
  return error === 0 ? 0 : (one.mean - two.mean) / error;
}

// Shares of the times to keep, without the slowest ones. Those contain interrupts, which would hide small
// differences.
const KEPT = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/**
 * The largest |t| over several croppings. The limit depends on both classes together, so it favours neither.
 *
 * @param {readonly number[]} a @param {readonly number[]} b
 */
export function largestT(a, b) {
  const sorted = [...a, ...b].sort((x, y) => x - y);
  let largest = 0;
  for (const share of KEPT) {
    const limit = /** @type {number} */ (sorted[Math.ceil(share * sorted.length) - 1]);
    const [left, right] = [a, b].map((times) => times.filter((time) => time <= limit));
    if (left === undefined || right === undefined) continue;
    // If cropping removes nearly all of one class, the difference shows at the next share.
    if (Math.min(left.length, right.length) < 10) continue;
    largest = Math.max(largest, Math.abs(welch(left, right)));
  }
  return largest;
}
