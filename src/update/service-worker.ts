// Serves releases from a service worker.

import { isForWebsite } from './built-in.ts';
import { createReleaseHandler, type ReleaseHandlerOptions } from './handler.ts';
import type { Updater } from './updater-types.ts';

/** The members of a service worker's `self` that this library uses. Only TypeScript's WebWorker library has their types. */
export interface ServiceWorkerScope {
  /** The address of the worker. The handler answers only requests to its origin. */
  readonly location: { readonly origin: string };
  /** The registration of the worker. Its scope is the default of `base`. */
  readonly registration: { readonly scope: string };
  /** The open pages and workers of the origin. */
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: {
      includeUncontrolled: boolean;
      type: 'all';
    }): Promise<readonly { readonly id: string; readonly url: string }[]>;
  };
  /** Makes a new worker replace the old one at once. */
  skipWaiting(): Promise<void>;
  /** Adds a listener for `install`, `activate` or `fetch`. */
  // biome-ignore lint/suspicious/noExplicitAny: only the WebWorker library has the types of these events.
  addEventListener(type: string, listener: (event: any) => void): void;
}

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  /** Empty if no page or worker sends the request. */
  readonly clientId: string;
  /** The page or worker that the response starts. Empty if it starts none. */
  readonly resultingClientId: string;
  respondWith(answer: Promise<Response>): void;
}

// Milliseconds after the response for which the updater waits for a new page or worker. Some responses start none, for example
// downloads.
const UNTIL_LISTED = 60_000;

/**
 * Serves releases from a service worker. It copies the built-in release into the store when the worker is installed, answers
 * the requests of pages in the scope of the worker, and releases the files of a page when the page is closed.
 *
 * Call it synchronously in the worker's script, because a browser ignores listeners that are added later.
 *
 * @param updater - The updater of the app, which decides which release runs.
 * @param scope - `self` of the service worker.
 * @param options - The options of `createReleaseHandler`. Default of `base`: the scope of the worker.
 * @throws `TypeError` for a wrong or unknown option, which the message names.
 * @see docs/updates.md#serving-a-release
 * @example
 * ```ts
 * import { type ServiceWorkerScope, serveReleases, type Updater } from 'bundleseal/update';
 *
 * // In the worker's script: serve(self, updater).
 * const serve = (scope: ServiceWorkerScope, updater: Updater) =>
 *   serveReleases(scope, updater, { fallback: 'index.html' });
 * console.log(typeof serve);
 * ```
 */
export function serveReleases(
  scope: ServiceWorkerScope,
  updater: Updater,
  options: ReleaseHandlerOptions = {},
): void {
  const base = new URL(scope.registration.scope).pathname;
  const handle = createReleaseHandler(updater, { base, ...options });
  // The pages and workers that `clients.matchAll` does not list yet, and when the response was ready. The browser lists a page when
  // it has the response, and a worker when it has loaded all modules of the worker.
  const loading = new Map<string, number>();

  scope.addEventListener('install', (event: ExtendableEvent) => {
    event.waitUntil(updater.installBuiltIn().then(() => scope.skipWaiting(), tellFailure));
  });
  scope.addEventListener('activate', (event: ExtendableEvent) => {
    event.waitUntil(bindOpenPages().then(() => scope.clients.claim()));
  });
  scope.addEventListener('fetch', (event: FetchEvent) => {
    const { request, clientId, resultingClientId } = event;
    if (new URL(request.url).origin !== scope.location.origin || isForWebsite(request.url)) return;
    const isNavigation = request.mode === 'navigate';
    if (isNavigation && isSpeculative(request)) {
      event.respondWith(Promise.resolve(new Response(null, { status: 503 })));
      return;
    }
    if (resultingClientId !== '') loading.set(resultingClientId, Number.POSITIVE_INFINITY);
    const response = isNavigation ? startPage(event) : answer(event);
    event.respondWith(response);
    // The first request of a page or worker shows that the browser has started it.
    const found = loading.has(clientId) ? findLiving() : undefined;
    const done = Promise.allSettled([response, found]).then(() => {
      if (loading.has(resultingClientId)) loading.set(resultingClientId, performance.now());
      return updater.idle();
    });
    // The browser may end a worker that has answered. This keeps the worker alive until its work in the background is done.
    event.waitUntil(done);
  });

  async function startPage(event: FetchEvent): Promise<Response> {
    const living = await findLiving().catch(() => undefined);
    if (living !== undefined) {
      // This change of the state is first in the queue, so that a release that waits until a page is closed can start now.
      event.waitUntil(updater.keepClients(living).catch(() => {}));
    }
    return answer(event);
  }

  async function answer(event: FetchEvent): Promise<Response> {
    const { request, resultingClientId } = event;
    const isNavigation = request.mode === 'navigate';
    const served = await handle(request, event).catch((error: unknown) => {
      // The website may have another release by now, so only a new page may come from there.
      if (!isNavigation) throw error;
    });
    if (served !== undefined) return served;
    if (isNavigation && resultingClientId !== '') {
      event.waitUntil(updater.leaveToWebsite(resultingClientId));
    }
    return fetch(request);
  }

  /** Binds the pages that were opened before the worker was active to the running release. */
  async function bindOpenPages(): Promise<void> {
    const clients = await scope.clients.matchAll({ includeUncontrolled: true, type: 'all' });
    for (const { id, url } of clients) {
      if (url.startsWith(scope.registration.scope)) await updater.releaseOf(id).catch(() => {});
    }
  }

  /** Returns the ids of all open pages and workers, also of pages and workers that the browser is still loading. */
  async function findLiving(): Promise<readonly string[]> {
    const now = performance.now();
    for (const [id, at] of loading) if (now - at > UNTIL_LISTED) loading.delete(id);
    // While the browser makes the list of this call, another call may find a page in its list and end the loading of the page.
    const before = [...loading.keys()];
    const clients = await scope.clients.matchAll({ includeUncontrolled: true, type: 'all' });
    for (const { id } of clients) loading.delete(id);
    return [...clients.map(({ id }) => id), ...before, ...loading.keys()];
  }
}

/** Says why a worker is not installed. Browsers keep the reason to themselves. */
function tellFailure(error: unknown): never {
  console.error('The service worker was not installed:', error);
  throw error;
}

/**
 * Whether the browser prepares a page that the visitor may never open. Such a page has no id yet, so it cannot be bound to the
 * release that answers it, and a start of a trial would count that nobody can confirm. With status 503, the browser loads the page
 * when the visitor opens it: https://developer.chrome.com/docs/web-platform/prerender-pages
 */
function isSpeculative({ headers }: Request): boolean {
  return headers.get('sec-purpose')?.startsWith('prefetch') === true;
}
