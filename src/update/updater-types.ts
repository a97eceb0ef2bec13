// The interface of an updater and of its results.

import type { CheckResult } from './events.ts';
import type { ReleaseReader } from './release-store.ts';
import type { UpdaterStatus } from './status.ts';

/** The release that runs. */
export interface RunningRelease {
  /** The release id. Pass it to `confirm` when the app works. */
  readonly id: string;
  /** The time of its build: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly createdAt: string;
  /** The files of the release. */
  readonly files: ReleaseReader;
}

/** How far a download has come. */
export interface DownloadProgress {
  /** The number of bytes that were downloaded for the present way. */
  readonly done: number;
  /** The number of bytes that the present way downloads. */
  readonly total: number;
}

/** Options of every call of an {@link Updater} that uses the network. */
export interface WaitOptions {
  /** Aborts the call: it rejects with the signal's reason. Work that another caller waits for continues. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `download` of an {@link Updater}. */
export interface DownloadOptions extends WaitOptions {
  /** Called for each piece of the download that arrives. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Options of `activate` of an {@link Updater}. */
export interface ActivateOptions {
  /**
   * `'next-start'` (the default): the next page load or process launch runs the release. `'now'`: the next call of `start` in
   * this process runs it too. Reload the windows afterwards.
   */
  readonly when?: 'next-start' | 'now';
}

/** Options of `update` of an {@link Updater}. */
export interface UpdateOptions extends DownloadOptions, ActivateOptions {}

/** The result of `update`. */
export interface UpdateResult {
  /** The result of the check. */
  readonly check: CheckResult;
  /** The release that was downloaded and activated. Absent if there was nothing to do. */
  readonly id?: string;
  /** The number of bytes that came from the network. */
  readonly moved: number;
}

/** Options of `start` of an {@link Updater}. */
export interface StartOptions {
  /**
   * The page that starts, if one process serves many: `resultingClientId` in a service worker. Each call with a client is a
   * page load, and the page keeps its release until it is closed. Default: the process itself, which starts once.
   */
  readonly client?: string;
}

/** The updater of an app: the result of `createUpdater`. */
export interface Updater {
  /**
   * Resolves with the release that runs now, complete and verified. Counts the start if the release is on trial. Later calls in
   * the same process resolve with the same release. Does not use the network, except to read the built-in release of a website
   * that is not in the store.
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
   * Records that the website, and not a release, has answered the navigation of a page. The website then serves all files of the
   * page. If `start` counted the page as a start of a trial, it no longer counts.
   */
  leaveToWebsite(client: string): Promise<void>;
  /**
   * For a page that `createReleaseHandler` serves: asks the handler which release the page runs, and resolves with its id, for
   * `confirm`. Counts no start.
   */
  attach(): Promise<string>;
  /**
   * Reads the index of the channel from all mirrors, and decides which release should run. Does not reject if the network or a
   * mirror fails.
   */
  check(options?: WaitOptions): Promise<CheckResult>;
  /**
   * Downloads the release that the last check found, by the smallest way that works. Checks first if there was no check. Resolves
   * when the release is complete and verified in the store. `id` is the running release if there is nothing to download. `moved`
   * is the number of bytes that came from the network.
   */
  download(options?: DownloadOptions): Promise<{ readonly id: string; readonly moved: number }>;
  /** Makes the next start run the downloaded release. Does nothing if there is none. */
  activate(options?: ActivateOptions): Promise<void>;
  /** Checks, downloads and activates. */
  update(options?: UpdateOptions): Promise<UpdateResult>;
  /** Confirms that the release works, which ends its trial. Resolves with false, and confirms nothing, if another release runs. */
  confirm(id: string): Promise<boolean>;
  /**
   * Permanently blocks a release that does not work. The next start runs the previous release.
   *
   * @param reason - For `status`. The first 1000 characters are kept.
   */
  fail(id: string, reason?: string): Promise<void>;
  /** Makes the next start run the built-in release. */
  useBuiltIn(): Promise<void>;
  /** Makes this device follow another channel from now on. */
  setChannel(channel: string): Promise<void>;
  /** Copies a built-in release with `isRemote` into the store. A service worker does this when it is installed. */
  installBuiltIn(options?: WaitOptions): Promise<void>;
  /** Forgets all pages that are not in the list, so that the updater can remove their releases. */
  keepClients(clients: Iterable<string>): Promise<void>;
  /** Resolves with the status for support: releases, blocks and the last check. It has no key and no id of the device. */
  status(): Promise<UpdaterStatus>;
  /**
   * Resolves when the updater does no work in the background. Such work removes old releases, records damaged files, and copies
   * the built-in release again if the store has lost it. `serveReleases` keeps its service worker alive until then.
   */
  idle(): Promise<void>;
  /** Aborts all work. Later calls reject. */
  dispose(): void;
}
