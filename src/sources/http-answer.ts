// The headers of a Range request, and the checks of the headers of its response (RFC 9110 §14, §15.3.7).

import type { BundleSealError } from '../errors.ts';
import { MISSING, type Validators } from './http-options.ts';

/** The version of the file: its size and validators. */
export interface Version {
  /** Size of the file in bytes. */
  readonly size: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** The value for If-Range: a strong validator, which changes with every change of the bytes. */
  readonly ifRange: string | undefined;
}

/** A request, and what its response must match. */
interface Asked {
  /** Offset of the first requested byte. */
  readonly from: number;
  /** Offset after the last requested byte. */
  readonly to: number;
  /**
   * The version of earlier responses. `undefined` on opening, when the file may end before `to`.
   */
  readonly version: Version | undefined;
  /** Whether ETag and Last-Modified have to match the version. If not, only the size has to. */
  readonly compare: boolean;
  /** Whether the source may download a file of any size to get the range. */
  readonly readThrough: boolean;
  /** Whether the request had a Range header. */
  readonly ranged: boolean;
}

/** A response whose body contains the requested bytes. The body is not read yet. */
export interface OfferedBytes {
  readonly kind: 'offer';
  /** `undefined` if the size is known only at the end of the body. */
  readonly version: Version | undefined;
  /** Number of bytes in the body before the requested ones. */
  readonly skip: number;
  /** Number of requested bytes in the body. If the size is unknown, the most that it can be. */
  readonly length: number;
  /**
   * What may follow the requested bytes. `'none'`: the body must end. `'cancelled'`: the source cancels the body.
   * `'counted'`: the source reads the body to its end to learn the size of the file.
   */
  readonly rest: 'none' | 'cancelled' | 'counted';
}

/** Why an attempt failed. Another attempt may succeed. */
export interface Failure {
  readonly kind: 'failure';
  readonly what: string;
  readonly advice: string;
  readonly cause?: unknown;
  readonly retryAfter?: string | null;
}

/** The file ends before the requested range, and the server sent no part of it. */
interface Shorter {
  readonly kind: 'shorter';
  readonly size: number;
}

/** The response is about another version of the file than earlier responses. */
interface Replaced {
  readonly kind: 'replaced';
}

/** Makes an error about this response. */
export type RefuseResponse = (what: string, cause?: unknown) => BundleSealError;

type Answer = Pick<Response, 'status' | 'headers'>;

/** Status codes of temporary failures: RFC 9110 §15.5.9, §15.6; RFC 8470 §5.2; RFC 6585 §4. */
export const TEMPORARY: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/** The largest file, in bytes, that the source downloads whole for a part of it if a server ignores the range. */
const LARGEST_SLICED = 1_048_576;

const REPLACED = { kind: 'replaced' } as const;

const EXPOSE =
  'scripts of another origin can read it only if the server sends "Access-Control-Expose-Headers: Content-Range, ETag"';

/** Returns the headers of a request. Every origin gets them. */
export function headersFor(
  { from, to, version, ranged }: Asked,
  validators: Validators,
): Record<string, string> {
  // Ranges of a compressed response are not ranges of the file. Browsers set this header themselves and ignore this
  // value.
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (ranged) headers['Range'] = `bytes=${from}-${to - 1}`;
  if (version?.ifRange !== undefined && validators === 'if-range') {
    headers['If-Range'] = version.ifRange;
  }
  return headers;
}

/**
 * Decides what to do with a response.
 *
 * @throws the error of `refuse` if the response contradicts itself or the request.
 */
export function judge(
  answer: Answer,
  asked: Asked,
  refuse: RefuseResponse,
): OfferedBytes | Failure | Shorter | Replaced {
  const { status, headers } = answer;
  if (status === 206) return judgePart(answer, asked, refuse);
  if (status === 200) return judgeWhole(answer, asked, refuse);
  if (status === 416) return judgeUnsatisfied(answer, asked, refuse);
  if (status === 412 && asked.version !== undefined && asked.compare) return REPLACED;
  if (TEMPORARY.includes(status)) {
    const retryAfter = headers.get('retry-after');
    return {
      kind: 'failure',
      what: `answered ${status}`,
      advice: tryLater(retryAfter),
      retryAfter,
    };
  }
  throw refuse(`answered ${status}: ${adviceOn(status)}`);
}

