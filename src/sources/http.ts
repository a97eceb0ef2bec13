// Reads a file on a web server by HTTP Range requests. All bytes pass from `fetch` to the memory of a read in this file.
// http-attempts.ts decides how often and how long to try, http-redirect.ts where a request goes, and http-answer.ts
// whether a response has the requested bytes.

import { isBytes } from '../bytes.ts';
import { checkSignal, describe, shown } from '../options.ts';
import { giveWay, unawaited, untilAborted } from '../turn.ts';
import {
  type Failure,
  headersFor,
  judge,
  type OfferedBytes,
  type RefuseResponse,
  replaced,
  type Version,
  versionOf,
  wholeSent,
} from './http-answer.ts';
import { type AttemptWatch, inAttempts } from './http-attempts.ts';
import {
  type Connection,
  type HttpSourceInit,
  readConnection,
  type Validators,
  validatorsOf,
} from './http-options.ts';
import { type Address, startWay, unreached } from './http-redirect.ts';
import { refusal } from './http-secrets.ts';
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
  const validators = validatorsOf(connection);
  const wanted = { offset: 0, to: KEPT, validators };
  const { version, bytes: kept } = await fetchRange(connection, wanted);
  const opened = { connection, version, kept };
  const source = sourceOf(opened, validators);
  if (connection.validators === undefined) setLenient(source, sourceOf(opened, 'ignore'));
  return source;
}

function sourceOf({ connection, version, kept }: Opened, validators: Validators) {
  return markOwn<RandomAccessSource>({
    size: version.size,
    async read(offset, length, signal) {
      checkArgument('offset', offset, version.size);
      checkArgument('length', length, version.size - offset);
      checkSignal(signal);
      for (const one of [connection.signal, signal]) one?.throwIfAborted();
      if (length === 0) return new Uint8Array(0);
      const to = offset + length;
      if (to <= kept.length) return kept.slice(offset, to);
      return (await fetchRange(connection, { offset, to, version, validators }, signal)).bytes;
    },
  });
}

