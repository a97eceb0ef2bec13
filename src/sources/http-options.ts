// The options of httpSource.

import { brandOf } from '../bytes.ts';
import { checkOptions, describe, type OptionRules, shown } from '../options.ts';
import type { RedirectRoute } from './http-redirect.ts';
import { hideSecrets } from './http-secrets.ts';

/**
 * How the source recognises, in addition to the size, that a response is about the file that it has opened. `'if-range'`
 * sends the strong validator as `If-Range`, and compares ETag and Last-Modified. `'compare'` only compares them.
 * `'ignore'` does neither.
 */
export type Validators = 'if-range' | 'compare' | 'ignore';

/** Options of {@link httpSource}. */
export interface HttpSourceInit {
  /**
   * Headers for every request to the URL's own origin: `{ authorization: 'Bearer …' }`. After a redirect to another
   * origin, the source does not send them. It refuses `Range` and `If-Range`, because it sets them. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | Headers;
  /** Whether cookies are sent, as in `fetch`. Default: `fetch`'s, `'same-origin'`. */
  readonly credentials?: 'omit' | 'same-origin' | 'include';
  /** As in `fetch`, without `'no-cors'`, whose responses scripts cannot read. Default: `fetch`'s, `'cors'`. */
  readonly mode?: 'cors' | 'same-origin';
  /**
   * `'follow'`, the default, follows up to 20 redirects, but never from https to http. `'error'` and `'manual'` refuse
   * the first one. In a page, scripts cannot see where a redirect leads, so there the source refuses a redirect if
   * `headers` are set and the URL has another origin.
   */
  readonly redirect?: 'follow' | 'error' | 'manual';
  /** Use of the HTTP cache, as in `fetch`. Default: `fetch`'s, `'default'`. */
  readonly cache?:
    | 'default'
    | 'no-store'
    | 'reload'
    | 'no-cache'
    | 'force-cache'
    | 'only-if-cached';
  /** Called instead of the runtime's `fetch`. The body of its responses must be a stream. */
  readonly fetch?: typeof fetch;
  /**
   * What to do if the server sends the whole file instead of the requested range. The source accepts a small file: up to
   * 65,536 bytes on opening, up to 1 MiB later. For a larger file, `'refuse'` (the default) counts the response as a
   * failed attempt, because another server behind the same name may support ranges. `'read-through'` skips to the
   * range and cancels the rest. This takes constant memory, but each read downloads everything up to its end. If the
   * response has no `Content-Length`, the opening then downloads the file to count its bytes, up to 256 MiB.
   */
  readonly ignoredRange?: 'refuse' | 'read-through';
  /**
   * How the source notices that the file was replaced after the opening. `'if-range'` sends the strong validator (ETag, or a
   * strong Last-Modified) as `If-Range` and refuses another ETag or Last-Modified. `'compare'` refuses them too but
   * sends no `If-Range`, which saves the CORS preflight in a page. `'ignore'` compares only the size, for bytes that
   * the caller verifies. Default: `'ignore'` for `openBundle`, which verifies every byte; otherwise `'compare'` in a
   * page of another origin, and `'if-range'` elsewhere.
   */
  readonly validators?: Validators;
  /**
   * Further attempts of each read after a failure: no connection, no progress within `timeout`, a body that broke off
   * (continued at the byte that was reached), an ignored range, or status 408, 425, 429, 500, 502, 503 or 504.
   * Default 3.
   */
  readonly retries?: number;
  /**
   * Milliseconds before the second attempt, 0 to 30,000. The delay doubles for each further attempt, up to 30,000. The
   * source subtracts up to a half at random, so that clients do not all retry at once. It waits longer if the server
   * sends a longer `Retry-After`, up to 30 seconds. Default 250.
   */
  readonly retryDelay?: number;
  /**
   * Milliseconds without progress after which an attempt fails, 1 to 2,147,483,647. The response has to begin within
   * this time, and then each further 16,384 bytes (or the rest) have to arrive within it. Default 30,000.
   */
  readonly timeout?: number;
  /** Aborts the opening and every later read. */
  readonly signal?: AbortSignal | undefined;
}

