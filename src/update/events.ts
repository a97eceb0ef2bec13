// What an updater tells the app while it works.

import type { ReleaseEntry } from '../release/index-format.ts';

/** How a release gets onto the device. */
export type Way =
  /** The store has it already, or the app was shipped with it. */
  | { readonly kind: 'installed'; readonly size: 0 }
  /** A patch from a release that is here. `size`: bytes to download. */
  | { readonly kind: 'patch'; readonly from: string; readonly size: number }
  /** The whole release. `size`: bytes to download. */
  | { readonly kind: 'bundle'; readonly size: number };

/**
 * What happened. Statistics of adoption, a progress bar and a log are made of these. No event holds a key or the id of
 * the device.
 */
export type UpdateEvent =
  /** A page load or process launch was given this release. */
  | { readonly type: 'started'; readonly id: string; readonly isTrial: boolean }
  | { readonly type: 'checked'; readonly result: CheckResult }
  /** Bytes from the network, of the way that is tried. */
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
  /** The release does not run here any more. `until`: milliseconds since 1970; absent: for good. */
  | {
      readonly type: 'blocked';
      readonly id: string;
      readonly reason: string;
      readonly until?: number;
    }
  /** The next start runs another release than the one that runs. */
  | { readonly type: 'rolled-back'; readonly from: string; readonly to: string }
  /** Something failed that no caller waits for, or that was worked around. */
  | { readonly type: 'error'; readonly error: unknown };

/** What `check` found. */
export type CheckResult =
  /**
   * What runs is what the channel wants, as far as is known. `isStale`: no index was found that may be acted on; `error`
   * says why: `ERR_INDEX_EXPIRED`, `ERR_INDEX_ROLLED_BACK`, or the store's index was not genuine.
   */
  | { readonly status: 'current'; readonly isStale: boolean; readonly error?: unknown }
  /** Another release should run. */
  | {
      readonly status: 'available';
      readonly id: string;
      /** What the index says of it. Absent: the built-in release. */
      readonly entry?: ReleaseEntry;
      /** The cheapest way, which is tried first. */
      readonly way: Way;
    }
  /** No mirror answered. */
  | { readonly status: 'offline'; readonly error: unknown };
