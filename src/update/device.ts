// A device's state and releases as the store has them. Nobody else reads or writes the state.

import type { Backend } from '../backend/backend.ts';
import { BundleSealError } from '../errors.ts';
import { type ReleaseStamp, readStamp } from '../release/stamp.ts';
import { idOfList, type OpenedRelease, openInstalled } from './installed.ts';
import type { Settings } from './options.ts';
import {
  type DeviceState,
  encodeState,
  type InstalledRelease,
  newState,
  readState,
} from './state.ts';
import { storeError } from './store-error.ts';
import * as transitions from './transitions.ts';

export interface Device {
  readonly backend: Backend;
  /** What a transition needs to know. */
  facts(): transitions.DeviceFacts;
  /** The state, as it is stored. */
  read(): Promise<DeviceState>;
  /** Changes the state while nobody else does; it is stored before this resolves. */
  change(
    transition: (state: DeviceState) => DeviceState | Promise<DeviceState>,
  ): Promise<DeviceState>;
  /** The stamp of the built-in release. */
  builtIn(): Promise<ReleaseStamp>;
  /** The stamp that the app comes with, which is that of the next built-in release while a website is deployed. */
  shippedStamp(): Promise<ReleaseStamp>;
  /** A release that is here: installed, or the built-in one. */
  open(id: string): Promise<OpenedRelease>;
  /** Removes the releases that nothing needs any more. */
  sweep(): Promise<void>;
}

export function createDevice(settings: Settings, backend: Backend): Device {
  const { releases, builtIn, runtime, maxStarts } = settings;
  let stamp: Promise<ReleaseStamp> | undefined;

  const shippedStamp = () => {
    stamp ??= (async () => {
      const bytes = await storeError('the stamp of the built-in release could not be read', () =>
        builtIn.readStamp(),
      );
      return readStamp(bytes);
    })();
    // A page that was loaded while the network was away may ask again.
    stamp.catch(() => {
      stamp = undefined;
    });
    return stamp;
  };

  const loadStored = async (): Promise<DeviceState | undefined> =>
    readState(await storeError('the state could not be read', () => releases.readState()));

  const known = async (stored: DeviceState | undefined): Promise<DeviceState> => {
    if (stored === undefined) return findLost();
    if (builtIn.isRemote === true) return stored;
    return transitions.meetBuiltIn(stored, await shippedStamp());
  };

  const load = async (): Promise<DeviceState> => known(await loadStored());

  /** After the loss of the state, or before the first start. */
  const findLost = async (): Promise<DeviceState> => {
    const found: (InstalledRelease & { floors: NonNullable<ReleaseStamp['floors']> })[] = [];
    for (const id of await storeError('the releases could not be listed', () => releases.list())) {
      try {
        const { stamp: release } = await openInstalled(() => releases.open(id), id, backend);
        const { createdAt, floors = [] } = release;
        const suits = release.runtime === undefined ? {} : { runtime: [release.runtime] };
        found.push({ id, createdAt, floors, ...suits });
      } catch {
        // It is swept away as one that nothing needs.
      }
    }
    found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    let shipped: Pick<ReleaseStamp, 'id' | 'floors'> | undefined;
    try {
      shipped = await shippedStamp();
    } catch (error) {
      // Offline, and the copy of a remote built-in release is the oldest one that is here.
      shipped = builtIn.isRemote === true ? found[0] : undefined;
      if (shipped === undefined) throw error;
    }
    const { id, floors } = shipped;
    const state = { ...newState(id, settings.channel), floors: floors ?? [] };
    return transitions.adopt(
      state,
      found.filter((release) => release.id !== id),
    );
  };

  const changed = async (
    transition: (state: DeviceState) => DeviceState | Promise<DeviceState>,
  ): Promise<DeviceState> => {
    const stored = await loadStored();
    const before = await known(stored);
    const after = await transition(before);
    if (after === stored) return after;
    const bytes = encodeState(after);
    await storeError('the state could not be written', () => releases.writeState(bytes));
    return after;
  };

  const device: Device = {
    backend,
    facts: () => ({ now: Math.trunc(settings.now()), runtime, maxStarts }),
    read: load,
    async change(transition) {
      const done = await storeError('the state could not be locked', () =>
        // What the transition itself throws passes the store by.
        releases.lock('state', () => settled(() => changed(transition))),
      );
      if ('error' in done) throw done.error;
      return done.value;
    },
    shippedStamp,
    async builtIn() {
      if (builtIn.isRemote !== true) return shippedStamp();
      const { builtIn: id } = await load();
      return (await device.open(id)).stamp;
    },
    async open(id) {
      const isShipped = async () => (await shippedStamp()).id === id;
      if (builtIn.isRemote === true) {
        const isCopied = (
          await storeError('the releases could not be listed', () => releases.list())
        ).includes(id);
        if (!isCopied && (await isShipped())) return openShipped();
      } else if (await isShipped()) {
        return openShipped();
      }
      return openInstalled(() => releases.open(id), id, backend);
    },
    async sweep() {
      await device.change(async (state) => {
        const keep = transitions.kept(state);
        const there = await storeError('the releases could not be listed', () => releases.list());
        for (const id of there) {
          if (!keep.has(id)) {
            await storeError(`release ${id} could not be removed`, () => releases.remove(id));
          }
        }
        const left = new Set(there.filter((id) => keep.has(id)));
        return state.installed.every(({ id }) => left.has(id))
          ? state
          : transitions.forgetMissing(state, left);
      });
    },
  };

  const openShipped = async (): Promise<OpenedRelease> => {
    const shipped = await shippedStamp();
    return {
      stamp: shipped,
      digests: shipped.files ?? [],
      reader: builtIn.files,
      isShipped: true,
    };
  };

  return device;
}

/** Refuses a stamp whose list is not that of its id, or that has none. */
export async function checkStampList(stamp: ReleaseStamp, backend: Backend): Promise<void> {
  if (stamp.files !== undefined && (await idOfList(stamp.files, backend)) === stamp.id) return;
  throw new BundleSealError(
    'ERR_STORE',
    'the stamp of the built-in release has no list of its files, or another one than its id: write it again with `bundleseal release stamp`, as the last step of the build',
  );
}

/** What a task gives or throws, as a value. */
async function settled<T>(
  task: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await task() };
  } catch (error) {
    return { error };
  }
}
