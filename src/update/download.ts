// Downloads the release that a check found. Tries the ways to the release one after the other until one works.

import { BundleSealError } from '../errors.ts';
import type { Checked } from './check.ts';
import type { UpdateContext } from './context.ts';
import { waysTo } from './download-ways.ts';
import type { DeviceState } from './state.ts';
import { withDownloadLock } from './store-locks.ts';
import * as transitions from './transitions.ts';

export interface Downloaded {
  readonly id: string;
  /** The number of bytes that came from the network. */
  readonly moved: number;
  /** False if the release was ready before the call. */
  readonly isNew: boolean;
}

/**
 * @param found - The result of the last check, if there was one.
 * @throws The error of the last way if none worked. {@link BundleSealError} `ERR_STORE` at once, because the other ways need
 * the same storage.
 */
export async function downloadRelease(
  context: UpdateContext,
  found: Checked | undefined,
  check: (signal: AbortSignal) => Promise<Checked>,
  signal: AbortSignal,
): Promise<Downloaded> {
  const first = found?.result.status === 'available' ? found : await check(signal);
  const { settings, emit } = context;
  // Other tabs and processes wait here. They then find the release installed.
  return withDownloadLock(settings.releases, emit, signal, () =>
    inTurn(context, first, check, signal),
  );
}

async function inTurn(
  context: UpdateContext,
  found: Checked,
  check: (signal: AbortSignal) => Promise<Checked>,
  signal: AbortSignal,
): Promise<Downloaded> {
  const { device, settings, transport, emit } = context;
  const tried = new Set<string>();
  let { result, origin } = found;
  let moved = 0;
  let isAskedAgain = false;
  let failure: unknown;
  for (;;) {
    signal.throwIfAborted();
    const state = await device.read();
    const isDue =
      result.status === 'available'
        ? transitions.isLatest(state, origin) && !hasEnded(context, state, result.id)
        : state.channel === origin.channel;
    if (!isDue) {
      // The channel of the device, or a later index of the channel, may not offer the release.
      ({ result, origin } = await check(signal));
      failure = undefined;
      tried.clear();
      continue;
    }
    if (result.status !== 'available') {
      if (failure === undefined && result.status === 'current') {
        return { id: state.running, moved, isNew: false };
      }
      throw failure ?? result.error;
    }
    const { id, entry } = result;
    const isNew = state.ready !== id;
    if (entry === undefined) {
      const after = await device.change((now) => transitions.makeReady(now, id, origin));
      if (after.ready !== id) continue;
      return { id, moved, isNew };
    }
    const route = waysTo(entry, state, settings.imageSize).find(
      ({ object }) => object === undefined || !tried.has(object.sha256),
    );
    if (route === undefined) throw failure;
    try {
      // Loads the code for installing on demand, because most checks find nothing to install.
      const { installBy } = await import('./install.ts');
      const after = await installBy(
        { context, moved: (bytes) => (moved += bytes), signal },
        { entry, origin },
        route,
      );
      if (after.ready !== id) continue;
      await device.sweep();
      return { id, moved, isNew };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BundleSealError && error.code === 'ERR_STORE') throw error;
      failure = error;
      emit({ type: 'way-failed', id, way: route.way, error });
      const { object } = route;
      if (object !== undefined && !transport.hasAnother(object)) tried.add(object.sha256);
      if (isAskedAgain) continue;
      // A publisher may have replaced the index, and deleted the objects of the old one.
      isAskedAgain = true;
      const again = await check(signal);
      if (again.result.status !== 'offline') ({ result, origin } = again);
    }
  }
}

/** Whether a release that a check has found runs meanwhile or has failed. The check may be hours old in a process that lives on. */
function hasEnded({ device }: UpdateContext, state: DeviceState, id: string): boolean {
  return id === state.running || transitions.blockedNow(state, device.facts().now).includes(id);
}
