// The rules for redirects: where a request may go next, and which headers it may take there.

import type { RefuseResponse } from './http-answer.ts';
import type { Connection } from './http-options.ts';
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
export function followBlindly(connection: Connection, refuse: RefuseResponse): void {
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
export function placeAfter(
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
export function checkLanding(
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
export function refuseMissingHeaders(
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
