// Binds each open page to the release that it runs, for a process that serves many pages.

import * as pins from './pins.ts';
import type { Releases } from './running.ts';
import { SHORT_WAIT } from './store-locks.ts';
import * as transitions from './transitions.ts';
import type { RunningRelease } from './updater-types.ts';
import type { Work } from './work.ts';

export interface Pages {
  /** Binds a page to a release in this process. The state already has the page. */
  remember(client: string, id: string): void;
  /** Binds a page to a release, in this process and in the state. */
  bind(client: string, id: string): Promise<void>;
  /** Binds a page to the website. If `start` counted the page as a start of a trial, it no longer counts. */
  leave(client: string): Promise<void>;
  /** Resolves with the release of a page, or with `undefined` if the website serves the page. */
  releaseOf(client: string, child: string | undefined): Promise<RunningRelease | undefined>;
  /** Forgets the pages that are closed. */
  keep(living: Iterable<string>): Promise<void>;
}

export function createPages({ device, act, emit }: Work, releases: Releases): Pages {
  /** The pages that were bound since this process started, each with its release or with `undefined` for the website. */
  const bound = new Map<string, string | undefined>();
  const lost = new Set<string>();

  const store = (client: string, id: string | undefined) =>
    act((state) => pins.pin(state, client, id), SHORT_WAIT);

  // If the state cannot be stored, the page keeps its release only while this process runs.
  const attempt = async (stored: Promise<unknown>): Promise<void> => {
    await stored.catch((error: unknown) => emit({ type: 'error', error }));
  };

  const bind = (client: string, id: string | undefined): Promise<void> => {
    bound.set(client, id);
    return attempt(store(client, id));
  };

  /** Finds the release of a page that this process does not know. The browser has restarted the worker, or the page is older. */
  const find = async (client: string): Promise<string | undefined> => {
    const state = await device.read();
    const pin = state.pinned.find((one) => one.client === client);
    if (pin !== undefined) return pin.id;
    try {
      await store(client, state.running);
      return state.running;
    } catch (error) {
      emit({ type: 'error', error });
      // If `start` cannot store the state, it gives the page this release.
      return transitions.confirmed(state, device.facts());
    }
  };

  return {
    remember: (client, id) => void bound.set(client, id),
    bind,
    leave(client) {
      // The page may send its next request before the state is stored.
      bound.set(client, undefined);
      return attempt(act((state) => pins.leave(state, client), SHORT_WAIT));
    },
    async releaseOf(client, child) {
      if (!bound.has(client)) bound.set(client, await find(client));
      const id = bound.get(client);
      if (child !== undefined) await bind(child, id);
      if (id === undefined) return undefined;
      try {
        const release = await releases.open(id);
        lost.delete(client);
        return release;
      } catch (error) {
        if (!lost.has(client)) emit({ type: 'release-lost', id, client, error });
        lost.add(client);
        throw error;
      }
    },
    async keep(living) {
      const alive = new Set(living);
      for (const client of bound.keys()) if (!alive.has(client)) bound.delete(client);
      for (const client of lost) if (!alive.has(client)) lost.delete(client);
      await act((state) => pins.keepClients(state, alive));
    },
  };
}
