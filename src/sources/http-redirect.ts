// Where a request goes: to the URL, and on to where its redirects lead, without taking secrets there.

import { describe } from '../options.ts';
import { unawaited, untilAborted } from '../turn.ts';
import type { Refuse } from './http-answer.ts';
import type { Connection } from './http-options.ts';

/** An address to ask. */
interface Place {
  readonly url: string;
  /** Whether the caller's headers go there: until the first redirect to another origin. */
  readonly trusted: boolean;
}

/** What the requests of a source have found out about its redirects. */
export interface Route {
  /** Where the last redirects led, which later requests ask first. */
  pinned: Place | undefined;
  /** How the runtime is to follow redirects where a script can't see where they lead. */
  blind: RequestInit | undefined;
  /** Queries and fragments of all the URLs, which no message may hold. */
  readonly secrets: Set<string>;
}

/** An answer that is no redirect, or why there is none. */
export type Reached =
  | { readonly answer: Response; readonly place: Place }
  | { readonly unreached: unknown };

// RFC 9110 §15.4. Redirects that fetch follows, and as many as it follows.
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;

/**
 * Asks, and follows redirects: by hand where the runtime shows where they lead (Node, Bun, Deno, workerd),
 * else as {@link followBlindly} says.
 *
 * @param own - Headers of the source's own, which go everywhere.
 * @param alive - Called for each answer.
 * @throws what `refuse` makes, for a redirect that is not followed.
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
      // A signed link that ran out, or a server that went: the URL itself may lead to another one.
      discard(answer);
      startAgain();
    } else {
      checkLanding(connection, answer, place, refuse);
      if (redirects > 0 && answer.ok) route.pinned = place;
      return { answer, place };
    }
  }
}

/** Lets go of a body, so that its connection doesn't wait for someone to read it. */
export function discard({ body }: Response): void {
  if (body?.locked === false) body.cancel().catch(() => {});
}

/** Async, so that a fetch of the caller's own that throws rejects instead. It may also answer in spite of the signal. */
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
 * In a page a redirect is opaque. Without headers of the caller's the browser may follow it: what else is
 * secret, cookies, it keeps to their origin. With headers it may as long as the origin is the page's own, as
 * mode 'same-origin' ends the request before it reaches another one. Otherwise browsers take away nothing
 * but Authorization, and older ones not even that.
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

/** Where the runtime followed redirects by itself, asked to or not. */
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
