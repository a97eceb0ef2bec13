// Binds each open page to the release that it runs, for a process that serves many pages.

import type { UpdateContext } from './context.ts';
import * as bindings from './page-bindings.ts';
import type { Releases } from './running.ts';
import { SHORT_WAIT } from './store-locks.ts';
import * as transitions from './transitions.ts';
import type { RunningRelease } from './updater-types.ts';

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

export function createPages({ device, act, emit }: UpdateContext, releases: Releases): Pages {
  /** The pages that were bound since this process started, each with its release or with `undefined` for the website. */
  const bound = new Map<string, Promise<string | undefined>>();
  const lost = new Set<string>();

  const remember = (client: string, id: string | undefined) =>
    void bound.set(client, Promise.resolve(id));

  const store = (client: string, id: string | undefined) =>
    act((state) => bindings.pin(state, client, id), SHORT_WAIT);

  // If the state cannot be stored, the page keeps its release only while this process runs.
  const attempt = async (stored: Promise<unknown>): Promise<void> => {
    await stored.catch((error: unknown) => emit({ type: 'error', error }));
  };

  const bind = (client: string, id: string | undefined): Promise<void> => {
    remember(client, id);
    return attempt(store(client, id));
  };

  /**
   * Finds the release of a page that this process does not know: the browser has restarted the worker, the page is older, or it
   * comes from the back/forward cache.
   */
  const find = async (client: string): Promise<string | undefined> => {
    const before = await device.read();
    const known = before.pinned.find((one) => one.client === client);
    if (known !== undefined) return known.id;
    try {
      // Another request of the page, or another process, may have bound the page meanwhile.
      const state = await act((now) => bindings.find(now, client), SHORT_WAIT);
      return bindings.recordOf(state, client)?.id;
    } catch (error) {
      emit({ type: 'error', error });
      const recorded = bindings.recordOf(before, client);
      // If `start` cannot store the state, it gives the page the confirmed release.
      return recorded === undefined ? transitions.confirmed(before, device.facts()) : recorded.id;
    }
  };

  /** All requests of a page share one search, so that they get files of one release. */
  const releaseIdOf = (client: string): Promise<string | undefined> => {
    let id = bound.get(client);
    if (id === undefined) {
      const found = find(client);
      id = found;
      bound.set(client, found);
      found.catch(() => {
        if (bound.get(client) === found) bound.delete(client);
      });
    }
    return id;
  };

  return {
    remember,
    bind,
    leave(client) {
      // The page may send its next request before the state is stored.
      remember(client, undefined);
      return attempt(act((state) => bindings.leave(state, client), SHORT_WAIT));
    },
    async releaseOf(client, child) {
      const id = await releaseIdOf(client);
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
      await act((state) => bindings.keepClients(state, alive));
    },
  };
}
