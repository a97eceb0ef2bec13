// Sends a request, follows its redirects and reads the response.

import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { giveWay, unawaited, untilAborted } from '../turn.ts';
import {
  type Failure,
  judge,
  type Offer,
  type RefuseResponse,
  type Version,
  versionOf,
  wholeSent,
} from './http-answer.ts';
import type { Connection, Validators } from './http-options.ts';
import {
  type Address,
  checkLanding,
  followBlindly,
  placeAfter,
  refuseMissingHeaders,
} from './http-redirect.ts';
import { withoutUrlSecrets } from './http-secrets.ts';

/** A read in progress. */
export interface Reading {
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

/** Returns a function that makes errors with the name of the file and the offset that the read has reached. */
export function refusal({ name, route }: Connection, { offset, at }: Reading): RefuseResponse {
  return (what, cause) =>
    new BundleSealError('ERR_SOURCE_FAILED', `${name} ${what}`, {
      offset: offset + at,
      cause: withoutUrlSecrets(cause, route.secrets),
    });
}

/**
 * Makes one attempt. Returns nothing if all bytes have arrived, or a failure that another attempt may avoid. Throws
 * if another attempt would fail too.
 *
 * @param arrived - Called for every response, and with the number of bytes for each part of a body.
 */
export async function exchange(
  connection: Connection,
  reading: Reading,
  stop: AbortSignal,
  arrived: (bytes?: number) => void,
): Promise<Failure | undefined> {
  const refuse = refusal(connection, reading);
  // Accepts only one correction of the size. A server that sends another size in each response would otherwise cause
  // endless requests.
  let isCorrected = false;
  for (;;) {
    const own = headersFor(reading);
    const reached = await reach(connection, own, { stop, alive: arrived, refuse });
    if ('unreached' in reached) {
      const advice = adviceOnReaching(connection, reading);
      return { kind: 'failure', what: 'could not be reached', advice, cause: reached.unreached };
    }
    const { answer } = reached;
    try {
      refuseMissingHeaders(connection, answer, reached.place, refuse);
      const { offset, at, to, version, validators, ranged } = reading;
      const asked = { from: offset + at, to, version, ranged, compare: validators !== 'ignore' };
      const verdict = judge(answer, { ...asked, readThrough: connection.readThrough }, refuse);
      switch (verdict.kind) {
        case 'offer':
          return await take(answer, verdict, reading, { connection, stop, arrived, refuse });
        case 'failure':
          return verdict;
        case 'replaced':
          return replaced(reading, refuse);
        case 'shorter':
          if (isCorrected && to !== verdict.size) {
            throw refuse(
              'answered 416 (range not satisfiable) with another size each time: the server is at fault',
            );
          }
          isCorrected = true;
          if (to === verdict.size) reading.ranged = false;
          reading.to = verdict.size;
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

/** A response that is not a redirect, or the error of `fetch`. */
type Reached =
  | { readonly answer: Response; readonly place: Address }
  | { readonly unreached: unknown };

// The status codes of redirects (RFC 9110 §15.4), and the most redirects that `fetch` follows.
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;

/**
 * Sends a request and follows redirects. In runtimes that show where redirects lead (Node, Bun, Deno, workerd), this
 * function follows them itself. For pages, see {@link followBlindly}.
 *
 * @param own - Headers of this library. Every origin gets them.
 * @param alive - Called for each response.
 * @throws the error of `refuse` for a redirect that the source must not follow.
 */
async function reach(
  connection: Connection,
  own: Readonly<Record<string, string>>,
  { stop, alive, refuse }: { stop: AbortSignal; alive: () => void; refuse: RefuseResponse },
): Promise<Reached> {
  const { route } = connection;
  const start: Address = { url: connection.url, trusted: true };
  let place = route.pinned ?? start;
  let isPinned = place !== start;
  const startAgain = () => {
    route.pinned = undefined;
    isPinned = false;
    place = start;
  };
  for (let redirects = 0; ; ) {
    let answer: Response;
    try {
      answer = await send(connection, place, own, stop);
    } catch (unreached) {
      if (!isPinned || stop.aborted) return { unreached };
      startAgain();
      continue;
    }
    if (typeof answer?.headers?.get !== 'function') {
      throw new TypeError(`options.fetch must answer with a Response, not ${describe(answer)}`);
    }
    alive();
    const location = REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
    const isRedirect = location !== null || answer.type === 'opaqueredirect';
    if (isRedirect) discard(answer);
    if (isRedirect && !connection.follow) {
      throw refuse('redirects, which options.redirect forbids: pass the final address');
    }
    if (location !== null) {
      if (++redirects > MOST_REDIRECTS) {
        throw refuse(
          `redirects more than ${MOST_REDIRECTS} times: correct the redirects on the server`,
        );
      }
      place = placeAfter(connection, place, location, refuse);
    } else if (isRedirect) {
      followBlindly(connection, refuse);
    } else if (isPinned && ![200, 206, 412, 416].includes(answer.status)) {
      // The signed link has expired or the server is gone. The URL itself may redirect to another one.
      discard(answer);
      startAgain();
    } else {
      try {
        checkLanding(connection, answer, place, refuse);
      } catch (error) {
        discard(answer);
        throw error;
      }
      if (redirects > 0 && answer.ok) route.pinned = place;
      return { answer, place };
    }
  }
}

/** Cancels a body that nobody reads, because an unread body blocks its connection. */
function discard({ body }: Response): void {
  if (body?.locked === false) unawaited(() => body.cancel());
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

function headersFor({ offset, at, to, version, validators, ranged }: Reading) {
  // Ranges of a compressed response are not ranges of the file. Browsers set this header themselves and ignore this
  // value.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (ranged) headers['Range'] = `bytes=${offset + at}-${to - 1}`;
  if (version?.ifRange !== undefined && validators === 'if-range') {
    headers['If-Range'] = version.ifRange;
  }
  return headers;
}

/** Handles a file that was replaced: restarts the opening, or refuses the file if it was open already. */
function replaced(reading: Reading, refuse: RefuseResponse): Failure {
  const what = 'was replaced while it was being read';
  const advice = 'open it again';
  if (!reading.opening) throw refuse(`${what}: ${advice}`);
  startAgain(reading);
  return { kind: 'failure', what, advice };
}

/** Drops the bytes that have arrived. */
function startAgain(reading: Reading): void {
  reading.at = 0;
  reading.target = undefined;
  reading.version = undefined;
}

/** What a read of a body reports to and follows. */
interface Watch {
  readonly connection: Connection;
  readonly stop: AbortSignal;
  readonly arrived: (bytes: number) => void;
  readonly refuse: RefuseResponse;
}

// The most memory, in bytes, for a length that the server only announced. It doubles whenever it is full.
const FIRST_ROOM = 1_048_576;

/** Reads the offered bytes into the target. */
async function take(
  { body, headers }: Response,
  offer: Offer,
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
  { rest, skip, length }: Offer,
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
        throw refuse('sent more bytes than it announced: the server is at fault');
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

function adviceOnReaching({ url, route }: Connection, { validators }: Reading): string {
  if (route.blind?.mode === 'same-origin') {
    return 'check the network and the URL, whose redirect may lead to another origin, where options.headers are not sent';
  }
  const here = globalThis.location?.origin;
  if (here === undefined || here === new URL(url).origin) return 'check the network and the URL';
  const own = validators === 'if-range' ? 'Range and If-Range' : 'Range';
  return `check the network and the URL, and that the server allows this origin, the headers ${own}, and those in options.headers (CORS)`;
}
