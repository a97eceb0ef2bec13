// One request, and what comes of its answer.

import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { describe } from '../options.ts';
import { giveWay, untilAborted } from '../turn.ts';
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

/** What is being read, and how far that is. */
export interface Reading {
  readonly offset: number;
  /** The first byte that is not wanted; on opening the file may end before it. */
  to: number;
  readonly validators: Validators;
  /** Whether the version is the one that this reading finds. */
  readonly opening: boolean;
  version: Version | undefined;
  /** Taken once an answer was found to hold what was asked for; grows with what arrives. */
  target: Uint8Array | undefined;
  /** Bytes that the target is to hold. */
  length: number;
  /** Bytes of the target that are there. */
  at: number;
  /** False where the server has refused the very range that it said is there: the file is asked for whole. */
  ranged: boolean;
}

/** Makes the error that says what is wrong, and how far the reading is. */
export function refusal({ name, route }: Connection, { offset, at }: Reading): Refuse {
  return (what, cause) =>
    new BundleSealError('ERR_SOURCE_FAILED', `${name} ${what}`, {
      offset: offset + at,
      cause: withoutSecrets(cause, route.secrets),
    });
}

/**
 * One attempt: nothing where all is there, or why not. What another attempt would not mend is thrown.
 *
 * @param arrived - Called for every answer, and for bytes of a body with their number.
 */
export async function exchange(
  connection: Connection,
  reading: Reading,
  stop: AbortSignal,
  arrived: (bytes?: number) => void,
): Promise<Failure | undefined> {
  const refuse = refusal(connection, reading);
  // A server could name another size with every answer, and so be asked without end.
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
      // The next read may be led to another server, which knows better.
      connection.route.pinned = undefined;
      throw error;
    } finally {
      discard(answer);
    }
  }
}

function headersFor({ offset, at, to, version, validators, ranged }: Reading) {
  // Of a compressed file no range is one of the bundle. A browser sends this by itself, and drops ours.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (ranged) headers['Range'] = `bytes=${offset + at}-${to - 1}`;
  if (version?.ifRange !== undefined && validators === 'if-range') {
    headers['If-Range'] = version.ifRange;
  }
  return headers;
}

/** A server that leads elsewhere, where the Authorization that it wants is not sent. */
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

/** Nothing that was opened becomes another file; while it is being opened, opening starts again. */
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

// Bytes of memory that are taken on the server's word alone. It is doubled as they fill.
const FIRST_ROOM = 1_048_576;

/** Reads what the offer holds into the target. */
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
    // Without a version, nothing would tell whether the next answer is about the same file: start again.
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

/** Bytes that are counted at the most where no header says how many there are: a body may have no end. */
const LARGEST_COUNTED = 268_435_456;

type Pouring = Reading & { target: Uint8Array };

/** How far into the body it came, and what ended it before its own end. */
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
        // Without an end of empty parts no timer would have its turn.
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
    reader?.cancel().catch(() => {});
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
