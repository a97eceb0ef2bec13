// What an updater tells the app while it works.

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
 * What an updater reports: for a progress bar, a log, or statistics of adoption. No event holds a key or the id of the
 * device.
 */
export type UpdateEvent =
  /** A page load or process launch runs this release. */
  | { readonly type: 'started'; readonly id: string; readonly isTrial: boolean }
  | { readonly type: 'checked'; readonly result: CheckResult }
  /** Bytes that were downloaded for the present way. */
  | {
      readonly type: 'progress';
      readonly id: string;
      readonly done: number;
      readonly total: number;
    }
  /** A way to the release failed, and the next one is tried. */
  | { readonly type: 'way-failed'; readonly id: string; readonly way: Way; readonly error: unknown }
  /** A mirror failed, and the next one is asked. */
  | { readonly type: 'mirror-failed'; readonly url: string; readonly error: unknown }
  /** The release is whole in the store. `moved`: bytes from the network for it, failed ways included. */
  | { readonly type: 'downloaded'; readonly id: string; readonly moved: number }
  | { readonly type: 'activated'; readonly id: string; readonly when: 'next-start' | 'now' }
  | { readonly type: 'confirmed'; readonly id: string }
  /** This device blocks the release. `until`: milliseconds since 1970; absent: for good. */
  | {
      readonly type: 'blocked';
      readonly id: string;
      readonly reason: string;
      readonly until?: number;
    }
  /** The device goes back: the next start runs `to`. */
  | { readonly type: 'rolled-back'; readonly from: string; readonly to: string }
  /**
   * The files of the release that an open page runs are gone. The page gets status 500 until it is loaded again, and never a
   * file of another release. Told once for a page.
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

/** What `check` found. */
export type CheckResult =
  /**
   * The running release is the right one. `isStale`: the updater accepted no index, so this may be out of date. `error` says
   * why: `ERR_INDEX_EXPIRED`, `ERR_INDEX_ROLLED_BACK`, or a code that says why the index is not genuine.
   */
  | { readonly status: 'current'; readonly isStale: boolean; readonly error?: unknown }
  /** Another release should run. */
  | {
      readonly status: 'available';
      readonly id: string;
      /** The entry of the index. Absent: the built-in release. */
      readonly entry?: ReleaseEntry;
      /** The cheapest way, which is tried first. */
      readonly way: Way;
    }
  /** No mirror answered. */
  | { readonly status: 'offline'; readonly error: unknown };
