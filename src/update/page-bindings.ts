// The changes of a device's state that bind open pages to releases, as pure functions. The updater keeps the files of a release
// until every page that runs it is closed.

import type { DeviceState } from './state.ts';

/** The number of older releases that open pages may keep. */
const MAX_PINNED_RELEASES = 2;

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

/** Forgets the pages that are closed. */
export function keepClients(state: DeviceState, alive: ReadonlySet<string>): DeviceState {
  const pinned = state.pinned.filter(({ client }) => alive.has(client));
  // An unchanged state is not written again.
  return pinned.length === state.pinned.length ? state : { ...state, pinned };
}
