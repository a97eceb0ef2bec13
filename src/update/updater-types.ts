// What an updater can be asked for.

import type { CheckResult } from './events.ts';
import type { ReleaseReader } from './release-store.ts';
import type { UpdaterStatus } from './status.ts';

/** The release that runs. */
export interface RunningRelease {
  /** The release id: pass it to `confirm` when the app works. */
  readonly id: string;
  /** When it was made: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly createdAt: string;
  readonly files: ReleaseReader;
}

export interface DownloadProgress {
  /** Bytes that have come from the network, of the way that is tried. */
  readonly done: number;
  readonly total: number;
}

export interface WaitOptions {
  /** Aborts: the call rejects with the signal's reason. Work that another caller waits for goes on. */
  readonly signal?: AbortSignal;
}

export interface DownloadOptions extends WaitOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
}

export interface ActivateOptions {
  /**
   * `'next-start'` (the default): the next page load or process launch takes the release. `'now'`: so does the next call
   * of `start` in this process; reload the windows after it.
   */
  readonly when?: 'next-start' | 'now';
}

export interface UpdateOptions extends DownloadOptions, ActivateOptions {}

/** What `update` did. */
export interface UpdateResult {
  /** What the check found. */
  readonly check: CheckResult;
  /** The release that was downloaded and activated. Absent: nothing was to be done. */
  readonly id?: string;
  /** Bytes from the network. */
  readonly moved: number;
}

export interface StartOptions {
  /**
   * The page that asks, where one process serves many: a service worker's `resultingClientId`. Each call with one is a page
   * load, and the page keeps its release until it is gone. Default: the process itself, which starts once.
   */
  readonly client?: string;
}

export interface Updater {
  /**
   * Gives the release that runs now, whole and verified, and counts the start of one that is not confirmed. Further calls
   * in the same process give the same release. It does not use the network.
   *
   * It rejects only if the built-in release itself cannot be read.
   */
  start(options?: StartOptions): Promise<RunningRelease>;
  /**
   * The release of a page that `start` was called for; of another page the one that runs. Counts nothing.
   *
   * @param child - A worker of the page, which keeps the same release.
   */
  releaseOf(client: string, child?: string): Promise<RunningRelease>;
  /**
   * For a page that `createReleaseHandler` serves: learns from the server of the page which release it is, and counts
   * nothing. Resolves with the id for `confirm`.
   */
  attach(): Promise<string>;
  /** Asks the store which release should run. Does not reject for what a network or a store does. */
  check(options?: WaitOptions): Promise<CheckResult>;
  /**
   * Downloads the release that the last check found, by the cheapest way that works; checks first if nobody has. Resolves
   * when the store has it whole and proven. `id` is that of the running release if nothing is to be done.
   */
  download(options?: DownloadOptions): Promise<{ readonly id: string; readonly moved: number }>;
  /** Lets the downloaded release run. Does nothing if there is none. */
  activate(options?: ActivateOptions): Promise<void>;
  /** Checks, downloads and activates. */
  update(options?: UpdateOptions): Promise<UpdateResult>;
  /** The release of this id works: it stays. Resolves with whether it is the one that runs; another one is not confirmed. */
  confirm(id: string): Promise<boolean>;
  /** The release of this id does not work: it never runs here again, and the next start takes the one before. */
  fail(id: string, reason?: string): Promise<void>;
  /** The next start runs the release that the app was shipped with. */
  useBuiltIn(): Promise<void>;
  /** Changes the channel of this device for good. */
  setChannel(channel: string): Promise<void>;
  /** Copies a built-in release that can vanish into the store: what a service worker does when it is installed. */
  installBuiltIn(options?: WaitOptions): Promise<void>;
  /** Lets go of the releases of pages that are no longer there. */
  keepClients(clients: Iterable<string>): Promise<void>;
  /** What a support person needs to know. It holds no key and no id of the device. */
  status(): Promise<UpdaterStatus>;
  /** Aborts what is under way. The updater can't be used after it. */
  dispose(): void;
}
