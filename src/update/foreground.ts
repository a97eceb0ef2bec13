// A timer that counts only while people can see the page.

// How often time is taken, in milliseconds: a page that was put to sleep counts at most this much of it.
const TICK = 1000;

/** Calls `expire` after so many milliseconds in the foreground; what it returns stops it. */
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
  // On Node it must not keep a process alive that has ended its work.
  (timer as { readonly unref?: () => void }).unref?.();
  return stop;
}