function checkArgument(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${name} expected an integer from 0 to ${max}, got ${shown(value)}`);
}

/** A read in progress. */
interface Reading {
  readonly offset: number;
  /** Offset after the last requested byte. On opening, the file may end before it. */
  to: number;
  readonly validators: Validators;
  /** Whether this read determines the version of the file. */
  readonly opening: boolean;
  version: Version | undefined;
  /** Memory for the bytes, allocated after a response has passed its checks. It grows with the bytes that arrive. */
  target: Uint8Array | undefined;
  /** Number of bytes that the read needs. */
  length: number;
  /** Number of bytes that have arrived. */
  at: number;
  /**
   * Whether the next request has a Range header. False if the server refused a range within the size that it sent: then
   * the source requests the whole file.
   */
  ranged: boolean;
}

/**
 * Fetches the bytes of a read, and returns them with their version: the version of the read, or the current version on
 * the server. The current version may end before `to`.
 */
export async function fetchRange(
  connection: Connection,
  { version, ...wanted }: Pick<Reading, 'offset' | 'to' | 'validators'> & { version?: Version },
  signal?: AbortSignal,
): Promise<{ version: Version; bytes: Uint8Array }> {
  const reading: Reading = {
    ...wanted,
    version,
    opening: version === undefined,
    target: undefined,
    length: 0,
    at: 0,
    ranged: true,
  };
  await inAttempts(connection, signal, {
    attempt: (watch) => exchange(connection, reading, watch),
    refuse: (what, cause) => refusal(connection, reading)(what, cause),
  });
  return { version: reading.version as Version, bytes: reading.target as Uint8Array };
}

/**
 * Makes one attempt: sends a request, follows its redirects and reads the response. Returns nothing if all bytes have
 * arrived, or a failure that another attempt may avoid. Throws if another attempt would fail too.
 */
async function exchange(
  connection: Connection,
  reading: Reading,
  watch: AttemptWatch,
): Promise<Failure | undefined> {
  const refuse = refusal(connection, reading);
  // Accepts only one correction of the size. A server that sends another size in each response would otherwise cause
  // endless requests.
  let isCorrected = false;
  let way = startWay(connection, refuse);
  for (;;) {
    const { offset, at, to, version, validators, ranged } = reading;
    const { readThrough } = connection;
    const compare = validators !== 'ignore';
    const asked = { from: offset + at, to, version, ranged, compare, readThrough };
    let answer: Response;
    try {
      answer = await send(connection, way.place, headersFor(asked, validators), watch.stop);
    } catch (cause) {
      if (!watch.stop.aborted && way.restarts()) continue;
      return unreached(connection, validators, cause);
    }
    if (typeof answer?.headers?.get !== 'function') {
      throw new TypeError(`options.fetch must answer with a Response, not ${describe(answer)}`);
    }
    watch.arrived();
    try {
      if (way.leadsOn(answer)) continue;
      const verdict = judge(answer, asked, refuse);
      switch (verdict.kind) {
        case 'offer':
          return await take(answer, verdict, reading, { connection, ...watch, refuse });
        case 'failure':
          return verdict;
        case 'replaced':
          if (!reading.opening) throw refuse(`${replaced.what}: ${replaced.advice}`);
          startAgain(reading);
          return replaced;
        case 'shorter':
          if (isCorrected && to !== verdict.size) {
            throw refuse(
              'answered 416 (range not satisfiable) with another size each time: serve the file from a server that answers Range requests',
            );
          }
          isCorrected = true;
          if (to === verdict.size) reading.ranged = false;
          reading.to = verdict.size;
          way = startWay(connection, refuse);
      }
    } catch (error) {
      // The redirect may lead the next read to another server.
      connection.route.pinned = undefined;
      throw error;
    } finally {
      discard(answer);
    }
  }
}

/**
 * Sends one request. Rejects on an abort even if the caller's `fetch` ignores the signal.
 *
 * The function is async, so that it rejects if the caller's `fetch` throws.
 */
async function send(
  { fetch, request, headers: callers, route }: Connection,
  { url, trusted }: Address,
  own: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const headers = new Headers(trusted ? callers : {});
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  const init = { ...request, redirect: 'manual', ...route.blind, headers, signal } as const;
  const answering = Promise.resolve(fetch(url, init));
  try {
    return await untilAborted(answering, signal);
  } catch (error) {
    if (signal.aborted) unawaited(async () => discard(await answering));
    throw error;
  }
}

/** Cancels a body that nobody reads, because an unread body blocks its connection. */
function discard({ body }: Response): void {
  if (body?.locked === false) unawaited(() => body.cancel());
}

/** Drops the bytes that have arrived. */
function startAgain(reading: Reading): void {
  reading.at = 0;
  reading.target = undefined;
  reading.version = undefined;
}

/** What a read of a body reports to and follows. */
interface Watch extends AttemptWatch {
  readonly connection: Connection;
  readonly refuse: RefuseResponse;
}

// The most memory, in bytes, for a length that the server only announced. It doubles whenever it is full.
const FIRST_ROOM = 1_048_576;

/** Reads the offered bytes into the target. */
async function take(
  { body, headers }: Response,
  offer: OfferedBytes,
  reading: Reading,
  watch: Watch,
): Promise<Failure | undefined> {
  const { rest, skip, length } = offer;
  reading.version = offer.version;
  if (reading.target === undefined) {
    reading.length = length;
    reading.target = new Uint8Array(Math.min(length, FIRST_ROOM));
  }
  const { place, cause } = await readBody(body, offer, reading as Filling, watch);
  if (rest === 'counted') {
    if (place > length && !watch.connection.readThrough) {
      startAgain(reading);
      return wholeSent;
    }
    if (cause === undefined) {
      reading.version = versionOf(headers, place);
      reading.target = reading.target.slice(0, reading.at);
      return undefined;
    }
    // Without a version, the next response may be about another file, so the read starts again.
    startAgain(reading);
  } else if (place >= skip + length) {
    return undefined;
  }
  return {
    kind: 'failure',
    what: `broke off at byte ${reading.offset + (rest === 'counted' ? place : reading.at)}`,
    advice: 'check the network, and that the server holds the whole file',
    ...cause,
  };
}

/** The most bytes that the source counts if no header has the size, because a body may be endless. */
const LARGEST_COUNTED = 268_435_456;

/** A read whose memory is allocated. */
type Filling = Reading & { target: Uint8Array };

/** Reads a body. Returns how far it came, and the error if the body broke off. */
async function readBody(
  body: Response['body'],
  { rest, skip, length }: OfferedBytes,
  reading: Filling,
  { connection, stop, arrived, refuse }: Watch,
): Promise<{ place: number; cause?: { cause: unknown } }> {
  const end = skip + length;
  let place = 0;
  const reader = body?.getReader();
  try {
    while (reader !== undefined && (rest !== 'cancelled' || place < end)) {
      let part: ReadableStreamReadResult<Uint8Array>;
      try {
        part = await untilAborted(reader.read(), stop);
        // Endless empty parts would block all timers.
        if (part.value?.length === 0) await giveWay();
      } catch (cause) {
        return { place, cause: { cause } };
      }
      if (part.done) break;
      const bytes = part.value;
      if (!isBytes(bytes)) {
        throw refuse(`has a body of ${describe(bytes)}: options.fetch must answer with bytes`);
      }
      arrived(bytes.length);
      keep(bytes, skip - place, reading);
      place += bytes.length;
      if (rest === 'counted' && place > end) {
        if (!connection.readThrough) return { place };
        if (place > LARGEST_COUNTED) {
          throw refuse(
            `sent more than ${LARGEST_COUNTED} bytes without a Content-Length: serve the file with one`,
          );
        }
      }
      if (rest === 'none' && place > end) {
        throw refuse(
          'sent more bytes than it announced: correct Content-Length or Content-Range on the server',
        );
      }
    }
    return { place };
  } finally {
    unawaited(() => reader?.cancel());
  }
}

/** Appends the requested part of `bytes` to the target. The first `skip` bytes are not requested. */
function keep(bytes: Uint8Array, skip: number, reading: Filling): void {
  const start = Math.max(0, skip);
  const wanted = bytes.subarray(start, start + reading.length - reading.at);
  const end = reading.at + wanted.length;
  if (end > reading.target.length) {
    const grown = new Uint8Array(
      Math.min(reading.length, Math.max(end, 2 * reading.target.length)),
    );
    grown.set(reading.target.subarray(0, reading.at));
    reading.target = grown;
  }
  reading.target.set(wanted, reading.at);
  reading.at = end;
}
