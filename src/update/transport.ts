// Requests to the update server: small files whole, and objects with resumption.

import type { Backend } from '../backend/backend.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { MAGIC } from '../format/header.ts';
import type { ReleaseObject } from '../release/index-format.ts';
import { followSignals } from '../signals.ts';
import { askedWait } from '../sources/http-answer.ts';
import { MIN_PROGRESS, MISSING } from '../sources/http-options.ts';
import { collector } from '../sources/stream.ts';
import { pause, unawaited, untilAborted } from '../turn.ts';
import { createDeadline } from './deadline.ts';
import type { UpdateEvent } from './events.ts';
import type { Settings } from './options.ts';

/** Milliseconds. A request fails if the server asks for a longer wait in `Retry-After`. */
const LONGEST_WAIT = 60_000;

/** Milliseconds. The updater asks a mirror again after this time, even if the mirror asked for a longer pause. */
const LONGEST_PAUSE = 86_400_000;

/** The answer to a request for a small file. */
type SmallFile =
  | { readonly status: 'found'; readonly bytes: Uint8Array; readonly etag?: string }
  /** The file is the one whose `ETag` the request named. */
  | { readonly status: 'unchanged' }
  /** `isPage`: the host answered with a web page, as hosts of single-page apps do for every missing file. */
  | { readonly status: 'missing'; readonly isPage?: true };

export interface Transport {
  /**
   * Fetches a whole file from the server, not from a cache.
   *
   * @param limit - Bytes. A longer response is an error.
   * @param known - The `ETag` of an earlier response. If it is given, the server may answer that the file has not changed.
   */
  fetchSmall(
    mirror: string,
    path: string,
    limit: number,
    signal: AbortSignal,
    known?: { readonly etag: string | undefined },
  ): Promise<SmallFile>;
  /**
   * Yields the bytes of an object, at most as many as the index names. Throws at the end if they do not have the size and the
   * digest of the index. After a broken connection, it continues at the same byte, on the next mirror if necessary.
   *
   * @param tell - Called with the number of bytes so far.
   */
  fetchObject(
    object: ReleaseObject,
    signal: AbortSignal,
    tell: (done: number) => void,
  ): AsyncGenerator<Uint8Array, void>;
  /**
   * Whether another mirror may have an object of which a mirror has sent other bytes. The next `fetchObject` then begins with a
   * mirror that has not sent other bytes.
   */
  hasAnother(object: ReleaseObject): boolean;
}

