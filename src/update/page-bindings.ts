// The changes of a device's state that bind open pages to releases, as pure functions. The updater keeps the files of a release
// until every page that runs it is closed.

import type { DeviceState, PinnedClient } from './state.ts';

/** The number of older releases that open pages may keep. */
const MAX_PINNED_RELEASES = 2;

/** The number of closed pages that the state remembers. A browser keeps few pages of a tab in its back/forward cache. */
const MAX_CLOSED = 50;

/** Whether the next activation has to wait, because open pages keep too many older releases. */
export function isActivationWaiting({ pinned, running, next }: DeviceState): boolean {
  const held = new Set(pinned.flatMap(({ id }) => id ?? []));
  if (next !== undefined) held.delete(next);
  held.add(running);
  return held.size > MAX_PINNED_RELEASES;
}

/** Binds a page to the release that it runs, or to the website if `id` is absent. */
export function pin(state: DeviceState, client: string, id: string | undefined): DeviceState {
  const pinned = { client, ...(id !== undefined && { id }) };
  return { ...state, pinned: [...state.pinned.filter((one) => one.client !== client), pinned] };
}

/**
 * Records that the website serves a page. If the page was counted as a start of the trial, the count goes down by one: the page
 * does not run the release, so it cannot confirm it.
 */
export function leave(state: DeviceState, client: string): DeviceState {
  const { trial, pinned } = state;
  const left = pin(state, client, undefined);
  const wasCounted = pinned.some((one) => one.client === client && one.id === trial?.id);
  if (trial === undefined || trial.starts === 0 || !wasCounted) return left;
  return { ...left, trial: { ...trial, starts: trial.starts - 1 } };
}

/** Returns what the state has recorded of a page, also if the browser did not list the page for a while. */
export function recordOf(
  { pinned, closed = [] }: DeviceState,
  client: string,
): PinnedClient | undefined {
  return [...pinned, ...closed].find((one) => one.client === client);
}

/** Binds a page that sends a request: to the release that it ran before, or to the running release. */
export function find(state: DeviceState, client: string): DeviceState {
  if (state.pinned.some((one) => one.client === client)) return state;
  const before = recordOf(state, client);
  return pin(state, client, before === undefined ? state.running : before.id);
}

/**
 * Lets the releases of closed pages go. The state remembers the pages: a browser does not list a page in its back/forward cache, and
 * may show it again. The page must not get files of another release then.
 */
export function keepClients(state: DeviceState, alive: ReadonlySet<string>): DeviceState {
  const gone = state.pinned.filter(({ client }) => !alive.has(client));
  // An unchanged state is not written again.
  if (gone.length === 0) return state;
  const isOpen = ({ client }: PinnedClient) => state.pinned.some((one) => one.client === client);
  const others = (state.closed ?? []).filter((one) => !isOpen(one));
  return {
    ...state,
    pinned: state.pinned.filter(({ client }) => alive.has(client)),
    closed: [...others, ...gone].slice(-MAX_CLOSED),
  };
}
