// What a server's answer to a Range request says of itself (RFC 9110 §14, §15.3.7), and whether it may be believed.

import type { BundleSealError } from '../errors.ts';

/** Which state of the file the answers are about. */
export interface Version {
  /** Bytes in all. */
  readonly size: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** What is sent back as If-Range: a validator that changes with every change of the bytes. */
  readonly ifRange: string | undefined;
}

interface Asked {
  /** First byte, and the first one after the last. */
  readonly from: number;
  readonly to: number;
  /** What earlier answers were about; nothing on opening, where the file may end before `to`. */
  readonly version: Version | undefined;
  /** Whether the whole file will do. */
  readonly readThrough: boolean;
}

/** A body that holds what was asked for, before any of it was read. */
export interface Offer {
  /** `undefined` where only the body's end will tell the size. */
  readonly version: Version | undefined;
  /** Bytes of the body before those asked for. */
  readonly skip: number;
  /** Bytes of the body that were asked for, at the most where the size is not known. */
  readonly length: number;
  /** Whether the body is to end right after them, goes on and is cancelled, or is counted to its end. */
  readonly rest: 'none' | 'cancelled' | 'counted';
}

/** An error about this answer. */
export type Refuse = (what: string, cause?: unknown) => BundleSealError;

type Answer = Pick<Response, 'status' | 'headers'>;

const EXPOSE =
  'a page of another origin sees it only if the server sends "Access-Control-Expose-Headers: Content-Range, ETag"';

/**
 * What the answer offers.
 *
 * @throws what `refuse` makes, where it contradicts itself, the request or an earlier answer.
 */
export function judge(answer: Answer, asked: Asked, refuse: Refuse): Offer {
  const { status } = answer;
  if (status === 206) return judgePart(answer, asked, refuse);
  if (status === 200) return judgeWhole(answer, asked, refuse);
  if (status === 416 && asked.version === undefined) return judgeNothing(answer, refuse);
  if (asked.version !== undefined && (status === 412 || status === 416)) throw replaced(refuse);
  throw refuse(`answered ${status}: ${adviceOn(status)}`);
}

function judgePart({ headers }: Answer, asked: Asked, refuse: Refuse): Offer {
  checkEncoding(headers, refuse);
  if (/^multipart\//i.test(headers.get('content-type') ?? '')) {
    throw refuse(
      'answered one range with several (multipart/byteranges): serve the file from a server that answers one range with one',
    );
  }
  const field = headers.get('content-range');
  if (field === null) {
    throw refuse(`answered 206 without a Content-Range that can be read: ${EXPOSE}`);
  }
  const range = parseContentRange(field);
  if (range === undefined || range.last === undefined) {
    throw refuse('answered 206 with a Content-Range that is not "bytes first-last/size"');
  }
  const { first, last, size } = range;
  checkVersion(asked.version, headers, size, refuse);
  const to = Math.min(asked.to, size);
  if (first !== asked.from || last !== to - 1) {
    throw refuse(
      `was asked for bytes ${asked.from} to ${to - 1} and answered with ${first} to ${last}: serve the file from a server that sends the range asked for`,
    );
  }
  const length = to - asked.from;
  if ((readLength(headers, refuse) ?? length) !== length) {
    throw refuse('answered with a Content-Length that contradicts its Content-Range');
  }
  return { version: asked.version ?? versionOf(headers, size), skip: 0, length, rest: 'none' };
}

function judgeWhole({ headers }: Answer, asked: Asked, refuse: Refuse): Offer {
  checkEncoding(headers, refuse);
  const announced = readLength(headers, refuse);
  if (asked.version !== undefined) checkVersion(asked.version, headers, announced, refuse);
  // Of an empty file there is no range that a server could send.
  if (!asked.readThrough && announced !== 0) {
    throw refuse(
      "sent the whole file where a range was asked for: serve it from a server that answers Range requests, download it with fetch and pass the bytes, or set ignoredRange to 'read-through'",
    );
  }
  const size = asked.version?.size ?? announced;
  if (size === undefined) {
    return { version: undefined, skip: 0, length: asked.to - asked.from, rest: 'counted' };
  }
  const to = Math.min(asked.to, size);
  return {
    version: asked.version ?? versionOf(headers, size),
    skip: asked.from,
    length: to - asked.from,
    rest: to === size ? 'none' : 'cancelled',
  };
}