/** The checked options with their defaults. */
export interface Connection {
  readonly url: string;
  /** The URL without the parts that may be secret: query, fragment, user name and password. */
  readonly name: string;
  readonly fetch: typeof fetch;
  /** The caller's headers, for the URL's origin only. */
  readonly headers: Headers;
  readonly request: RequestInit;
  readonly follow: boolean;
  readonly route: RedirectRoute;
  /** The caller's choice. `undefined`: the use of the bytes decides. */
  readonly validators: Validators | undefined;
  readonly readThrough: boolean;
  readonly retries: number;
  readonly retryDelay: number;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The longest wait between two attempts, in milliseconds. */
export const LONGEST_WAIT = 30_000;

/**
 * Number of bytes, or the rest, that have to arrive within each timeout. A server that sends a byte now and then cannot
 * hold a reader for ever.
 */
export const MIN_PROGRESS = 16_384;

/** Status codes of a server that does not have the file: RFC 9110 §15.5.5, §15.5.11. */
export const MISSING: readonly number[] = [404, 410];

// Runtimes fire a longer timer at once.
const LONGEST_TIMER = 2_147_483_647;

/** The options that `fetch` gets unchanged, with their values. */
const PASSED_ON = {
  credentials: ['omit', 'same-origin', 'include'],
  mode: ['cors', 'same-origin'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
} as const;

const OPTIONS: OptionRules<HttpSourceInit> = {
  headers: 'any',
  credentials: 'any',
  mode: 'any',
  redirect: 'any',
  cache: 'any',
  fetch: 'function',
  ignoredRange: 'any',
  validators: 'any',
  retries: 'any',
  retryDelay: 'any',
  timeout: 'any',
  signal: 'signal',
};

/** Checks the URL and the options. @throws `TypeError`, `RangeError` */
export function readConnection(url: string | URL, init: HttpSourceInit): Connection {
  checkOptions('httpSource', init, OPTIONS);
  const parsed = readUrl(url);
  const { href, origin, pathname } = parsed;
  const secrets = new Set<string>();
  hideSecrets(parsed, secrets);
  const redirect = oneOf(init, 'redirect', ['follow', 'error', 'manual']) ?? 'follow';
  const ignoredRange = oneOf(init, 'ignoredRange', ['refuse', 'read-through']);
  return {
    url: href,
    name: `${origin}${pathname}`,
    fetch: readFetch(init.fetch),
    headers: readHeaders(init.headers),
    request: readRequest(init),
    follow: redirect === 'follow',
    route: { pinned: undefined, blind: undefined, secrets },
    validators: oneOf(init, 'validators', ['if-range', 'compare', 'ignore']) as
      | Validators
      | undefined,
    readThrough: ignoredRange === 'read-through',
    retries: integer(init, 'retries', 3, 0, Number.MAX_SAFE_INTEGER),
    retryDelay: integer(init, 'retryDelay', 250, 0, LONGEST_WAIT),
    timeout: integer(init, 'timeout', 30_000, 1, LONGEST_TIMER),
    signal: init.signal,
  };
}

/** Returns the caller's choice or the default of {@link HttpSourceInit.validators} for sources. */
export function validatorsOf({ validators, url }: Connection): Validators {
  // If-Range would cause a CORS preflight, which many servers do not answer.
  return validators ?? (isOfAnotherPage(url) ? 'compare' : 'if-range');
}

/** Whether a page has another origin than the URL. */
export function isOfAnotherPage(url: string): boolean {
  const here = globalThis.location?.origin;
  return here !== undefined && here !== new URL(url).origin;
}

function readUrl(url: unknown): URL {
  if (typeof url !== 'string' && brandOf(url) !== 'URL') {
    throw new TypeError(`url expected a string or URL, got ${describe(url)}`);
  }
  let parsed: URL;
  try {
    // Only pages and workers have a location to which a URL can be relative.
    parsed = new URL(url as string | URL, globalThis.location?.href);
  } catch {
    // The URL may contain a token, so the message contains neither the URL nor the error of the runtime, which quotes it.
    throw new TypeError('url expected an http or https URL, got a string that is not a URL');
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new TypeError(
      `url expected an http or https URL, got one that begins ${parsed.protocol}`,
    );
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new TypeError(
      'url contains a user name or password, which fetch refuses: pass them in options.headers as Authorization',
    );
  }
  return parsed;
}

function readFetch(own: typeof fetch | undefined): typeof fetch {
  const fetch = own ?? globalThis.fetch;
  if (typeof fetch === 'function') return fetch;
  throw new TypeError('this runtime has no fetch: pass one as options.fetch');
}

function readRequest(init: HttpSourceInit): RequestInit {
  const request: RequestInit = {};
  for (const [name, values] of Object.entries(PASSED_ON)) {
    const value = oneOf(init, name as keyof typeof PASSED_ON, values);
    if (value !== undefined) Object.assign(request, { [name]: value });
  }
  return request;
}

function readHeaders(headers: HttpSourceInit['headers'] = {}): Headers {
  if (typeof headers !== 'object' || headers === null) {
    throw new TypeError(`options.headers expected an object, got ${describe(headers)}`);
  }
  let read: Headers;
  try {
    read = new Headers(headers);
  } catch {
    // The runtime's error may quote a value, and a value may be a token.
    throw new TypeError('options.headers expected names and values that HTTP allows');
  }
  for (const name of ['Range', 'If-Range']) {
    if (read.has(name))
      throw new TypeError(`options.headers must not contain ${name}: httpSource sets it`);
  }
  return read;
}

function oneOf(
  init: HttpSourceInit,
  name: keyof HttpSourceInit,
  values: readonly string[],
): string | undefined {
  const value: unknown = init[name];
  if (value === undefined || values.includes(value as string)) return value as string | undefined;
  const known = values.map((one) => `'${one}'`).join(', ');
  throw new TypeError(
    `options.${name} expected one of ${known}, got ${typeof value === 'string' ? 'another string' : describe(value)}`,
  );
}

function integer(
  init: HttpSourceInit,
  name: keyof HttpSourceInit,
  fallback: number,
  min: number,
  max: number,
): number {
  const value: unknown = init[name] ?? fallback;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number;
  }
  throw new RangeError(
    `options.${name} expected an integer from ${min} to ${max}, got ${shown(value)}`,
  );
}
