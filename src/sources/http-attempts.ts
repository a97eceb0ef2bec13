// Decides how often httpSource tries to read a range, how long each attempt may take, and how long to wait in between.

import { type OwnSignal, whileWanted } from '../signals.ts';
import { pause } from '../turn.ts';
import { askedWait, type Failure, type RefuseResponse } from './http-answer.ts';
import { type Connection, LONGEST_WAIT, MIN_PROGRESS } from './http-options.ts';

/** What an attempt reports to and follows. */
export interface AttemptWatch {
  /** Aborted by the caller, or if the server is too slow. */
  readonly stop: AbortSignal;
  /** The attempt calls it for each response, and with the number of bytes for each part of a body. */
  readonly arrived: (bytes?: number) => void;
}

/** The work that {@link inAttempts} repeats. */
interface Attempts {
  /** Returns nothing on success, or a failure that another attempt may avoid. Throws if no other attempt can succeed. */
  attempt(watch: AttemptWatch): Promise<Failure | undefined>;
  /** Makes the error after the last attempt. */
  readonly refuse: RefuseResponse;
}

/** Makes attempts until one succeeds. @throws the error of `refuse` after the last one, and the reasons of the signals. */
export async function inAttempts(
  { signal: ofSource, retries, retryDelay, timeout }: Connection,
  ofRead: AbortSignal | undefined,
  { attempt, refuse }: Attempts,
): Promise<void> {
  let wait = 0;
  for (let number = 0; ; number++) {
    const failure = await whileWanted([ofSource, ofRead], async (stop, abort) => {
      if (wait > 0) await pause(wait, stop);
      return tryOnce(attempt, timeout, stop, abort);
    });
    if (failure === undefined) return;
    if (number === retries) {
      const { what, advice, cause } = failure;
      throw refuse(`${what} (attempt ${number + 1} of ${number + 1}): ${advice}`, cause);
    }
    wait = waitBefore(retryDelay, number, failure.retryAfter ?? null);
  }
}

/**
 * Makes one attempt, and ends it if the server is too slow.
 *
 * @param abort - Aborts `stop`.
 */
async function tryOnce(
  attempt: Attempts['attempt'],
  timeout: number,
  stop: AbortSignal,
  abort: OwnSignal['abort'],
): Promise<Failure | undefined> {
  let late: DOMException | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let since = 0;
  const tooFew = () => {
    return since === 0
      ? `sent no byte for ${timeout} ms`
      : `sent ${since} bytes in ${timeout} ms, and at least ${MIN_PROGRESS} or the rest are required`;
  };
  const arrived = (bytes = MIN_PROGRESS) => {
    since += bytes;
    if (since < MIN_PROGRESS) return;
    since = 0;
    clearTimeout(timer);
    timer = setTimeout(() => {
      late = new DOMException(tooFew(), 'TimeoutError');
      abort(late);
    }, timeout);
    // The timer does not keep the process alive. An open connection does.
    (timer as { unref?: () => void }).unref?.();
  };
  arrived();
  try {
    const failure = await attempt({ stop, arrived });
    if (stop.reason !== late) stop.throwIfAborted();
    if (failure === undefined || late === undefined) return failure;
    const advice = 'check the network, or allow a longer timeout';
    return { kind: 'failure', what: tooFew(), advice, cause: late };
  } finally {
    clearTimeout(timer);
  }
}

/** Computes the milliseconds to wait after attempt number `attempt`, counted from 0. */
export function waitBefore(retryDelay: number, attempt: number, retryAfter: string | null): number {
  const backoff = Math.min(retryDelay * 2 ** Math.min(attempt, 20), LONGEST_WAIT);
  const jittered = backoff * (1 - Math.random() / 2);
  return Math.min(Math.max(askedWait(retryAfter) || 0, jittered), LONGEST_WAIT);
}
