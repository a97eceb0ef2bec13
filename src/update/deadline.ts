// The deadline of a request: it ends without progress, however long the whole transfer takes.

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
  const expire = () => controller.abort(new DOMException('too little has come', 'TimeoutError'));
  let timer = setTimeout(expire, timeout);
  let sofar = 0;
  return {
    signal: controller.signal,
    progress(bytes) {
      sofar += bytes;
      if (sofar < MIN_PROGRESS) return;
      sofar = 0;
      clearTimeout(timer);
      timer = setTimeout(expire, timeout);
    },
    end: () => clearTimeout(timer),
  };
}
