// A range fetched over as many attempts as it takes, each going on at the byte that the last one reached.

import { whileWanted } from '../signals.ts';
import { untilAborted } from '../turn.ts';
import { type Failure, parseDate, type Version } from './http-answer.ts';
import { exchange, type Reading, refusal } from './http-exchange.ts';
import { type Connection, LONGEST_WAIT, type Validators } from './http-options.ts';

/** Bytes that have to come within the timeout, or all that are left: a byte now and then is no progress. */
const PROGRESS = 16_384;

/** A range, and how it is known that it is of the version. */
interface Wanted {
  readonly offset: number;
  readonly to: number;
  readonly version?: Version;
  readonly validators: Validators;
}

/**
 * The bytes from `offset` to `to`, and the version that they are of: `version`, or without one what the
 * server has now, of which fewer bytes may be there.
 */
export async function fetchRange(
  connection: Connection,
  { offset, to, version, validators }: Wanted,
  signal: AbortSignal,
): Promise<{ version: Version; bytes: Uint8Array }> {
  const reading: Reading = {
    offset,
    to,
    validators,
    opening: version === undefined,
    version,
    target: undefined,
    length: 0,
    at: 0,
    ranged: true,
  };
  for (let attempt = 0; ; attempt++) {
    const failure = await tryOnce(connection, reading, signal);
    if (failure === undefined) {
      return { version: reading.version as Version, bytes: reading.target as Uint8Array };
    }
    if (attempt === connection.retries) {
      const { what, advice, cause } = failure;
      const attempts = `attempt ${attempt + 1} of ${attempt + 1}`;
      throw refusal(connection, reading)(`${what} (${attempts}): ${advice}`, cause);
    }
    await pause(waitBefore(connection.retryDelay, attempt, failure.retryAfter ?? null), signal);
  }
}

async function tryOnce(
  connection: Connection,
  reading: Reading,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const { timeout } = connection;
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let since = 0;
  const tooFew = () => {
    return since === 0
      ? `sent no byte for ${timeout} ms`
      : `sent ${since} bytes in ${timeout} ms, where ${PROGRESS} or all that are left are the least`;
  };
  const arrived = (bytes = PROGRESS) => {
    since += bytes;
    if (since < PROGRESS) return;
    since = 0;
    clearTimeout(timer);
    timer = setTimeout(() => late.abort(new DOMException(tooFew(), 'TimeoutError')), timeout);
    // The connection holds the process, where there is one to wait for.
    (timer as { unref?: () => void }).unref?.();
  };
  arrived();
  try {
    const failure = await whileWanted([signal, late.signal], (stop) =>
      exchange(connection, reading, stop, arrived),
    );
    signal.throwIfAborted();
    if (failure === undefined || !late.signal.aborted) return failure;
    const advice = 'check the network, or allow a longer timeout';
    return { kind: 'failure', what: tooFew(), advice, cause: late.signal.reason };
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds to wait after attempt number `attempt`, counted from 0. */
export function waitBefore(retryDelay: number, attempt: number, retryAfter: string | null): number {
  const backoff = Math.min(retryDelay * 2 ** Math.min(attempt, 20), LONGEST_WAIT);
  const jittered = backoff * (1 - Math.random() / 2);
  // RFC 9110 §10.2.3: seconds or a date.
  const asked = /^\d+$/.test(retryAfter ?? '')
    ? 1000 * Number(retryAfter)
    : parseDate(retryAfter) - Date.now();
  return Math.min(Math.max(asked || 0, jittered), LONGEST_WAIT);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await untilAborted(over, signal);
  } finally {
    clearTimeout(timer);
  }
}
