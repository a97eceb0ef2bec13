// One request, and what comes of its answer.

import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { untilAborted } from '../turn.ts';
import { judge, type Offer, type Refuse, type Version, versionOf } from './http-answer.ts';
import type { Connection } from './http-options.ts';

/** What is being read, and how far that is. */
export interface Reading {
  readonly offset: number;
  /** The first byte that is not wanted; on opening the file may end before it. */
  readonly to: number;
  version: Version | undefined;
  /** Taken once an answer was found to hold what was asked for. */
  target: Uint8Array | undefined;
  /** Bytes of the target that are there. */
  at: number;
}

/** Why an attempt failed, where another one may not. */
export interface Failure {
  readonly what: string;
  readonly advice: string;
  readonly cause?: unknown;
  readonly retryAfter?: string | null;
}

// RFC 9110 §15.5.9, §15.6; RFC 8470 §5.2; RFC 6585 §4.
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** Makes the error that says what is wrong, and how far the reading is. */
export function refusal({ name }: Connection, { offset, at }: Reading): Refuse {
  return (what, cause) =>
    new BundleSealError('ERR_SOURCE_FAILED', `${name} ${what}`, { offset: offset + at, cause });
}

/**
 * One attempt: nothing where all is there, or why not. What another attempt would not mend is thrown.
 *
 * @param alive - Called for every sign of life, so that no timeout comes.
 */
export async function exchange(
  connection: Connection,
  reading: Reading,
  stop: AbortSignal,
  alive: () => void,
): Promise<Failure | undefined> {
  const answering = ask(connection, reading, stop);
  let answer: Response;
  try {
    answer = await untilAborted(answering, stop);
  } catch (cause) {
    // A fetch of the caller's own may answer in spite of the signal.
    answering.then(discard).catch(() => {});
    return { what: 'could not be reached', advice: adviceOnReaching(connection), cause };
  }
  if (typeof answer?.headers?.get !== 'function') {
    throw new TypeError(`options.fetch must answer with a Response, not ${describe(answer)}`);
  }
  alive();
  try {
    const { status, headers } = answer;
    if (PASSING.includes(status)) {
      const retryAfter = headers.get('retry-after');
      return { what: `answered ${status}`, advice: 'try again later', retryAfter };
    }
    const { to, version } = reading;
    const asked = { from: reading.offset + reading.at, to, version };
    const refuse = refusal(connection, reading);
    const offer = judge(answer, { ...asked, readThrough: connection.readThrough }, refuse);
    return await take(answer, offer, reading, { stop, alive, refuse });
  } finally {
    discard(answer);
  }
}

/** Async, so that a fetch of the caller's own that throws rejects instead. */
async function ask(
  { fetch, url, request }: Connection,
  { offset, at, to, version }: Reading,
  signal: AbortSignal,
): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('Range', `bytes=${offset + at}-${to - 1}`);
  if (version?.ifRange !== undefined) headers.set('If-Range', version.ifRange);
  return fetch(url, { ...request, headers, signal });
}

/** Lets go of a body, so that its connection doesn't wait for someone to read it. */
function discard({ body }: Response): void {
  if (body?.locked === false) body.cancel().catch(() => {});
}

interface Watch {
  readonly stop: AbortSignal;
  readonly alive: () => void;
  readonly refuse: Refuse;
}

/** Reads what the offer holds into the target. */
async function take(
  { body, headers }: Response,
  offer: Offer,
  reading: Reading,
  watch: Watch,
): Promise<Failure | undefined> {
  const { rest, skip, length } = offer;
  reading.version = offer.version;
  reading.target ??= new Uint8Array(length);
  const { place, cause } = await pour(body, offer, reading as Pouring, watch);
  if (rest === 'counted') {
    if (cause === undefined) {
      reading.version = versionOf(headers, place);
      reading.target = reading.target.slice(0, reading.at);
      return undefined;
    }
    // Without a version, nothing would tell whether the next answer is about the same file: start again.
    reading.at = 0;
    reading.target = undefined;
  } else if (place >= skip + length) {
    return undefined;
  }
  return {
    what: `broke off at byte ${reading.offset + (rest === 'counted' ? place : reading.at)}`,
    advice: 'check the network, and that the server holds the whole file',
    ...cause,
  };
}

type Pouring = Reading & { readonly target: Uint8Array };

/** How far into the body it came, and what ended it before its own end. */
async function pour(
  body: Response['body'],
  { rest, skip, length }: Offer,
  reading: Pouring,
  { stop, alive, refuse }: Watch,
): Promise<{ place: number; cause?: { cause: unknown } }> {
  const end = skip + length;
  let place = 0;
  const reader = body?.getReader();
  try {
    while (reader !== undefined && (rest !== 'cancelled' || place < end)) {
      let part: ReadableStreamReadResult<Uint8Array>;
      try {
        part = await untilAborted(reader.read(), stop);
      } catch (cause) {
        return { place, cause: { cause } };
      }
      if (part.done) break;
      const bytes = part.value;
      if (!isBytes(bytes)) {
        throw refuse(`has a body of ${describe(bytes)}: options.fetch must answer with bytes`);
      }
      if (bytes.length > 0) alive();
      keep(bytes, skip - place, reading);
      place += bytes.length;
      if (rest === 'none' && place > end) {
        throw refuse('sent more bytes than it announced: the server is at fault');
      }
    }
    return { place };
  } finally {
    reader?.cancel().catch(() => {});
  }
}

const isBytes = (value: unknown): boolean =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';

function keep(bytes: Uint8Array, skip: number, reading: Pouring): void {
  const start = Math.max(0, skip);
  const wanted = bytes.subarray(start, start + reading.target.length - reading.at);
  reading.target.set(wanted, reading.at);
  reading.at += wanted.length;
}

function adviceOnReaching({ url }: Connection): string {
  const here = globalThis.location?.origin;
  return here === undefined || here === new URL(url).origin
    ? 'check the network and the URL'
    : 'check the network and the URL, and that the server allows this origin and the headers Range and If-Range (CORS)';
}
