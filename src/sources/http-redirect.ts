// Decides where a request goes: the rules for redirects, and which headers it may take there.

import type { Failure, RefuseResponse } from './http-answer.ts';
import { type Connection, isOfAnotherPage, type Validators } from './http-options.ts';
import { hideSecrets } from './http-secrets.ts';

/** An address for requests. */
export interface Address {
  readonly url: string;
  /** Whether this address gets the caller's headers. False after a redirect to another origin. */
  readonly trusted: boolean;
}

/** What earlier requests of a source learned about its redirects. */
export interface RedirectRoute {
  /** Where the last redirects led. Later requests start there. */
  pinned: Address | undefined;
  /**
   * The `fetch` options with which the runtime follows redirects whose target scripts cannot see.
   */
  blind: RequestInit | undefined;
  /** Queries and fragments of all URLs, which no message may contain. */
  readonly secrets: Set<string>;
}

/** The way of one request: from the URL, or from where earlier redirects led, along the redirects of its answers. */
export interface RequestWay {
  /** Where the next request goes. */
  readonly place: Address;
  /** Called if the address did not answer. Whether the way starts again, at the URL. */
  restarts(): boolean;
  /**
   * Whether the answer leads to another request.
   *
   * @throws the error of `refuse` for a redirect that the source must not follow.
   */
  leadsOn(answer: Response): boolean;
}

// The status codes of redirects (RFC 9110 §15.4), and the most redirects that `fetch` follows.
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 20;

/**
 * Starts the way of a request. In runtimes that show where redirects lead (Node, Bun, Deno, workerd), it follows them
 * itself. For pages, see {@link followBlindly}.
 */
export function startWay(connection: Connection, refuse: RefuseResponse): RequestWay {
  const { route } = connection;
  const start: Address = { url: connection.url, trusted: true };
  let place = route.pinned ?? start;
  let isPinned = place !== start;
  let redirects = 0;

  function restarts(): boolean {
    if (!isPinned) return false;
    route.pinned = undefined;
    isPinned = false;
    place = start;
    return true;
  }

  return {
    get place() {
      return place;
    },
    restarts,
    leadsOn(answer) {
      const location = REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
      const isRedirect = location !== null || answer.type === 'opaqueredirect';
      if (isRedirect && !connection.follow) {
        throw refuse('redirects, which options.redirect forbids: pass the final address');
      }
      if (location !== null) {
        if (++redirects > MOST_REDIRECTS) {
          throw refuse(
            `redirects more than ${MOST_REDIRECTS} times: correct the redirects on the server`,
          );
        }
        place = placeAfter(connection, place, location, refuse);
        return true;
      }
      if (isRedirect) {
        followBlindly(connection, refuse);
        return true;
      }
      // The signed link has expired or the server is gone. The URL itself may redirect to another one.
      if (![200, 206, 412, 416].includes(answer.status) && restarts()) return true;
      checkLanding(connection, answer, place, refuse);
      if (redirects > 0 && answer.ok) route.pinned = place;
      refuseMissingHeaders(connection, answer, place, refuse);
      return false;
    },
  };
}

const hasHeaders = ({ headers }: Connection): boolean => !headers.keys().next().done;

/**
 * Lets the browser follow a redirect, because scripts in a page cannot see where it leads.
 *
 * - Without headers of the caller this is safe: the browser sends cookies only to their origin.
 * - With headers and a URL of the page's own origin, mode 'same-origin' stops the request before it reaches another
 *   origin.
 * - In all other cases this refuses the redirect. Browsers would remove only Authorization, and older browsers no
 *   header.
 */
function followBlindly(connection: Connection, refuse: RefuseResponse): void {
  const { route, url } = connection;
  const redirect = 'follow';
  if (!hasHeaders(connection)) route.blind = { redirect };
  else if (new URL(url).origin === globalThis.location?.origin) {
    route.blind = { redirect, mode: 'same-origin' };
  } else {
    throw refuse(
      'redirects, and a page cannot see where to, so options.headers might reach another origin: find the final address with fetch and pass it',
    );
  }
}

/** Computes the address that a redirect leads to. @throws the error of `refuse` for an address that is not allowed. */
function placeAfter(
  { route }: Connection,
  { url, trusted }: Address,
  location: string,
  refuse: RefuseResponse,
): Address {
  const from = new URL(url);
  let next: URL;
  try {
    next = new URL(location, from);
  } catch {
    throw refuse('redirects to an address that is no URL: correct the redirects on the server');
  }
  if (next.protocol !== 'http:' && next.protocol !== 'https:') {
    throw refuse(
      'redirects to an address that is neither http nor https: correct the redirects on the server',
    );
  }
  if (next.username !== '' || next.password !== '') {
    throw refuse(
      'redirects to a URL with a user name or password: correct the redirects on the server',
    );
  }
  refuseDowngrade(from, next, refuse);
  hideSecrets(next, route.secrets);
  return { url: next.href, trusted: trusted && next.origin === from.origin };
}

function refuseDowngrade(from: URL, to: URL, refuse: RefuseResponse): void {
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refuse(`redirects from https to http, to ${to.origin}: serve the file over https`);
  }
}

/** Checks the final URL if the runtime followed redirects by itself. */
function checkLanding(
  connection: Connection,
  { redirected, url }: Response,
  place: Address,
  refuse: RefuseResponse,
): void {
  if (redirected !== true) return;
  const [from, to] = [new URL(place.url), new URL(url)];
  hideSecrets(to, connection.route.secrets);
  refuseDowngrade(from, to, refuse);
  if (!connection.follow) {
    throw refuse('redirects, which options.redirect forbids: pass the final address');
  }
  if (place.trusted && hasHeaders(connection) && from.origin !== to.origin) {
    throw refuse(
      `redirects to ${to.origin}, and fetch followed the redirect by itself, perhaps with options.headers: pass the final address, or another options.fetch`,
    );
  }
}

/** Refuses a 401 or 403 of another origin, which did not get the caller's headers. */
function refuseMissingHeaders(
  connection: Connection,
  { status }: Response,
  place: Address,
  refuse: RefuseResponse,
): void {
  if (place.trusted || ![401, 403].includes(status) || !hasHeaders(connection)) return;
  throw refuse(
    `redirects to ${new URL(place.url).origin}, which answered ${status}: httpSource sends options.headers only to ${new URL(connection.url).origin}, so pass the final address`,
  );
}

/** The failure of a request that got no answer. */
export function unreached(connection: Connection, validators: Validators, cause: unknown): Failure {
  const advice = adviceOnReaching(connection, validators);
  return { kind: 'failure', what: 'could not be reached', advice, cause };
}

function adviceOnReaching({ url, route }: Connection, validators: Validators): string {
  if (route.blind?.mode === 'same-origin') {
    return 'check the network and the URL, whose redirect may lead to another origin, where options.headers are not sent';
  }
  if (!isOfAnotherPage(url)) return 'check the network and the URL';
  const own = validators === 'if-range' ? 'Range and If-Range' : 'Range';
  return `check the network and the URL, and that the server allows this origin, the headers ${own}, and those in options.headers (CORS)`;
}
