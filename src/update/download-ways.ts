// Lists the ways in which a device can get a release, the cheapest first.

import type { ReleaseEntry, ReleaseObject } from '../release/index-format.ts';
import type { Way } from './events.ts';
import type { DeviceState } from './state.ts';

/** A way, and the object that it downloads. */
export type Route =
  | { readonly way: Way & { readonly kind: 'installed' }; readonly object?: undefined }
  | { readonly way: Way & { readonly kind: 'patch' | 'bundle' }; readonly object: ReleaseObject };

/**
 * @param imageSize - Bytes of the largest image that a patch may make. `entry.size` is a lower bound of the image.
 * @returns At least one way, because the bundle is always one.
 */
export function waysTo(
  entry: ReleaseEntry,
  state: DeviceState,
  imageSize: number,
): readonly [Route, ...Route[]] {
  const here = new Set(state.installed.map(({ id }) => id));
  if (entry.id === state.builtIn || here.has(entry.id)) {
    return [{ way: { kind: 'installed', size: 0 } }];
  }
  if (state.isBuiltInAltered !== true) here.add(state.builtIn);
  const patches = entry.size > imageSize ? [] : entry.patches.filter(({ from }) => here.has(from));
  const routes: Route[] = patches.map(({ from, sha256, size }) => ({
    way: { kind: 'patch', from, size },
    object: { sha256, size },
  }));
  const { bundle } = entry;
  routes.push({ way: { kind: 'bundle', size: bundle.size }, object: bundle });
  return routes.sort((a, b) => a.way.size - b.way.size) as [Route, ...Route[]];
}
