// Sends one request and reads its response.

import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { giveWay, unawaited, untilAborted } from '../turn.ts';
import {
  type Failure,
  judge,
  type Offer,
  type Refuse,
  type Version,
  versionOf,
  wholeSent,
} from './http-answer.ts';
import { withoutSecrets } from './http-cause.ts';
import type { Connection, Validators } from './http-options.ts';
import { discard, type Reached, reach } from './http-redirect.ts';

/** A read in progress. */
export interface Reading {
  readonly offset: number;
  /** Offset after the last requested byte. On opening, the file may end before it. */
  to: number;
  readonly validators: Validators;
  /** Whether this read determines the version of the file. */
  readonly opening: boolean;
  version: Version | undefined;
  /**
   * Memory for the bytes. Allocated after a response has passed its checks; grows with the bytes that arrive.
   */
  target: Uint8Array | undefined;
  /** Number of bytes that the read needs. */
  length: number;
  /** Number of bytes that have arrived. */
  at: number;
  /**
   * False if the server refuses a range within the size that it named. The next request then asks for the whole file.
   */
  ranged: boolean;
}

/** Makes an error with the fault and the offset that the read has reached. */
export function refusal({ name, route }: Connection, { offset, at }: Reading): Refuse {
  return (what, cause) =>
    new BundleSealError('ERR_SOURCE_FAILED', `${name} ${what}`, {
      offset: offset + at,
      cause: withoutSecrets(cause, route.secrets),
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
  // Only one correction is accepted. A server that names another size in each response would otherwise cause requests
  // without end.
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
      refuseMissingHeaders(connection, reached, refuse);
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

function headersFor({ offset, at, to, version, validators, ranged }: Reading) {
  // Ranges of a compressed response are not ranges of the file. Browsers set this header themselves and drop this
  // one.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (ranged) headers['Range'] = `bytes=${offset + at}-${to - 1}`;
  if (version?.ifRange !== undefined && validators === 'if-range') {
    headers['If-Range'] = version.ifRange;
  }
  return headers;
}

/**
 * Refuses a 401 or 403 after a redirect to another origin, to which the caller's headers are not sent.
 */
function refuseMissingHeaders(
  { url, headers }: Connection,
  reached: Extract<Reached, { readonly answer: Response }>,
  refuse: Refuse,
): void {
  const { answer, place } = reached;
  if (place.trusted || ![401, 403].includes(answer.status) || headers.keys().next().done) return;
  throw refuse(
    `redirects to ${new URL(place.url).origin}, which answered ${answer.status}: options.headers are sent to ${new URL(url).origin} alone, so pass the address that it leads to`,
  );
}

/** Handles a replaced file: refuses it if it was open already, or restarts the opening. */
function replaced(reading: Reading, refuse: Refuse): Failure {
  const what = 'was replaced while it was being read';
  const advice = 'open it again';
  if (!reading.opening) throw refuse(`${what}: ${advice}`);
  startAgain(reading);
  return { kind: 'failure', what, advice };
}

function startAgain(reading: Reading): void {
  reading.at = 0;
  reading.target = undefined;
  reading.version = undefined;
}

interface Watch {
  readonly connection: Connection;
  readonly stop: AbortSignal;
  readonly arrived: (bytes: number) => void;
  readonly refuse: Refuse;
}

// The most memory, in bytes, that is allocated on the server's word alone. It doubles whenever it is full.
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
  const { place, cause } = await pour(body, offer, reading as Pouring, watch);
  if (rest === 'counted') {
    if (cause === undefined && place > length && !watch.connection.readThrough) {
      startAgain(reading);
      return wholeSent;
    }
    if (cause === undefined) {
      reading.version = versionOf(headers, place);
      reading.target = reading.target.slice(0, reading.at);
      return undefined;
    }
    // Without a version, it is unknown whether the next response is about the same file, so the read starts again.
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

/** The most bytes that are counted if no header has the size, because a body may be endless. */
const LARGEST_COUNTED = 268_435_456;

type Pouring = Reading & { target: Uint8Array };

/** Reads a body. Returns how far it came, and the error if the body broke off. */
async function pour(
  body: Response['body'],
  { rest, skip, length }: Offer,
  reading: Pouring,
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
        if (part.value?.length === 0) await giveWay(stop);
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

function keep(bytes: Uint8Array, skip: number, reading: Pouring): void {
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
