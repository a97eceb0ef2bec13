// Decides at a start which release runs, and opens it.

import type { UpdateContext } from './context.ts';
import { type OpenedRelease, provenReader } from './installed.ts';
import * as bindings from './page-bindings.ts';
import type { ReleaseReader } from './release-store.ts';
import type { DeviceState } from './state.ts';
import { SHORT_WAIT } from './store-locks.ts';
import * as transitions from './transitions.ts';
import type { RunningRelease } from './updater-types.ts';

/** The decision of a start. `state` is absent if the store could not store the start. */
interface Started {
  readonly release: RunningRelease;
  readonly state?: DeviceState;
}

export interface Releases {
  /** Opens an installed or built-in release. Later calls in the same process return the same object. */
  open(id: string): Promise<RunningRelease>;
  /** Counts a page load or process launch, and resolves with the release for it. */
  start(client: string | undefined): Promise<Started>;
}

/**
 * @param aside - Runs a task in the background.
 * @param copyBuiltIn - Copies a remote built-in release into the store.
 */
export function createReleases(
  { settings, device, act, emit }: UpdateContext,
  aside: (task: () => Promise<unknown>) => void,
  copyBuiltIn: () => Promise<void>,
): Releases {
  const opened = new Map<string, Promise<RunningRelease>>();
  /** The releases that are damaged, and that the state does not show as damaged yet. */
  const damaged = new Set<string>();
  /** By id, the task that records the damage of a release. */
  const recordings = new Map<string, Promise<void>>();

  /** A start does not run these releases either, also if the damage cannot be stored. */
  const withDamage = (state: DeviceState): DeviceState =>
    [...damaged].reduce((before, id) => transitions.damaged(before, id, device.facts()), state);

  const verificationOf = ({ isShipped }: OpenedRelease) => {
    // A deploy can replace the files of a website between two reads.
    if (isShipped) return 'always';
    return settings.verifyFiles ? 'first' : 'never';
  };

  const openAnew = async (id: string, find = device.open): Promise<RunningRelease> => {
    const release = await find(id);
    const { createdAt } = release.stamp;
    const isRemote = settings.builtIn.isRemote === true;
    // The reader does not compare these files with their digests. The host protects them, and may alter them, for example by
    // minifying.
    if (release.isShipped && !isRemote) return { id, createdAt, files: release.reader };
    const damages = new WeakSet<object>();
    const prove = (found: OpenedRelease) => {
      // The store has lost the copy. Copy the files again before the next deploy replaces them.
      if (found.isShipped) {
        aside(async () => {
          await copyBuiltIn();
          // The next request opens the copy, so that it does not need the website.
          opened.delete(id);
        });
      }
      return provenReader(found, device.backend, verificationOf(found), (error) => {
        damages.add(error as Error);
      });
    };
    const report = (error: unknown) => {
      opened.delete(id);
      emit({ type: 'error', error });
      damaged.add(id);
      if (recordings.has(id)) return;
      const record = async () => {
        const { builtIn } = await act((state) => transitions.damaged(state, id, device.facts()));
        damaged.delete(id);
        // The website may still have the files of this release.
        if (isRemote && id === builtIn) await settings.releases.remove(id);
      };
      const recorded = record().finally(() => recordings.delete(id));
      recordings.set(
        id,
        recorded.catch(() => {}),
      );
      aside(() => recorded);
    };
    let current = prove(release);
    let reopening: Promise<ReleaseReader> | undefined;
    const reopen = async (): Promise<ReleaseReader> => {
      try {
        return prove(await device.open(id));
      } catch (error) {
        report(error);
        throw error;
      }
    };
    const read = async (path: string): Promise<Uint8Array> => {
      const before = current;
      try {
        return await before.read(path);
      } catch (error) {
        if (!damages.has(error as Error)) throw error;
      }
      // The release may have been removed and installed again meanwhile, under another path of the store. This may happen any
      // number of times while a page or a process runs.
      if (current === before) {
        reopening ??= reopen().finally(() => {
          reopening = undefined;
        });
        current = await reopening;
      }
      try {
        return await current.read(path);
      } catch (error) {
        if (damages.has(error as Error)) report(error);
        throw error;
      }
    };
    if (settings.releases.isReadByHost === true && settings.verifyFiles) {
      for (const { path } of release.digests) await read(path);
    }
    return { id, createdAt, files: { list: () => current.list(), read } };
  };

  const open = (id: string, find = device.open): Promise<RunningRelease> => {
    const known = opened.get(id);
    if (known !== undefined) return known;
    const release = openAnew(id, find);
    opened.set(id, release);
    release.catch(() => opened.delete(id));
    return release;
  };

  /** Opens the release to run if the state cannot be changed. The start of a trial cannot be counted then, so only a confirmed release may run. */
  const withoutState = async (): Promise<RunningRelease> => {
    const state = await device.read().catch(() => undefined);
    if (state !== undefined) {
      const release = await open(transitions.confirmed(withDamage(state), device.facts())).catch(
        () => undefined,
      );
      if (release !== undefined) return release;
    }
    return open((await device.builtIn().catch(() => device.shippedStamp())).id);
  };

  return {
    open: (id) => open(id),
    async start(client) {
      let release: RunningRelease | undefined;
      const applied = [...damaged];
      try {
        const state = await act(async (before) => {
          let next = transitions.start(withDamage(before), device.facts());
          while (next.running !== next.builtIn) {
            try {
              release = await open(next.running, device.openStored);
              break;
            } catch (error) {
              emit({ type: 'error', error });
              const facts = device.facts();
              next = transitions.start(transitions.damaged(next, next.running, facts), facts);
            }
          }
          return client === undefined ? next : bindings.pin(next, client, next.running);
        }, SHORT_WAIT);
        for (const id of applied) damaged.delete(id);
        if (release === undefined) {
          // A damaged copy of a website's release is removed first. Without a copy, this reads the files from the website, and waits for
          // the network.
          await recordings.get(state.running);
          release = await open(state.running);
        }
        return { release, state };
      } catch (error) {
        emit({ type: 'error', error });
        return { release: await withoutState() };
      }
    },
  };
}
