// A timer that counts only while the page is visible.

// Milliseconds between two readings of the clock. If the page was suspended, at most this time of the pause counts.
const TICK = 1000;

/**
 * Calls `expire` after `milliseconds` in the foreground.
 *
 * @returns A function that stops the timer.
 */
export function foregroundTimer(milliseconds: number, expire: () => void): () => void {
  let left = milliseconds;
  let last = Date.now();
  const stop = () => clearInterval(timer);
  const timer = setInterval(
    () => {
      const now = Date.now();
      const passed = Math.min(Math.max(now - last, 0), TICK);
      last = now;
      if (globalThis.document?.visibilityState === 'hidden') return;
      left -= passed;
      if (left > 0) return;
      stop();
      expire();
    },
    Math.min(TICK, milliseconds),
  );
  // In Node a running timer would keep the process alive.
  (timer as { readonly unref?: () => void }).unref?.();
  return stop;
}
