// The state and the releases of a device in its store. Only this module reads and writes the state.

import type { Backend } from '../backend/backend.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { type ReleaseStamp, readStamp } from '../release/stamp.ts';
import { recall, type StoredMarks } from './floors.ts';
import { idOfList, type OpenedRelease, openInstalled } from './installed.ts';
import type { Settings } from './options.ts';
import { type DeviceState, encodeState, newState, readState } from './state.ts';
import { onStore } from './store-error.ts';
import { LONG_WAIT, withStateLock } from './store-locks.ts';
import * as transitions from './transitions.ts';

export interface Device {
  readonly backend: Backend;
  /** The clock and the options that transitions depend on. */
  facts(): transitions.DeviceFacts;
  /** Reads the stored state. */
  read(): Promise<DeviceState>;
  /**
   * Changes the state under the lock. Resolves when the new state is stored.
   *
   * @param wait - Milliseconds to wait for the lock. Default {@link LONG_WAIT}.
   */
  change(
    transition: (state: DeviceState) => DeviceState | Promise<DeviceState>,
    wait?: number,
  ): Promise<DeviceState>;
  /** The stamp of the built-in release. */
  builtIn(): Promise<ReleaseStamp>;
  /** The stamp of the app's build. After a deploy of a website, this is the stamp of the next built-in release. */
  shippedStamp(): Promise<ReleaseStamp>;
  /** Opens an installed release or the built-in one. May request the stamp of a website, so the caller must not hold the state's lock. */
  open(id: string): Promise<OpenedRelease>;
  /** Opens an installed release. */
  openStored(id: string): Promise<OpenedRelease>;
  /**
   * Keeps a release in the store while this process runs it, whatever the state says. A later call lets the release of the call
   * before go.
   */
  hold(id: string): void;
  /**
   * Raises the floors of the state to the marks beside the releases in the store. Reads these marks once in a process. Has to run
   * before an index or a list of keys is judged, because the state may have been restored from a backup.
   */
  recall(): Promise<void>;
  /**
   * Removes every release that the state does not name.
   *
   * @param state - The state that the caller read last. If it shows that there is nothing to remove, the sweep takes no lock.
   */
  sweep(state?: DeviceState): Promise<void>;
}

