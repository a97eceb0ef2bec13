// The interface of an updater.

import type { CheckResult } from './events.ts';
import type { ReleaseReader } from './release-store.ts';
import type { UpdaterStatus } from './status.ts';

/** The release that runs. */
export interface RunningRelease {
  /** The release id. Pass it to `confirm` when the app works. */
  readonly id: string;
  /** The time of its build: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly createdAt: string;
  readonly files: ReleaseReader;
}

export interface DownloadProgress {
  /** Bytes that were downloaded for the present way. */
  readonly done: number;
  readonly total: number;
}

export interface WaitOptions {
  /** Aborts the call, which rejects with the signal's reason. Work that another caller waits for goes on. */
  readonly signal?: AbortSignal;
}

export interface DownloadOptions extends WaitOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
}

export interface ActivateOptions {
  /**
   * `'next-start'` (the default): the next page load or process launch runs the release. `'now'`: the next call of `start` in
   * this process runs it too; reload the windows afterwards.
   */
  readonly when?: 'next-start' | 'now';
}

export interface UpdateOptions extends DownloadOptions, ActivateOptions {}

/** The result of `update`. */
export interface UpdateResult {
  /** The result of the check. */
  readonly check: CheckResult;
  /** The release that was downloaded and activated. Absent if there was nothing to do. */
  readonly id?: string;
  /** Bytes from the network. */
  readonly moved: number;
}

export interface StartOptions {
  /**
   * The page that starts, if one process serves many: `resultingClientId` in a service worker. Each call with a client is a
   * page load, and the page keeps its release until it is closed. Default: the process itself, which starts once.
   */
  readonly client?: string;
}

export interface Updater {
  /**
   * Resolves with the release that runs now, complete and verified. Counts the start if the release is on trial. Further calls
   * in the same process resolve with the same release. Does not use the network.
   *
   * If the state cannot be changed (the storage is full, or another page or process holds its lock for more than 5 seconds),
   * resolves with the last confirmed release, because no trial can be counted. An `error` event says why.
   *
   * Rejects only if the built-in release cannot be read.
   */
  start(options?: StartOptions): Promise<RunningRelease>;
  /**
   * Resolves with the release of a page that `start` was called for, with `undefined` if `leaveToWebsite` was called for it, or
   * with the running release for any other page. Counts no start.
   *
   * Rejects with `ERR_STORE` if the store has lost the release of the page. The page has to be loaded again.
   *
   * @param child - A worker of the page. It gets the same release.
   */
  releaseOf(client: string, child?: string): Promise<RunningRelease | undefined>;
  /**
   * Records that the website, not a release, has answered the navigation of a page. All files of the page come from there. If
   * `start` has counted the page as a start of a trial, it no longer counts.
   */
  leaveToWebsite(client: string): Promise<void>;
  /**
   * For a page that `createReleaseHandler` serves: asks the handler which release the page runs, and resolves with its id, for
   * `confirm`. Counts no start.
   */
  attach(): Promise<string>;
  /** Asks the update server which release should run. Failures of the network or the server are results, not rejections. */
  check(options?: WaitOptions): Promise<CheckResult>;
  /**
   * Downloads the release that the last check found, in the cheapest way that works. Checks first if no check was made.
   * Resolves when the release is complete and verified in the store. `id` is the running release if there is nothing to do.
   */
  download(options?: DownloadOptions): Promise<{ readonly id: string; readonly moved: number }>;
  /** Has the downloaded release run. Does nothing if there is none. */
  activate(options?: ActivateOptions): Promise<void>;
  /** Checks, downloads and activates. */
  update(options?: UpdateOptions): Promise<UpdateResult>;
  /** Confirms that the release works, so that it stays. Resolves with false, and confirms nothing, if another one runs. */
  confirm(id: string): Promise<boolean>;
  /**
   * Blocks a release that does not work: it never runs on this device again, and the next start runs the one before.
   *
   * @param reason - For `status`. The first 1000 characters are kept.
   */
  fail(id: string, reason?: string): Promise<void>;
  /** Has the next start run the built-in release. */
  useBuiltIn(): Promise<void>;
  /** Moves this device to another channel for good. */
  setChannel(channel: string): Promise<void>;
  /** Copies a built-in release with `isRemote` into the store. A service worker does this when it is installed. */
  installBuiltIn(options?: WaitOptions): Promise<void>;
  /** Forgets the pages that are not in the list, so that their releases can be removed. */
  keepClients(clients: Iterable<string>): Promise<void>;
  /** Resolves with the status for support: releases, blocks, the last check. It holds no key and no id of the device. */
  status(): Promise<UpdaterStatus>;
  /**
   * Resolves when the updater works at nothing in the background: it removes old releases, records damaged files, and copies
   * the built-in release again if the store has lost it. `serveReleases` keeps its service worker alive until then.
   */
  idle(): Promise<void>;
  /** Aborts all work. Later calls reject. */
  dispose(): void;
}
