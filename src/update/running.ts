// Handing out the release that runs.

import { type OpenedRelease, provenReader } from './installed.ts';
import type { ReleaseReader } from './release-store.ts';
import type { DeviceState } from './state.ts';
import * as transitions from './transitions.ts';
import type { RunningRelease } from './updater-types.ts';
import type { Work } from './work.ts';

/** What a start decided. `state` is absent where no state could be stored. */
interface Started {
  readonly release: RunningRelease;
  readonly state?: DeviceState;
}

export interface Releases {
  /** Opens a release that is here, once in a process: a service worker asks for every file of a page. */
  open(id: string): Promise<RunningRelease>;
  /** Counts a page load or process launch, and gives the release that it runs. */
  start(client: string | undefined): Promise<Started>;
}

/**
 * @param aside - Runs what nobody waits for.
 * @param copyBuiltIn - Copies a remote built-in release into the store.
 */
export function createReleases(
  { settings, device, act, emit }: Work,
  aside: (task: () => Promise<unknown>) => void,
  copyBuiltIn: () => Promise<void>,
): Releases {
  const opened = new Map<string, Promise<RunningRelease>>();

  const openAnew = async (id: string): Promise<RunningRelease> => {
    const release = await device.open(id);
    const { createdAt } = release.stamp;
    const isRemote = settings.builtIn.isRemote === true;
    if (release.isShipped) {
      // The host vouches for the files that the app was shipped with, and may have altered them.
      if (!isRemote) return { id, createdAt, files: release.reader };
      // The copy is lost. The next deploy may replace the files at any moment.
      aside(copyBuiltIn);
    }
    const prove = (found: OpenedRelease, onDamage: (error: unknown) => void) =>
      provenReader(found, device.backend, settings.verifyFiles, onDamage);
    const report = (error: unknown) => {
      opened.delete(id);
      emit({ type: 'error', error });
      aside(async () => {
        const { builtIn } = await act((state) => transitions.damaged(state, id, device.facts()));
        // The website may have it still.
        if (isRemote && id === builtIn) await settings.releases.remove(id);
      });
    };
    const reopen = async (): Promise<ReleaseReader> => {
      try {
        return prove(await device.open(id), report);
      } catch (error) {
        report(error);
        throw error;
      }
    };
    let isDamaged = false;
    let reopened: Promise<ReleaseReader> | undefined;
    const first = prove(release, () => {
      isDamaged = true;
    });
    const read = async (path: string): Promise<Uint8Array> => {
      if (reopened === undefined) {
        try {
          return await first.read(path);
        } catch (error) {
          if (!isDamaged) throw error;
          // Another tab or process may have installed the release anew, in another place of the store.
          reopened ??= reopen();
        }
      }
      return (await reopened).read(path);
    };
    return { id, createdAt, files: { list: () => first.list(), read } };
  };

  const open = (id: string): Promise<RunningRelease> => {
    const known = opened.get(id);
    if (known !== undefined) return known;
    const release = openAnew(id);
    opened.set(id, release);
    release.catch(() => opened.delete(id));
    return release;
  };

  /** The state can't be stored, so no start can be counted: only what is known to work may run. */
  const withoutState = async (): Promise<RunningRelease> => {
    const state = await device.read().catch(() => undefined);
    const confirmed = state?.trial === undefined ? state?.running : state.previous;
    if (state !== undefined && confirmed !== undefined) {
      if (transitions.mayRun(state, confirmed, device.facts())) {
        const release = await open(confirmed).catch(() => undefined);
        if (release !== undefined) return release;
      }
    }
    return open((await device.builtIn().catch(() => device.shippedStamp())).id);
  };

  return {
    open,
    async start(client) {
      let release: RunningRelease | undefined;
      try {
        const state = await act(async (before) => {
          let next = transitions.start(before, device.facts());
          for (;;) {
            try {
              release = await open(next.running);
              break;
            } catch (error) {
              if (next.running === next.builtIn) throw error;
              emit({ type: 'error', error });
              const facts = device.facts();
              next = transitions.start(transitions.damaged(next, next.running, facts), facts);
            }
          }
          return client === undefined ? next : transitions.pin(next, client, next.running);
        });
        return { release: release as RunningRelease, state };
      } catch (error) {
        emit({ type: 'error', error });
        return { release: await withoutState() };
      }
    },
  };
}
