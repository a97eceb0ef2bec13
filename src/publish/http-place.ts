// Reads a store on a web server: whole files by GET, each with a limit, bypassing caches.

import { BundleSealError } from '../errors.ts';
import { whileWanted } from '../signals.ts';
import { TEMPORARY, tryLater } from '../sources/http-answer.ts';
import { MIN_PROGRESS, MISSING } from '../sources/http-options.ts';
import { collector } from '../sources/stream.ts';
import { pause, unawaited, untilAborted } from '../turn.ts';
import { storeError } from './store-error.ts';
import type { FetchedFile, StorePlace, StoreReadOptions } from './store-place.ts';

// Milliseconds within which a response has to begin, and each further `MIN_PROGRESS` bytes of it have to arrive.
const TIMEOUT = 30_000;
// Retries after a temporary failure, and milliseconds before the first retry.
const RETRIES = 3;
const RETRY_DELAY = 250;

/** A failure after which a retry may succeed. */
class Temporary extends Error {
  /** What the user can do after the last retry. */
  readonly remedy: string;

  constructor(what: string, remedy: string, options?: ErrorOptions) {
    super(what, options);
    this.remedy = remedy;
  }
}

export function httpPlace(address: string, name: string, get: typeof fetch): StorePlace {
  const base = parse(address, name);
  return {
    name: shownAddress(base),
    async read(path, options) {
      const url = new URL(path, base);
      // The query of the address may hold a token, so it is kept for every file.
      url.search = base.search;
      for (let attempt = 0; ; attempt++) {
        options.signal?.throwIfAborted();
        try {
          return await readOnce(get, url, options);
        } catch (error) {
          if (!(error instanceof Temporary)) throw error;
          if (attempt === RETRIES) throw failed(url, error.message, error.remedy, error.cause);
        }
        await pause(RETRY_DELAY * 2 ** attempt, options.signal);
      }
    },
  };
}

function parse(address: string, name: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new TypeError(`${name} expected the address of a store, got one that can't be parsed`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      `${name} expected an address without a user name and a password, because fetch refuses them: pass a folder that has a copy of the store`,
    );
  }
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** The address without its query, which may hold a token. */
function shownAddress({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function isWebPage({ headers }: Response): boolean {
  return /^text\/html\b/i.test(headers.get('content-type') ?? '');
}

async function readOnce(
  get: typeof fetch,
  url: URL,
  { limit, hidesMissing = false, signal }: StoreReadOptions,
): Promise<FetchedFile | undefined> {
  const slow = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () =>
        slow.abort(
          new Temporary(`gave less than ${MIN_PROGRESS} bytes in ${TIMEOUT / 1000} s`, CHECK),
        ),
      TIMEOUT,
    );
  };
  wait();
  try {
    return await whileWanted([signal, slow.signal], async (wanted) => {
      // The `fetch` of the caller may ignore the signal.
      const response = await untilAborted(
        get(url, {
          cache: 'no-store',
          headers: { 'cache-control': 'no-cache', pragma: 'no-cache' },
          redirect: 'follow',
          signal: wanted,
        }),
        wanted,
      );
      // Hosts of single-page apps answer with the page of the app for every missing file. No file of a store is a web page.
      const isPage = response.status === 200 && isWebPage(response);
      const isMissing = isPage || MISSING.includes(response.status);
      if (isMissing || (hidesMissing && response.status === 403)) {
        unawaited(() => response.body?.cancel());
        return undefined;
      }
      if (response.status !== 200) {
        unawaited(() => response.body?.cancel());
        const what = `answered with status ${response.status}`;
        // While the origin is down, CDNs answer with other status codes over 500 too.
        const isTemporary = TEMPORARY.includes(response.status) || response.status >= 500;
        if (isTemporary) throw new Temporary(what, tryLater(response.headers.get('retry-after')));
        throw failed(url, what, response.status === 403 ? FORBIDDEN : CHECK);
      }
      if (url.protocol === 'https:' && response.url.startsWith('http:')) {
        unawaited(() => response.body?.cancel());
        throw failed(url, 'redirects from https to http', CHECK);
      }
      let since = 0;
      const bytes = await readBody(response, url, limit, wanted, (length) => {
        since += length;
        if (since < MIN_PROGRESS) return;
        since = 0;
        wait();
      });
      return { bytes, cacheControl: response.headers.get('cache-control') ?? '' };
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (slow.signal.aborted) throw slow.signal.reason;
    if (error instanceof BundleSealError || error instanceof Temporary) throw error;
    throw new Temporary("can't be reached, or closed the connection too soon", CHECK, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function readBody(
  response: Response,
  url: URL,
  limit: number,
  wanted: AbortSignal,
  onPiece: (length: number) => void,
): Promise<Uint8Array> {
  const pieces = collector(limit);
  let length = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = reader && (await untilAborted(reader.read(), wanted));
      if (next?.value === undefined) return pieces.after(new Uint8Array(0));
      length += next.value.length;
      if (length > limit) {
        throw storeError(
          `${shownAddress(url)} has more than ${limit} bytes, which is the limit: the server sends another file, so check the address, and upload the published file again`,
        );
      }
      pieces.add(next.value);
      onPiece(next.value.length);
    }
  } finally {
    // Not awaited, because the server may never confirm the cancellation.
    unawaited(() => reader?.cancel());
  }
}

const CHECK = 'check the address, and that everybody may read it';
// Buckets whose files nobody may list answer so for a missing file.
const FORBIDDEN =
  'check the address, the name of the channel, and that everybody may read it. If the channel is new, publish to it with create: true';

function failed(url: URL, what: string, remedy: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_SOURCE_FAILED',
    `${shownAddress(url)} ${what}: ${remedy}`,
    cause === undefined ? {} : { cause },
  );
}
