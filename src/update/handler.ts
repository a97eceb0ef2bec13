// Answers requests with the files of a release: in a service worker, in Electron's `protocol.handle`, in Bun, Deno and Hono.

import { lookup } from 'mrmime';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions, describe } from '../options.ts';
import { isStamp, writeStamp } from '../release/stamp.ts';
import { bodyOf, isNotModified } from './range-requests.ts';
import type { ReleaseFileInfo } from './release-store.ts';
import type { RunningRelease, Updater } from './updater-types.ts';

/** Options of {@link createReleaseHandler}. */
export interface ReleaseHandlerOptions {
  /** The file for navigations to a page that the release does not have: `index.html` in a single-page app. Default: none. */
  readonly fallback?: string;
  /** The path of the app on its server: `/app/`. Default `/`. */
  readonly base?: string;
  /** Headers for every response, such as a content security policy. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The page that sends the request. A `FetchEvent` has these members. */
export interface RequestingClient {
  /** The id of the page that sends the request. Empty for a navigation. */
  readonly clientId?: string;
  /** The id of the page that a navigation loads. Empty for other requests. */
  readonly resultingClientId?: string;
}

/** Gives the response to a request, or `undefined` if the release has no file for it. */
export type ReleaseHandler = (
  request: Request,
  client?: RequestingClient,
) => Promise<Response | undefined>;

/**
 * Creates a function that answers requests with the files of the release that runs.
 *
 * Pass the client, so that a page gets files of one release only: the page keeps the release that answered its navigation. If
 * the store has lost a file of that release, the response has status 500. If it has lost the file that a navigation with a
 * `resultingClientId` asks for, the updater starts the release before for the new page, and the response comes from there.
 *
 * A response has the media type of the file, an `ETag` of its content and `Cache-Control: no-cache`. The function honours
 * `If-None-Match`, `If-Range` and single ranges (RFC 9110 §13, §14). It serves nothing outside the release, and returns
 * `undefined` for methods other than GET and HEAD and for paths that the release does not have.
 *
 * It finds pages as static hosts do. A path that ends in `/` gets `index.html` of the folder. A navigation to `/about` gets
 * `about.html`. If the release has only `about/index.html`, the response has status 302 and leads to `/about/`. The fallback answers
 * only if there is no such page.
 *
 * It answers `bundleseal-release.json` with the id of the page's release. The response has the header `bundleseal-trial` while
 * that release is on trial, so that a page can tell even if the code of the release does not run.
 *
 * @param updater - The updater of the app, which decides which release runs.
 * @param options.fallback - The file for navigations to a page that the release does not have.
 * @param options.base - The path of the app on its server. Default `/`.
 * @returns A function that takes a `Request` and the client, and resolves with a `Response`, or with `undefined` if the
 * release has no such file.
 * @throws `TypeError` for a wrong or unknown option, which the message names. The returned function rejects if `start` of the
 * updater rejects.
 * @see docs/updates.md#serving-a-release
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { createReleaseHandler, createUpdater, memoryBuiltIn, memoryStore } from 'bundleseal/update';
 *
 * const { publicKey } = await keygen(); // an app carries the public key of its build machine
 * const index = new TextEncoder().encode('<!doctype html>');
 * const updater = createUpdater({
 *   store: 'https://updates.example.com/app/',
 *   channel: 'production',
 *   appId: 'com.example.app',
 *   publicKey,
 *   releases: memoryStore(),
 *   builtIn: await memoryBuiltIn({ 'index.html': index }, { createdAt: '2026-11-26T08:55:00Z' }),
 * });
 * const handle = createReleaseHandler(updater, { fallback: 'index.html' });
 * const answer = await handle(new Request('https://app.example.com/'));
 * console.log(answer?.headers.get('content-type')); // text/html;charset=utf-8
 * ```
 */
export function createReleaseHandler(
  updater: Updater,
  options: ReleaseHandlerOptions = {},
): ReleaseHandler {
  checkOptions('createReleaseHandler', options, { fallback: 'any', base: 'any', headers: 'any' });
  const { fallback, base = '/', headers = {} } = options;
  if (!base.startsWith('/') || !base.endsWith('/')) {
    throw new TypeError('options.base expected a path that begins and ends with "/"');
  }
  if (fallback !== undefined && typeof fallback !== 'string') {
    throw new TypeError(`options.fallback expected a path, got ${describe(fallback)}`);
  }
  // `Headers` makes the names lower-case, like the other names here. A response joins the values of one name in two spellings.
  const own = Object.fromEntries(new Headers(headers));
  const lists = new WeakMap<RunningRelease, Promise<ReadonlyMap<string, ReleaseFileInfo>>>();
  const tags = new WeakMap<RunningRelease, Map<string, string>>();

  const filesOf = (release: RunningRelease) => {
    let list = lists.get(release);
    if (list === undefined) {
      list = release.files.list().then((files) => new Map(files.map((file) => [file.path, file])));
      lists.set(release, list);
      list.catch(() => lists.delete(release));
    }
    return list;
  };

  const tagOf = async (release: RunningRelease, file: ReleaseFileInfo, bytes: Uint8Array) => {
    if (file.sha256 !== undefined) return `"${file.sha256}"`;
    const known = tags.get(release) ?? new Map<string, string>();
    tags.set(release, known);
    let tag = known.get(file.path);
    if (tag === undefined) {
      tag = `"${toHex(await (await selectBackend('auto')).sha256(bytes))}"`;
      known.set(file.path, tag);
    }
    return tag;
  };

  const answerWith = async (
    request: Request,
    release: RunningRelease,
    file: ReleaseFileInfo,
  ): Promise<Response> => {
    let bytes: Uint8Array;
    try {
      bytes = await release.files.read(file.path);
    } catch (cause) {
      throw new UnreadableFile(file.path, { cause });
    }
    const etag = await tagOf(release, file, bytes);
    const common = {
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      ...own,
      etag,
      'accept-ranges': 'bytes',
    };
    if (isNotModified(request, etag)) return new Response(null, { status: 304, headers: common });
    return bodyOf(request, bytes, etag, { ...common, 'content-type': contentType(file.path) });
  };

  const answerFrom = async (
    release: RunningRelease,
    path: string,
    request: Request,
    client: RequestingClient,
  ): Promise<Response | undefined> => {
    const files = await filesOf(release);
    // `attach` requests the stamp beside the address of the page, and that address may be a route of the app.
    if (isStamp(path.slice(path.lastIndexOf('/') + 1)) && !files.has(path)) {
      return describeRelease(updater, release);
    }
    const isFolder = path === '' || path.endsWith('/');
    const file = files.get(isFolder ? `${path}index.html` : path);
    if (file !== undefined) return answerWith(request, release, file);
    if (!isNavigation(request)) return undefined;
    const page = isFolder ? undefined : files.get(`${path}.html`);
    if (page === undefined && files.has(`${path}/index.html`)) {
      // The start of the page that follows counts, so this one must not.
      if (client.resultingClientId) await updater.leaveToWebsite(client.resultingClientId);
      return toFolder(request, own);
    }
    const answer = page ?? files.get(fallback ?? '');
    return answer === undefined ? undefined : answerWith(request, release, answer);
  };

  return async (request, client = {}) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const path = pathOf(new URL(request.url).pathname, base);
    if (path === undefined) return undefined;
    const unreadable = new Set<string>();
    for (;;) {
      let release: RunningRelease | undefined;
      try {
        release = await releaseFor(updater, request, client);
      } catch (error) {
        // A page that is being loaded has no release yet, so the caller may answer. An open page must get no other release.
        if (!isOfPage(request, client) || !isStoreError(error)) throw error;
        return failed('The release of this page is lost. Reload the page.');
      }
      if (release === undefined) return undefined;
      try {
        return await answerFrom(release, path, request, client);
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        // The reader has reported the damage to the updater. A file of another release would break an open page. A new page has no
        // file yet, so the updater starts it again: with the release before, or with a new copy of the same built-in release.
        if (!isNewPage(request, client) || unreadable.has(release.id)) {
          return failed('This file of the release is damaged. Reload the app.');
        }
        unreadable.add(release.id);
      }
    }
  };
}

