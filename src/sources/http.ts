// Reads a file on a web server by HTTP Range requests.

import { checkSignal, shown } from '../options.ts';
import { type OwnSignal, whileWanted } from '../signals.ts';
import { pause } from '../turn.ts';
import { type Failure, parseDate, type Version } from './http-answer.ts';
import { exchange, type Reading, refusal } from './http-exchange.ts';
import {
  type Connection,
  type HttpSourceInit,
  LONGEST_WAIT,
  MIN_PROGRESS,
  readConnection,
  type Validators,
} from './http-options.ts';
import { markOwn, type RandomAccessSource, setLenient } from './input.ts';

/** Number of bytes that the opening fetches and keeps. They contain the header of nearly every sealed bundle. */
const KEPT = 65_536;

/** An open file: the version that every later response must have, and its first bytes. */
interface Opened {
  readonly connection: Connection;
  readonly version: Version;
  readonly kept: Uint8Array;
}

/**
 * Opens a file on a web server as a source for `openBundle` and `openZip`. Downloads only the ranges that they read.
 *
 * The opening sends one GET for the first 65,536 bytes, and learns the size from the response. The source keeps these
 * bytes, so reads within them send no request. Every other read is one request, and any number of reads may run at
 * once. A read allocates memory only after it has checked the headers of the response. The source needs no close,
 * because nothing runs between reads.
 *
 * All bytes come from one version of the file: the source refuses a response with another size, ETag or
 * Last-Modified, and sends a strong validator as `If-Range` with every request. This does not verify the bytes.
 * `openBundle` verifies every byte itself, so for it only the size has to match, and the servers behind one name may
 * send different validators. If the file is replaced, its reads reject with `ERR_CHUNK_INVALID`. `init.validators`
 * overrides this.
 *
 * The source sends the caller's headers only to the origin of the URL, also after redirects. Later reads start at the
 * address that the redirects led to, and at the URL again if that address does not answer any more.
 *
 * In a page, a server of another origin has to send `Access-Control-Expose-Headers: Content-Range, ETag`.
 * docs/servers.md lists everything that a server needs.
 *
 * @param url - http or https; in a page or worker it may be relative. Messages name it without its query and
 * fragment, which may hold a token.
 * @param init.headers - Headers for every request to the URL's origin, for example `authorization`.
 * @param init.credentials - As in `fetch`, like `init.mode` and `init.cache`.
 * @param init.redirect - `'error'` refuses redirects. Default `'follow'`, never from https to http.
 * @param init.fetch - Called instead of the runtime's `fetch`.
 * @param init.ignoredRange - `'read-through'`: if the server ignores ranges, download everything up to the end of
 * each read and drop the bytes before it. Default `'refuse'`, except for small files.
 * @param init.validators - `'if-range'`, `'compare'` or `'ignore'`: how the source notices a replaced file.
 * @param init.retries - Further attempts for each read after a temporary failure. Default 3.
 * @param init.retryDelay - Milliseconds before the second attempt, doubled for each further attempt. Default 250.
 * @param init.timeout - Milliseconds within which a response has to begin, and then each further 16,384 bytes (or the
 * rest) have to arrive. Default 30,000.
 * @param init.signal - Aborts the opening and every later read. The signal of a read aborts that read only.
 * @returns A source whose `read` rejects with `RangeError` for a range outside its size, and otherwise with the
 * errors below.
 * @throws `TypeError` or `RangeError` if the URL or an option is wrong; the signal's reason on an abort. {@link
 * BundleSealError} `ERR_SOURCE_FAILED` (`offset`, `cause`) if the server cannot be reached, answers with an error, is
 * too slow, ignores or contradicts the range, compresses the file or sends a redirect that the source does not follow,
 * or if the file was replaced.
 * @see RFC 9110 §14 (Range requests), §13.1.5 (If-Range), §8.8 (validators), §15.4 (redirects)
 * @example
 * ```ts
 * import { httpSource } from 'bundleseal';
 *
 * // Leave `fetch` out to ask a real server. This one answers from memory.
 * const file = new Uint8Array(100_000);
 * const fromMemory = async (_url: unknown, init?: RequestInit) => {
 *   const range = new Headers(init?.headers).get('range') ?? '';
 *   const [first = 0, last = 0] = (range.match(/\d+/g) ?? []).map(Number);
 *   const end = Math.min(last + 1, file.length);
 *   const headers = { 'content-range': `bytes ${first}-${end - 1}/${file.length}` };
 *   return new Response(file.slice(first, end), { status: 206, headers });
 * };
 *
 * const source = await httpSource('https://example.com/app.sealed', { fetch: fromMemory });
 * console.log(source.size, await source.read(99_990, 10));
 * ```
 */