function judgePart(
  { headers }: Answer,
  asked: Asked,
  refuse: RefuseResponse,
): OfferedBytes | Replaced {
  checkEncoding(headers, refuse);
  if (/^multipart\//i.test(headers.get('content-type') ?? '')) {
    throw refuse(
      'answered a request for one range with several (multipart/byteranges): serve the file from a server that sends only the requested range',
    );
  }
  const field = headers.get('content-range');
  if (field === null) {
    throw refuse(`answered 206 without a Content-Range that can be read: ${EXPOSE}`);
  }
  const range = parseContentRange(field);
  if (range === undefined || range.last === undefined) {
    throw refuse(
      'answered 206 with a Content-Range that is not "bytes first-last/size": correct the header on the server',
    );
  }
  const { first, last, size } = range;
  if (!isSameVersion(asked, headers, size)) return REPLACED;
  const to = Math.min(asked.to, size);
  if (first !== asked.from || last !== to - 1) {
    throw refuse(
      `answered a request for bytes ${asked.from} to ${to - 1} with bytes ${first} to ${last}: serve the file from a server that sends the requested range`,
    );
  }
  const length = to - asked.from;
  if ((readLength(headers, refuse) ?? length) !== length) {
    throw refuse(
      'answered with a Content-Length that contradicts its Content-Range: correct the headers on the server',
    );
  }
  const version = asked.version ?? versionOf(headers, size);
  return { kind: 'offer', version, skip: 0, length, rest: 'none' };
}

function judgeWhole(
  { headers }: Answer,
  asked: Asked,
  refuse: RefuseResponse,
): OfferedBytes | Failure | Replaced {
  checkEncoding(headers, refuse);
  const announced = readLength(headers, refuse);
  if (!isSameVersion(asked, headers, announced)) return REPLACED;
  const size = asked.version?.size ?? announced;
  if (size === undefined) {
    const length = asked.to - asked.from;
    return { kind: 'offer', version: undefined, skip: 0, length, rest: 'counted' };
  }
  // The first request covers the whole of a small file. Later, one of several servers behind a name may not support
  // ranges.
  const most = asked.version === undefined ? asked.to : LARGEST_SLICED;
  if (!asked.readThrough && size > most) {
    if (headers.get('accept-ranges')?.trim().toLowerCase() !== 'none') return wholeSent;
    throw refuse(`${wholeSent.what}: ${wholeSent.advice}`);
  }
  const to = Math.min(asked.to, size);
  return {
    kind: 'offer',
    version: asked.version ?? versionOf(headers, size),
    skip: asked.from,
    length: to - asked.from,
    rest: to === size ? 'none' : 'cancelled',
  };
}

/** The server ignores ranges. If several servers share one name, another one may support them. */
export const wholeSent: Failure = {
  kind: 'failure',
  what: 'sent the whole file instead of the requested range',
  advice:
    "serve it from a server that answers Range requests, download it with fetch and pass the bytes, or set ignoredRange to 'read-through'",
};

/** The file was replaced during the opening, which starts again. After it, this is an error. */
export const replaced: Failure = {
  kind: 'failure',
  what: 'was replaced while it was being read',
  advice: 'open it again',
};

function judgeUnsatisfied(
  { headers }: Answer,
  { version, to, ranged }: Asked,
  refuse: RefuseResponse,
): OfferedBytes | Shorter | Replaced {
  const range = parseContentRange(headers.get('content-range') ?? '');
  const size = range?.last === undefined ? range?.size : undefined;
  if (version !== undefined) {
    if (size !== version.size) return REPLACED;
    throw refuse(
      'answered 416 (range not satisfiable) to a range within the file: serve the file from a server that answers Range requests',
    );
  }
  if (size === undefined) {
    throw refuse(
      `answered 416 (range not satisfiable) without "Content-Range: bytes */size": ${EXPOSE}`,
    );
  }
  if (size === 0) {
    const empty = versionOf(headers, 0);
    return { kind: 'offer', version: empty, skip: 0, length: 0, rest: 'cancelled' };
  }
  // A range that extends beyond the end is satisfiable (RFC 9110 §14.1.2), but some servers refuse it.
  if (size <= to && ranged) return { kind: 'shorter', size };
  throw refuse(
    `answered 416 (range not satisfiable) to bytes 0 to ${to - 1} of ${size}: serve the file from a server that answers Range requests`,
  );
}

