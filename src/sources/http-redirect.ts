// Sends a request to the URL and follows its redirects, without sending secrets to another origin.

import { describe } from '../options.ts';
import { unawaited, untilAborted } from '../turn.ts';
import type { Refuse } from './http-answer.ts';
import type { Connection } from './http-options.ts';

/** An address for requests. */
interface Place {
  readonly url: string;
  /** Whether the caller's headers are sent there. False after a redirect to another origin. */
  readonly trusted: boolean;
}

/** What earlier requests of a source learned about its redirects. */
export interface Route {
  /** Where the last redirects led. Later requests start there. */
  pinned: Place | undefined;
  /**
   * The `fetch` options with which the runtime follows redirects whose target scripts cannot see.
   */
  blind: RequestInit | undefined;
  /** Queries and fragments of all URLs, which no message may contain. */
  readonly secrets: Set<string>;
}

/** A response that is not a redirect, or the failure. */
export type Reached =
  | { readonly answer: Response; readonly place: Place }
  | { readonly unreached: unknown };

// Status codes of redirects (RFC 9110 §15.4), and the limit of fetch.
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;

/**
 * Sends a request and follows redirects. If the runtime shows where they lead (Node, Bun, Deno, workerd), this
 * function follows them itself; otherwise see {@link followBlindly}.
 *
 * @param own - Headers of this library, which are sent to every origin.
 * @param alive - Called for each response.
 * @throws the error of `refuse` for a redirect that must not be followed.
 */
export async function reach(
  connection: Connection,
  own: Readonly<Record<string, string>>,
  { stop, alive, refuse }: { stop: AbortSignal; alive: () => void; refuse: Refuse },
): Promise<Reached> {
  const { route } = connection;
  const start: Place = { url: connection.url, trusted: true };
  let place = route.pinned ?? start;
  let isPinned = place !== start;
  const startAgain = () => {
    if (isPinned) route.pinned = undefined;
    isPinned = false;
    place = start;
  };
  for (let redirects = 0; ; ) {
    let answer: Response;
    try {
      answer = await send(connection, place, own, stop);
    } catch (unreached) {
      if (!isPinned || stop.aborted) return { unreached };
      startAgain();
      continue;
    }
    if (typeof answer?.headers?.get !== 'function') {
      throw new TypeError(`options.fetch must answer with a Response, not ${describe(answer)}`);
    }
    alive();
    const location = REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
    const isRedirect = location !== null || answer.type === 'opaqueredirect';
    if (isRedirect) discard(answer);
    if (isRedirect && !connection.follow) {
      throw refuse('redirects, which options.redirect forbids: pass the address that it leads to');
    }
    if (location !== null) {
      if (++redirects > MOST_REDIRECTS) {
        throw refuse(`redirects more than ${MOST_REDIRECTS} times: mend its redirects`);
      }
      place = placeAfter(connection, place, location, refuse);
    } else if (isRedirect) {
      followBlindly(connection, refuse);
    } else if (isPinned && ![200, 206, 412, 416].includes(answer.status)) {
      // The signed link has expired or the server is gone. The URL itself may redirect to another one.
      discard(answer);
      startAgain();
    } else {
      checkLanding(connection, answer, place, refuse);
      if (redirects > 0 && answer.ok) route.pinned = place;
      return { answer, place };
    }
  }
}

/** Cancels a body that is not needed, because an unread body blocks its connection. */
export function discard({ body }: Response): void {
  if (body?.locked === false) unawaited(() => body.cancel());
}

/**
 * This function is async, so that it rejects if the caller's own fetch throws. The caller's fetch may also ignore the
 * signal.
 */
async function send(
  { fetch, request, headers: callers, route }: Connection,
  { url, trusted }: Place,
  own: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const headers = new Headers(trusted ? callers : {});
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  const init = { ...request, redirect: 'manual', ...route.blind, headers, signal } as const;
  const answering = Promise.resolve(fetch(url, init));
  try {
    return await untilAborted(answering, signal);
  } catch (error) {
    if (signal.aborted) unawaited(async () => discard(await answering));
    throw error;
  }
}

const hasHeaders = ({ headers }: Connection): boolean => !headers.keys().next().done;

/**
 * Lets the browser follow a redirect, which is opaque to scripts in a page. Without headers of the caller this is
 * safe: the browser sends cookies only to their origin. With headers it is allowed if the URL has the page's own
 * origin, because mode 'same-origin' stops the request before it reaches another one. In all other cases the redirect
 * is refused: browsers remove only Authorization, and older ones not even that.
 */
function followBlindly(connection: Connection, refuse: Refuse): void {
  const { route, url } = connection;
  const redirect = 'follow';
  if (!hasHeaders(connection)) route.blind = { redirect };
  else if (new URL(url).origin === globalThis.location?.origin) {
    route.blind = { redirect, mode: 'same-origin' };
  } else {
    throw refuse(
      'redirects, and a page is not told where to, so options.headers might reach another origin: find the final address with fetch and pass that',
    );
  }
}

function placeAfter(
  { route }: Connection,
  { url, trusted }: Place,
  location: string,
  refuse: Refuse,
): Place {
  const from = new URL(url);
  let next: URL;
  try {
    next = new URL(location, from);
  } catch {
    throw refuse('redirects to an address that is no URL: mend its redirects');
  }
  if (next.protocol !== 'http:' && next.protocol !== 'https:') {
    throw refuse('redirects to an address that is neither http nor https: mend its redirects');
  }
  if (next.username !== '' || next.password !== '') {
    throw refuse('redirects to a URL with a user name or password: mend its redirects');
  }
  refuseDowngrade(from, next, refuse);
  hideSecrets(next, route.secrets);
  return { url: next.href, trusted: trusted && next.origin === from.origin };
}

export function hideSecrets({ search, hash }: URL, secrets: Set<string>): void {
  for (const part of [search, hash]) if (part.length > 1) secrets.add(part);
}

function refuseDowngrade(from: URL, to: URL, refuse: Refuse): void {
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refuse(`redirects from https to http, to ${to.origin}: serve the file over https`);
  }
}

/** Checks the final URL if the runtime followed redirects by itself. */
function checkLanding(connection: Connection, answer: Response, place: Place, refuse: Refuse) {
  if (answer.redirected !== true) return;
  try {
    const [from, to] = [new URL(place.url), new URL(answer.url)];
    hideSecrets(to, connection.route.secrets);
    refuseDowngrade(from, to, refuse);
    if (!connection.follow) {
      throw refuse('redirects, which options.redirect forbids: pass the address that it leads to');
    }
    if (place.trusted && hasHeaders(connection) && from.origin !== to.origin) {
      throw refuse(
        `redirects to ${to.origin}, and the fetch in use followed without being asked to, perhaps with options.headers: pass the final address, or another options.fetch`,
      );
    }
  } catch (error) {
    discard(answer);
    throw error;
  }
}