export async function httpSource(
  url: string | URL,
  init: HttpSourceInit = {},
): Promise<RandomAccessSource> {
  const connection = readConnection(url, init);
  const validators =
    connection.validators ?? (isOfAnotherPage(connection) ? 'compare' : 'if-range');
  const wanted = { offset: 0, to: KEPT, validators };
  const { version, bytes: kept } = await fetchRange(connection, wanted, undefined);
  const opened = { connection, version, kept };
  const source = sourceOf(opened, validators);
  if (connection.validators === undefined) setLenient(source, sourceOf(opened, 'ignore'));
  return source;
}

/** Whether If-Range would cause a CORS preflight, which many servers do not answer. */
function isOfAnotherPage({ url }: Connection): boolean {
  const here = globalThis.location?.origin;
  return here !== undefined && here !== new URL(url).origin;
}

function sourceOf(opened: Opened, validators: Validators): RandomAccessSource {
  return markOwn<RandomAccessSource>({
    size: opened.version.size,
    read: async (offset, length, signal) => read(opened, validators, offset, length, signal),
  });
}

async function read(
  { connection, version, kept }: Opened,
  validators: Validators,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  checkArgument('offset', offset, version.size);
  checkArgument('length', length, version.size - offset);
  checkSignal(signal);
  for (const one of [connection.signal, signal]) one?.throwIfAborted();
  if (length === 0) return new Uint8Array(0);
  const to = offset + length;
  if (to <= kept.length) return kept.slice(offset, to);
  return (await fetchRange(connection, { offset, to, version, validators }, signal)).bytes;
}

function checkArgument(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${name} expected an integer from 0 to ${max}, got ${shown(value)}`);
}

/** A range of one version of the file. */
interface Wanted {
  readonly offset: number;
  readonly to: number;
  readonly version?: Version;
  readonly validators: Validators;
}

/**
 * Fetches the bytes from `offset` to before `to`, and returns them with their version: the passed version, or the
 * current version on the server. The current version may end before `to`.
 */
export async function fetchRange(
  connection: Connection,
  { offset, to, version, validators }: Wanted,
  signal: AbortSignal | undefined,
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
  let wait = 0;
  for (let attempt = 0; ; attempt++) {
    const failure = await whileWanted([connection.signal, signal], async (stop, abort) => {
      if (wait > 0) await pause(wait, stop);
      return tryOnce(connection, reading, stop, abort);
    });
    if (failure === undefined) {
      return { version: reading.version as Version, bytes: reading.target as Uint8Array };
    }
    if (attempt === connection.retries) {
      const { what, advice, cause } = failure;
      const attempts = `attempt ${attempt + 1} of ${attempt + 1}`;
      throw refusal(connection, reading)(`${what} (${attempts}): ${advice}`, cause);
    }
    wait = waitBefore(connection.retryDelay, attempt, failure.retryAfter ?? null);
  }
}

/**
 * Makes one attempt, and ends it if the server is too slow.
 *
 * @param abort - Aborts `stop`.
 */
async function tryOnce(
  connection: Connection,
  reading: Reading,
  stop: AbortSignal,
  abort: OwnSignal['abort'],
): Promise<Failure | undefined> {
  const { timeout } = connection;
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
    const failure = await exchange(connection, reading, stop, arrived);
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
  // Retry-After is a number of seconds or a date (RFC 9110 §10.2.3).
  const asked = /^\d+$/.test(retryAfter ?? '')
    ? 1000 * Number(retryAfter)
    : parseDate(retryAfter) - Date.now();
  return Math.min(Math.max(asked || 0, jittered), LONGEST_WAIT);
}