/** A file of a release is lost or altered. */
class UnreadableFile extends Error {}

/** Makes the response that adds a slash to the address, so that the links of the page are relative to its folder. */
function toFolder({ url }: Request, headers: Readonly<Record<string, string>>): Response {
  const { pathname, search } = new URL(url);
  const location = `${pathname}/${search}`;
  return new Response(null, {
    status: 302,
    headers: { 'cache-control': 'no-cache', ...headers, location },
  });
}

/** Whether an open page sends the request. A navigation starts a page. */
function isOfPage(
  { mode }: Request,
  { clientId = '', resultingClientId = '' }: RequestingClient = {},
): boolean {
  return clientId !== '' && (resultingClientId === '' || mode !== 'navigate');
}

/** Whether the response starts a page that the updater can tell from all others. */
function isNewPage(request: Request, client: RequestingClient): boolean {
  return (client.resultingClientId ?? '') !== '' && !isOfPage(request, client);
}

function releaseFor(
  updater: Updater,
  request: Request,
  client: RequestingClient = {},
): Promise<RunningRelease | undefined> {
  const { clientId, resultingClientId } = client;
  const resulting = resultingClientId === '' ? undefined : resultingClientId;
  if (isOfPage(request, client)) return updater.releaseOf(clientId as string, resulting);
  return updater.start(resulting === undefined ? {} : { client: resulting });
}

const isStoreError = (error: unknown): boolean =>
  error instanceof BundleSealError && error.code === 'ERR_STORE';

function failed(message: string): Response {
  return new Response(message, {
    status: 500,
    headers: { 'content-type': 'text/plain;charset=utf-8', 'cache-control': 'no-store' },
  });
}

/** Makes the response that tells a page which release it runs, which `attach` reads, and whether that release is on trial. */
async function describeRelease(
  updater: Updater,
  { id, createdAt }: RunningRelease,
): Promise<Response> {
  const stamp = writeStamp({ format: 'bundleseal-stamp', version: 1, id, createdAt });
  // A page needs its id even if the state cannot be read.
  const status = await updater.status().catch(() => undefined);
  const isTrial = status?.trial !== undefined && status.running.id === id;
  return new Response(stamp as BodyInit, {
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(isTrial && { 'bundleseal-trial': 'true' }),
    },
  });
}

/** Returns the path inside the release. Decodes each segment separately, so that an encoded slash does not separate folders. */
function pathOf(pathname: string, base: string): string | undefined {
  if (!pathname.startsWith(base)) return undefined;
  try {
    const segments = pathname.slice(base.length).split('/').map(decodeURIComponent);
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? undefined : segments.join('/');
  } catch {
    return undefined;
  }
}

function isNavigation(request: Request): boolean {
  if (request.mode === 'navigate') return true;
  return request.headers.get('accept')?.includes('text/html') === true;
}

function contentType(path: string): string {
  const type = lookup(path) ?? 'application/octet-stream';
  const isText = /^text\/|[/+](?:javascript|json|xml|manifest\+json)$/.test(type);
  return isText ? `${type};charset=utf-8` : type;
}