export function createTransport(
  settings: Settings,
  backend: Backend,
  emit: (event: UpdateEvent) => void,
): Transport {
  const { mirrors, retries, retryDelay } = settings;
  /** By mirror: the pause that it asked for in `Retry-After`, in milliseconds since 1970. */
  const pauses = new Map<string, { readonly from: number; readonly until: number }>();
  /** By digest of an object: the mirror that sent its first bytes. Absent if the last download had the right digest. */
  const begunBy = new Map<string, string>();
  /** By digest of an object: the mirrors that have sent other bytes. */
  const doubted = new Map<string, ReadonlySet<string>>();

  /** Sends one request. Yields the bytes from offset `from` on, even if the server ignores the range. */
  async function* request(
    url: string,
    mirror: string,
    from: number,
    init: RequestInit,
    signal: AbortSignal,
    heard: (response: Response) => void = () => {},
  ): AsyncGenerator<Uint8Array, void> {
    const asked = pauses.get(mirror);
    const now = settings.now();
    // A clock that was set back would make the pause longer than the server asked for.
    if (asked !== undefined && now >= asked.from && now < asked.until) {
      throw failed(url, 'asked for a pause', undefined, asked.until - now);
    }
    const deadline = createDeadline(settings.timeout);
    const { release, signal: either } = followSignals([signal, deadline.signal]);
    let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      const range = from > 0 && { headers: { Range: `bytes=${from}-` } };
      // The `fetch` of the caller may ignore the signal.
      const answer = settings.fetch(url, { ...init, ...range, signal: either });
      const response = await untilAborted(answer, either);
      heard(response);
      let skip = from;
      if (response.status === 304 && init.headers !== undefined) return;
      if (response.status === 206 && startOf(response, from) === from) skip = 0;
      else if (response.status !== 200) await refuse(response, url, mirror);
      body = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
      if (body === undefined) return;
      for (;;) {
        const { done, value } = await untilAborted(body.read(), either);
        if (done) return;
        deadline.progress(value.length);
        const piece = value.subarray(Math.min(skip, value.length));
        skip -= value.length - piece.length;
        if (piece.length > 0) yield piece;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BundleSealError) throw error;
      throw failed(url, deadline.signal.aborted ? 'sent too little for too long' : 'failed', error);
    } finally {
      deadline.end();
      release();
      // Cancelling a body may never settle, so nothing waits for it.
      unawaited(() => body?.cancel());
    }
  }

  async function refuse(response: Response, url: string, mirror: string): Promise<never> {
    unawaited(() => response.body?.cancel());
    const { status } = response;
    // S3 answers 403 for a missing object if clients may not list the bucket.
    if (status === 403 || MISSING.includes(status)) throw new Missing(url, status);
    const now = settings.now();
    const asked = askedWait(response.headers.get('retry-after'), now);
    const wait = asked > 0 ? asked : undefined;
    if (wait !== undefined) {
      pauses.set(mirror, { from: now, until: now + Math.min(wait, LONGEST_PAUSE) });
    }
    throw failed(url, `answered ${status}`, undefined, wait);
  }

  async function backOff(failures: number, asked: number, signal: AbortSignal): Promise<void> {
    const backoff = Math.min(retryDelay * 2 ** (failures - 1), LONGEST_WAIT);
    // The jitter spreads the retries of many devices that lost the same server.
    await pause(Math.max(asked, backoff * (0.5 + Math.random() / 2)), signal);
  }

  /** Repeats the request until one succeeds, or until the mirror has failed `attempts` times in a row without progress. */
  async function* requestWithRetries(
    mirror: string,
    attempts: number,
    signal: AbortSignal,
    ask: () => AsyncGenerator<Uint8Array, void>,
    isWhole: () => boolean,
  ): AsyncGenerator<Uint8Array, void> {
    for (let failures = 0; ; ) {
      let length = 0;
      try {
        for await (const piece of ask()) {
          length += piece.length;
          if (length >= MIN_PROGRESS) failures = 0;
          yield piece;
        }
        if (isWhole()) return;
        throw failed(mirror, 'ended before the whole object had come');
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        const { wait = 0 } = error as { readonly wait?: number };
        if (error instanceof Missing || error instanceof Wrong) throw error;
        if (failures > attempts || wait > LONGEST_WAIT) throw error;
        await backOff(failures, wait, signal);
        // The pause is over, even if the clock of the app was set back meanwhile.
        if (wait > 0) pauses.delete(mirror);
      }
    }
  }

  return {
    async fetchSmall(mirror, path, limit, signal, known) {
      const url = `${mirror}${path}`;
      let pieces = collector(limit);
      let length = 0;
      let response: Response | undefined;
      const init = requestOf(known);
      const ask = () => {
        pieces = collector(limit);
        length = 0;
        return request(url, mirror, 0, init, signal, (heard) => {
          response = heard;
        });
      };
      try {
        for await (const piece of requestWithRetries(mirror, 1, signal, ask, () => true)) {
          length += piece.length;
          if (length > limit) throw failed(url, `sent more than ${limit} bytes`);
          pieces.add(piece);
        }
      } catch (error) {
        if (error instanceof Missing) return { status: 'missing' };
        throw error;
      }
      if (response?.status === 304) return { status: 'unchanged' };
      const etag = HAS_HTTP_CACHE ? undefined : tagOf(response);
      const bytes = pieces.after(new Uint8Array(0));
      if (isPage(bytes, response)) return { status: 'missing', isPage: true };
      return { status: 'found', bytes, ...(etag !== undefined && { etag }) };
    },

    async *fetchObject({ sha256, size }, signal, tell) {
      const hash = await backend.createHash();
      let done = 0;
      let failure: unknown;
      begunBy.delete(sha256);
      for (const mirror of mirrors.filter((one) => doubted.get(sha256)?.has(one) !== true)) {
        const url = `${mirror}objects/${sha256}.sealed`;
        const ask = () => request(url, mirror, done, {}, signal);
        try {
          for await (const piece of requestWithRetries(
            mirror,
            retries,
            signal,
            ask,
            () => done === size,
          )) {
            if (piece.length > size - done) throw new Wrong(url, `has more than ${size} bytes`);
            if (done === 0) begunBy.set(sha256, mirror);
            hash.update(piece);
            done += piece.length;
            tell(done);
            yield piece;
            if (done === size) break;
          }
          if (toHex(hash.digest()) === sha256) {
            begunBy.delete(sha256);
            return;
          }
          throw new Wrong(url, 'is not the object that the index names');
        } catch (error) {
          signal.throwIfAborted();
          // The digest already contains the wrong bytes, so another mirror cannot complete the object.
          if (error instanceof Wrong) throw error;
          failure = error;
          emit({ type: 'mirror-failed', url, error });
        }
      }
      throw failure;
    },

    hasAnother({ sha256 }) {
      const begun = begunBy.get(sha256);
      if (begun === undefined) return false;
      const all = new Set(doubted.get(sha256)).add(begun);
      const isLeft = mirrors.some((mirror) => !all.has(mirror));
      // If all mirrors have sent other bytes, the next download asks all of them again, because somebody may repair them.
      if (isLeft) doubted.set(sha256, all);
      else doubted.delete(sha256);
      return isLeft;
    },
  };
}

