// The deadline of a request. It limits the time without progress, not the time of the whole transfer.

import { MIN_PROGRESS } from '../sources/http-options.ts';

export interface Deadline {
  /** Aborted if fewer than `MIN_PROGRESS` bytes arrive within the timeout. */
  readonly signal: AbortSignal;
  progress(bytes: number): void;
  end(): void;
}

/** @param timeout - Milliseconds. */
export function createDeadline(timeout: number): Deadline {
  const controller = new AbortController();
  const expire = () =>
    controller.abort(new DOMException('too few bytes have arrived', 'TimeoutError'));
  let timer = setTimeout(expire, timeout);
  let received = 0;
  return {
    signal: controller.signal,
    progress(bytes) {
      received += bytes;
      if (received < MIN_PROGRESS) return;
      received = 0;
      clearTimeout(timer);
      timer = setTimeout(expire, timeout);
    },
    end: () => clearTimeout(timer),
  };
}