export function createDevice(settings: Settings, backend: Backend): Device {
  const { releases, builtIn, runtime, maxStarts } = settings;
  let read: Promise<Uint8Array> | undefined;
  let stamp: ReleaseStamp | undefined;
  let shippedId: string | undefined;
  let held: string | undefined;
  let marks: Promise<readonly StoredMarks[]> | undefined;

  const stampBytes = () => {
    read ??= onStore('the stamp of the built-in release could not be read', () =>
      builtIn.readStamp(),
    );
    // After a failure, the next call reads the stamp again: the network may have been unavailable.
    read.catch(() => {
      read = undefined;
    });
    return read;
  };

  const shippedStamp = async (): Promise<ReleaseStamp> => {
    try {
      stamp ??= readStamp(await stampBytes());
    } catch (error) {
      // A server may have sent a web page with status 200, so the next call reads the stamp again.
      read = undefined;
      throw error;
    }
    return stamp;
  };

  const listed = () => onStore('the releases could not be listed', () => releases.list());

  const loadStored = async (): Promise<DeviceState | undefined> =>
    readState(await onStore('the state could not be read', () => releases.readState()));

  const known = async (stored: DeviceState): Promise<DeviceState> => {
    if (builtIn.isRemote === true) return stored;
    const digest = toHex(await backend.sha256(await stampBytes()));
    // Most starts find the stamp of the last start. A stamp has an entry for each file, so an unchanged one is not parsed.
    const state =
      stored.stamp === digest
        ? stored
        : transitions.meetStamp(stored, await shippedStamp(), digest);
    shippedId = state.builtIn;
    return state;
  };

  const load = async (): Promise<DeviceState> => {
    const stored = await loadStored();
    return stored === undefined ? findLost() : known(stored);
  };

  /** Reads the stamps beside the releases in the store, except those of damaged releases. */
  const storedStamps = async (): Promise<ReleaseStamp[]> => {
    const stamps: ReleaseStamp[] = [];
    for (const id of await listed()) {
      try {
        stamps.push((await device.openStored(id)).stamp);
      } catch {
        // After the loss of a state, `sweep` removes the release, because no state names it.
      }
    }
    return stamps;
  };

  const storedMarks = async (): Promise<readonly StoredMarks[]> =>
    // The lists of files are not kept in memory.
    (await storedStamps()).map(({ files: _, ...stamp }) => stamp);

  /** Makes a state if the store has none: before the first start, and after the state was lost. */
  const findLost = async (): Promise<DeviceState> => {
    const stored = await storedStamps();
    const found = stored
      .map(({ id, createdAt, runtime }) => ({
        ...{ id, createdAt },
        ...(runtime !== undefined && { runtime: [runtime] }),
      }))
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    let shipped: Pick<ReleaseStamp, 'id' | 'floors'> | undefined;
    try {
      shipped = await shippedStamp();
    } catch (error) {
      // If the website cannot be reached, the oldest release in the store is the copy of the built-in release.
      shipped = builtIn.isRemote === true ? found[0] : undefined;
      if (shipped === undefined) throw error;
    }
    const { id, floors } = shipped;
    const state = { ...newState(id, settings.channel), floors: floors ?? [] };
    const others = found.filter((release) => release.id !== id);
    return recall(transitions.adopt(state, others), stored);
  };

  /**
   * Applies the transition to the stored state.
   *
   * @param lost - The state to use if the store has none, from {@link findLost}. If it is absent too, nothing changes.
   */
  const changed = async (
    transition: (state: DeviceState) => DeviceState | Promise<DeviceState>,
    lost: DeviceState | undefined,
  ): Promise<DeviceState | undefined> => {
    const stored = await loadStored();
    const before = stored === undefined ? lost : await known(stored);
    if (before === undefined) return undefined;
    const after = await transition(before);
    if (after === stored) return after;
    const bytes = encodeState(after);
    await onStore('the state could not be written', () => releases.writeState(bytes));
    return after;
  };

  /** Returns the ids of the releases that stay in the store. A built-in release needs no copy, except on a website. */
  const keptIds = (state: DeviceState): ReadonlySet<string> => {
    const ids = new Set(transitions.kept(state));
    if (held !== undefined) ids.add(held);
    if (builtIn.isRemote !== true) ids.delete(state.builtIn);
    return ids;
  };

  const device: Device = {
    backend,
    facts: () => ({ now: Math.max(0, Math.trunc(settings.now())), runtime, maxStarts }),
    read: load,
    async change(transition, wait = LONG_WAIT) {
      // Requests the stamp before it takes the lock. The request of a page goes through the page's service worker. A new worker
      // answers no request until it is active, and takes the lock before that. With the lock, each would wait for the other.
      if (builtIn.isRemote !== true) await stampBytes();
      for (let lost: DeviceState | undefined; ; lost = await findLost()) {
        const before = lost;
        const done = await onStore('the state could not be locked', () =>
          // `onStore` must not report an error of the transition as an error of the store.
          withStateLock(releases, wait, () => outcomeOf(() => changed(transition, before))),
        );
        if ('error' in done) throw done.error;
        if (done.value !== undefined) return done.value;
      }
    },
    shippedStamp,
    async builtIn() {
      if (builtIn.isRemote !== true) return shippedStamp();
      const { builtIn: id } = await load();
      return (await device.open(id)).stamp;
    },
    async open(id) {
      const isShipped = async () => (shippedId ?? (await shippedStamp()).id) === id;
      if (builtIn.isRemote === true) {
        const isCopied = (await listed()).includes(id);
        if (!isCopied && (await isShipped())) return openShipped();
      } else if (await isShipped()) {
        return openShipped();
      }
      return device.openStored(id);
    },
    hold(id) {
      held = id;
    },
    async recall() {
      marks ??= storedMarks();
      marks.catch(() => {
        marks = undefined;
      });
      const stored = await marks;
      const state = await load();
      if (recall(state, stored) !== state) await device.change((now) => recall(now, stored));
    },
    openStored: (id) => openInstalled(() => releases.open(id), id, backend),
    async sweep(state) {
      if (state !== undefined && isSwept(state, keptIds(state), await listed())) return;
      // The marks beside a release are lost with it, so they are stored in the state first.
      await device.recall();
      await device.change(async (now) => {
        const keep = keptIds(now);
        const there = await listed();
        for (const id of there) {
          if (!keep.has(id)) {
            await onStore(`release ${id} could not be removed`, () => releases.remove(id));
          }
        }
        const left = there.filter((id) => keep.has(id));
        return isSwept(now, keep, left) ? now : transitions.forgetMissing(now, new Set(left));
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

/** Throws if the stamp has no list of files, or if the list does not give the stamp's id. */
export async function checkStampList(stamp: ReleaseStamp, backend: Backend): Promise<void> {
  if (stamp.files !== undefined && (await idOfList(stamp.files, backend)) === stamp.id) return;
  throw new BundleSealError(
    'ERR_STORE',
    'the stamp of the built-in release has no list of files, or the list does not match the id: write it again with `npx bundleseal release stamp DIR`, as the last step of the build',
  );
}

/** Whether every release in the store has to stay, and every installed release is in the store. */
function isSwept(
  { installed }: DeviceState,
  keep: ReadonlySet<string>,
  there: readonly string[],
): boolean {
  return there.every((id) => keep.has(id)) && installed.every(({ id }) => there.includes(id));
}

/** Returns the result or the error of a task as a value. */
async function outcomeOf<T>(
  task: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await task() };
  } catch (error) {
    return { error };
  }
}
