// A file on a web server, read by HTTP Range requests.

import { describe, shown } from '../options.ts';
import { whileWanted } from '../signals.ts';
import type { Version } from './http-answer.ts';
import {
  type Connection,
  type HttpSourceInit,
  readConnection,
  type Validators,
} from './http-options.ts';
import { fetchRange } from './http-request.ts';
import { markOwn } from './own.ts';
import { type RandomAccessSource, setLenient } from './random-access.ts';

/** Bytes that opening fetches and keeps: the header of a sealed bundle, in nearly every case. */
const KEPT = 65_536;

/** A file that is open: the version that every later answer has to be of, and its first bytes. */
interface Opened {
  readonly connection: Connection;
  readonly version: Version;
  readonly kept: Uint8Array;
}

/**
 * A file on a web server as a source of bytes: only the ranges that are read are downloaded.
 *
 * Opening sends one GET for the first 65,536 bytes, which tells the size and is kept: reading within it asks
 * the server nothing. Every other read is one request, any number of them at once, into memory of just
 * the length asked for, taken once the answer's headers were found to be right. Nothing runs between reads,
 * so there is nothing to close.
 *
 * All bytes are of one state of the file: an answer about another size, ETag or Last-Modified is refused, and
 * a strong validator goes along with every request as `If-Range`. That does not prove the bytes. `openBundle`
 * does, so for it the size alone has to stay, and the servers behind one name may disagree about the rest; a file
 * that was replaced under it gives `ERR_CHUNK_INVALID`. `init.validators` decides otherwise.
 *
 * The headers of the caller's are sent to the origin of the URL alone, however the server redirects. Later
 * reads begin where the redirects led, and at the URL again where that place answers no more.
 *
 * In a page, a server of another origin has to send `Access-Control-Expose-Headers: Content-Range, ETag`; see
 * docs/servers.md for what else it may need.
 *
 * @param url - http or https; relative to the page or worker where there is one. Messages name it without
 * its query and fragment, which may hold a token.
 * @param init.headers - Sent with every request to the URL's origin, `authorization` for one.
 * @param init.credentials - As `fetch` takes it, like `init.mode` and `init.cache`.
 * @param init.redirect - `'error'` refuses redirects. Default `'follow'`, never from https to http.
 * @param init.fetch - Called in place of the runtime's `fetch`.
 * @param init.ignoredRange - `'read-through'`: where the server ignores ranges, download up to the end of each
 * read and drop what is before it. Default `'refuse'`, but for small files.
 * @param init.validators - `'if-range'`, `'compare'` or `'ignore'`: how a replaced file is noticed.
 * @param init.retries - Further attempts for each read after a failure that may pass. Default 3.
 * @param init.retryDelay - Milliseconds before the first of them, doubled for each next. Default 250.
 * @param init.timeout - Milliseconds within which an answer has to begin, and each further 16,384 bytes of it
 * have to come, or all that are left. Default 30,000.
 * @param init.signal - Aborts the opening and every later read, as the signal of a read aborts that one.
 * @returns A source whose `read` rejects with `RangeError` for a range that is not within its size, and
 * otherwise as below.
 * @throws `TypeError` or `RangeError` where the URL or an option is wrong; the signal's reason on an abort.
 * {@link BundleSealError} `ERR_SOURCE_FAILED`, with `offset` and `cause`: the server can't be reached, answers
 * with an error, is too slow, ignores or contradicts the range, compresses the file, redirects where that is not
 * followed, or the file was replaced.
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
  const { version, bytes: kept } = await whileWanted([connection.signal], (signal) =>
    fetchRange(connection, { offset: 0, to: KEPT, validators }, signal),
  );
  const opened = { connection, version, kept };
  const source = sourceOf(opened, validators);
  if (connection.validators === undefined) setLenient(source, sourceOf(opened, 'ignore'));
  return source;
}

/** Whether If-Range would cost a CORS preflight, which many servers don't answer. */
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
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new TypeError(`signal expected an AbortSignal, got ${describe(signal)}`);
  }
  return whileWanted([connection.signal, signal], async (wanted) => {
    if (length === 0) return new Uint8Array(0);
    const to = offset + length;
    if (to <= kept.length) return kept.slice(offset, to);
    return (await fetchRange(connection, { offset, to, version, validators }, wanted)).bytes;
  });
}

function checkArgument(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${name} expected an integer from 0 to ${max}, got ${shown(value)}`);
}