/** A sealed file is not a page, also if the server names a wrong type. */
function isPage(bytes: Uint8Array, response: Response | undefined): boolean {
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return false;
  const start = new TextDecoder().decode(bytes.subarray(0, PAGE_START));
  const type = response?.headers.get('content-type') ?? '';
  return /^text\/html\b/i.test(type) || /^\s*<(?:!doctype\s+html|html)\b/i.test(start);
}

/** Bytes. A page names its type within them. */
const PAGE_START = 256;

/** Whether `fetch` has a cache of its own, as in browsers and web views. */
const HAS_HTTP_CACHE = 'document' in globalThis || 'WorkerGlobalScope' in globalThis;

/** Characters. A longer tag is not kept. */
const LONGEST_TAG = 256;

/**
 * Browsers make conditional requests by themselves. `If-None-Match` from a script would need the permission of the other origin
 * (a preflight request), which few stores give. Other runtimes have no cache, so the updater sends the header.
 */
function requestOf(known: { readonly etag: string | undefined } | undefined): RequestInit {
  if (HAS_HTTP_CACHE) return { cache: known === undefined ? 'reload' : 'no-cache' };
  const etag = known?.etag;
  return { cache: 'no-store', ...(etag !== undefined && { headers: { 'If-None-Match': etag } }) };
}

function tagOf(response: Response | undefined): string | undefined {
  const etag = response?.headers.get('etag') ?? '';
  return etag.length <= LONGEST_TAG && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(etag) ? etag : undefined;
}

/** The mirror does not have the object. */
class Missing extends BundleSealError {
  constructor(url: string, status: number) {
    super(
      'ERR_SOURCE_FAILED',
      `${url} answered ${status}, so the store does not have it: upload it, or try again after the upload`,
    );
  }
}

/** The mirror sent other bytes than the index names. */
class Wrong extends BundleSealError {
  constructor(url: string, reason: string) {
    super(
      'ERR_SOURCE_FAILED',
      `${url} ${reason}: upload the published file again, or purge the cache in front of the store`,
    );
  }
}

function failed(url: string, what: string, cause?: unknown, wait?: number): BundleSealError {
  const error = new BundleSealError('ERR_SOURCE_FAILED', `${url} ${what}: try again later`, {
    cause,
  });
  return wait === undefined ? error : Object.assign(error, { wait });
}

/**
 * The first byte of a partial response: RFC 9110 §14.4. A page cannot read the Content-Range of another origin that does not
 * expose it, and few stores do. The part is then taken for the part that was asked for: the digest of the object proves it.
 */
function startOf(response: Response, asked: number): number | undefined {
  const header = response.headers.get('content-range');
  if (header === null && response.type === 'cors') return asked;
  const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(header ?? '');
  return range === null ? undefined : Number(range[1]);
}