/** Whether a response is about the version that the source has opened. */
function isSameVersion(
  { version, compare }: Asked,
  headers: Headers,
  size: number | undefined,
): boolean {
  if (version === undefined) return true;
  if (size !== undefined && size !== version.size) return false;
  if (!compare) return true;
  const { etag, lastModified } = version;
  // RFC 9110 §8.8.1: a strong validator changes with every change of the bytes, so no other comparison is needed.
  if (etag !== null && isStrongTag(etag) && etag === headers.get('etag')) return true;
  return sameTag(etag, headers.get('etag')) && sameDate(lastModified, headers.get('last-modified'));
}

/** Compares the ETags of two responses. A 206 has the same ETag as a 200 (RFC 9110 §15.3.7). */
function sameTag(before: string | null, now: string | null): boolean {
  if (before === null || before === now) return true;
  // Some servers send a weak tag while the file may still change within the same second, and the same tag as strong
  // later.
  return before.startsWith('W/') && before.slice(2) === now;
}

/** Compares two dates. A server may omit Last-Modified from a response to If-Range, so no date matches every date. */
function sameDate(before: string | null, now: string | null): boolean {
  return before === null || now === null || before === now;
}

const isStrongTag = (etag: string): boolean => /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag);

/** Reads the version from the headers of a response. */
export function versionOf(headers: Headers, size: number): Version {
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  return { size, etag, lastModified, ifRange: strongValidator(etag, lastModified, headers) };
}

/**
 * Chooses the value for If-Range (RFC 9110 §13.1.5): a strong entity tag, or a strong date if there is no entity tag.
 */
function strongValidator(
  etag: string | null,
  lastModified: string | null,
  headers: Headers,
): string | undefined {
  if (etag !== null) return isStrongTag(etag) ? etag : undefined;
  if (lastModified === null) return undefined;
  // RFC 9110 §8.8.2.2: a date is weak if the file could have changed twice within the same second.
  const age = parseDate(headers.get('date')) - parseDate(lastModified);
  return age >= 1000 ? lastModified : undefined;
}

/** Parses an IMF-fixdate (RFC 9110 §5.6.7) to milliseconds. Returns NaN for anything else. */
export function parseDate(text: string | null): number {
  const fixed = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
  return text !== null && fixed.test(text) ? Date.parse(text) : Number.NaN;
}

/**
 * The wait that a server asks for by Retry-After, in milliseconds (RFC 9110 §10.2.3). NaN if it asks for none.
 *
 * @param now - Milliseconds since 1970.
 */
export function askedWait(retryAfter: string | null, now: number = Date.now()): number {
  return /^\d+$/.test(retryAfter ?? '') ? 1000 * Number(retryAfter) : parseDate(retryAfter) - now;
}

/** The advice after a temporary failure. */
export function tryLater(retryAfter: string | null): string {
  const seconds = Math.ceil(askedWait(retryAfter) / 1000);
  const isAsked = seconds > 0 && Number.isSafeInteger(seconds);
  return `try again later${isAsked ? ` (the server asks for a pause of ${seconds} s)` : ''}`;
}

interface ContentRange {
  readonly first?: number;
  /** Offset of the last byte. `first` and `last` are absent if the range was unsatisfiable. */
  readonly last?: number;
  /** Size of the file in bytes. */
  readonly size: number;
}

/**
 * Parses Content-Range (RFC 9110 §14.4). Returns `undefined` if it is malformed, contradicts itself or lacks the
 * size.
 */
export function parseContentRange(text: string): ContentRange | undefined {
  const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/i.exec(text) ?? [];
  if (total === undefined) return undefined;
  const size = Number(total);
  if (!Number.isSafeInteger(size)) return undefined;
  if (first === undefined) return { size };
  const range = { first: Number(first), last: Number(last), size };
  return range.first <= range.last && range.last < size ? range : undefined;
}

function readLength(headers: Headers, refuse: RefuseResponse): number | undefined {
  const text = headers.get('content-length');
  if (text === null) return undefined;
  const length = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(length)) return length;
  throw refuse(
    'answered with a Content-Length that is not a number of bytes: correct the header on the server',
  );
}

function checkEncoding(headers: Headers, refuse: RefuseResponse): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw refuse(
    'compressed the response (Content-Encoding), so its byte offsets are not those of the file: turn compression off for this file on the server or CDN',
  );
}

function adviceOn(status: number): string {
  if (status === 401 || status === 403) {
    return 'check the Authorization header, or whether the link has expired';
  }
  if (MISSING.includes(status)) return 'check the URL';
  return 'the server has to answer a GET request for a range of the file with 206';
}
