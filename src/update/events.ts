// The events and results that an updater reports to the app.

import type { ReleaseEntry } from '../release/index-format.ts';

/** How a release gets onto the device. */
export type Way =
  /** The release is installed or built in: nothing is downloaded. */
  | { readonly kind: 'installed'; readonly size: 0 }
  /** A patch from an installed or the built-in release. `size`: bytes to download. */
  | { readonly kind: 'patch'; readonly from: string; readonly size: number }
  /** The whole release. `size`: bytes to download. */
  | { readonly kind: 'bundle'; readonly size: number };

/**
 * An event of an updater: for a progress bar, a log, or statistics of adoption. No event contains a key or the id of the device.
 */
export type UpdateEvent =
  /** A page load or process launch runs this release. */
  | { readonly type: 'started'; readonly id: string; readonly isTrial: boolean }
  | { readonly type: 'checked'; readonly result: CheckResult }
  /** Another page or process downloads. This one has waited for it for a second, and goes on waiting. */
  | { readonly type: 'waiting' }
  /** `done`: the number of bytes that were downloaded for the present way. `total`: the size of its object. */
  | {
      readonly type: 'progress';
      readonly id: string;
      readonly done: number;
      readonly total: number;
    }
  /** A way to the release failed, and the updater tries the next one. */
  | { readonly type: 'way-failed'; readonly id: string; readonly way: Way; readonly error: unknown }
  /** A mirror failed, and the updater asks the next one. */
  | { readonly type: 'mirror-failed'; readonly url: string; readonly error: unknown }
  /** The release is complete in the store. `moved`: bytes that came from the network for it, including failed ways. */
  | { readonly type: 'downloaded'; readonly id: string; readonly moved: number }
  | { readonly type: 'activated'; readonly id: string; readonly when: 'next-start' | 'now' }
  | { readonly type: 'confirmed'; readonly id: string }
  /** This device blocks the release. `until`: the end of the block, `YYYY-MM-DDTHH:MM:SSZ`; absent: for good. */
  | {
      readonly type: 'blocked';
      readonly id: string;
      readonly reason: string;
      readonly until?: string;
    }
  /** The device rolls back: the next start runs `to`. */
  | { readonly type: 'rolled-back'; readonly from: string; readonly to: string }
  /**
   * The store has lost the release that an open page runs. The page gets status 500 until it is loaded again, and never a file of
   * another release. The updater reports this once for each page.
   */
  | {
      readonly type: 'release-lost';
      readonly id: string;
      /** The id of the page, as `Clients.get` of a service worker takes it. */
      readonly client: string;
      readonly error: unknown;
    }
  /** A failure in the background, or one that the updater has worked around. */
  | { readonly type: 'error'; readonly error: unknown };

/** The result of `check`. */
export type CheckResult =
  /**
   * The device should keep the running release. `isStale`: the updater accepted no index, so the result may be out of date.
   * `error` then has the reason: `ERR_INDEX_EXPIRED`, `ERR_INDEX_ROLLED_BACK`, or the code for an index that is not genuine.
   */
  | { readonly status: 'current'; readonly isStale: boolean; readonly error?: unknown }
  /** The device should run another release. */
  | {
      readonly status: 'available';
      readonly id: string;
      /** The entry of the index. Absent: the built-in release. */
      readonly entry?: ReleaseEntry;
      /** The smallest way to the release. `download` tries it first. */
      readonly way: Way;
    }
  /** No mirror answered. */
  | { readonly status: 'offline'; readonly error: unknown };