/** 416 on opening: the first byte is not there, so there is none. */
function judgeNothing({ headers }: Answer, refuse: Refuse): Offer {
  const range = parseContentRange(headers.get('content-range') ?? '');
  if (range === undefined || range.last !== undefined || range.size !== 0) {
    throw refuse(
      `answered 416 (range not satisfiable) without "Content-Range: bytes */0": ${EXPOSE}`,
    );
  }
  return { version: versionOf(headers, 0), skip: 0, length: 0, rest: 'cancelled' };
}

/** A file that was opened may not become another one. */
function checkVersion(
  version: Version | undefined,
  headers: Headers,
  size: number | undefined,
  refuse: Refuse,
): void {
  if (version === undefined) return;
  const same =
    (size === undefined || size === version.size) &&
    sameTag(version.etag, headers.get('etag')) &&
    sameDate(version.lastModified, headers.get('last-modified'));
  if (!same) throw replaced(refuse);
}

/** RFC 9110 §15.3.7: an answer with a range carries the ETag that the whole would carry. */
function sameTag(before: string | null, now: string | null): boolean {
  if (before === null || before === now) return true;
  // Servers that can't yet rule out a change within the same second call the tag weak, and strong later.
  return before.startsWith('W/') && before.slice(2) === now;
}

/** It may be left out of an answer to If-Range, so what is not there says nothing. */
function sameDate(before: string | null, now: string | null): boolean {
  return before === null || now === null || before === now;
}

const replaced = (refuse: Refuse): BundleSealError =>
  refuse('was replaced while it was being read: open it again');

/** The version that an answer's headers name. */
export function versionOf(headers: Headers, size: number): Version {
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  return { size, etag, lastModified, ifRange: strongValidator(etag, lastModified, headers) };
}

/** RFC 9110 §13.1.5: a strong entity tag, or a strong date where there is no entity tag at all. */
function strongValidator(
  etag: string | null,
  lastModified: string | null,
  headers: Headers,
): string | undefined {
  if (etag !== null) return /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : undefined;
  if (lastModified === null) return undefined;
  // RFC 9110 §8.8.2.2: within one second the file may have changed twice under the same date.
  const age = parseDate(headers.get('date')) - parseDate(lastModified);
  return age >= 1000 ? lastModified : undefined;
}

/** An IMF-fixdate (RFC 9110 §5.6.7) in milliseconds, NaN for anything else. */
export function parseDate(text: string | null): number {
  const fixed = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
  return text !== null && fixed.test(text) ? Date.parse(text) : Number.NaN;
}

interface ContentRange {
  readonly first?: number;
  /** The last byte itself; neither is there where the range could not be satisfied. */
  readonly last?: number;
  /** Bytes of the file in all. */
  readonly size: number;
}

/** RFC 9110 §14.4, where the size is known and nothing is contradictory; `undefined` for anything else. */
export function parseContentRange(text: string): ContentRange | undefined {
  const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/i.exec(text) ?? [];
  if (total === undefined) return undefined;
  const size = Number(total);
  if (!Number.isSafeInteger(size)) return undefined;
  if (first === undefined) return { size };
  const range = { first: Number(first), last: Number(last), size };
  return range.first <= range.last && range.last < size ? range : undefined;
}

function readLength(headers: Headers, refuse: Refuse): number | undefined {
  const text = headers.get('content-length');
  if (text === null) return undefined;
  const length = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(length)) return length;
  throw refuse('answered with a Content-Length that is not a number of bytes');
}

function checkEncoding(headers: Headers, refuse: Refuse): void {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw refuse(
    'answered with a Content-Encoding, under which byte offsets mean nothing: turn compression off for this file, or send "Accept-Encoding: identity"',
  );
}

function adviceOn(status: number): string {
  if (status === 401 || status === 403) {
    return 'check the Authorization that it wants, or whether the link has run out';
  }
  if (status === 404 || status === 410) return 'check the URL';
  return 'a GET request for a range of the file is to be answered with 206';
}
