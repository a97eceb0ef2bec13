// The interfaces for stores of releases and for the built-in release.

/** A file of a release, as a list names it. */
export interface ReleaseFileInfo {
  /** The path in the release, with "/" between folders. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of the bytes in hex. Absent if the store does not keep it. */
  readonly sha256?: string;
}

/** The files of one release. */
export interface ReleaseReader {
  /** Lists all files, in any order. The list may contain the stamp. */
  list(): Promise<ReleaseFileInfo[]>;
  /** Reads the bytes of one file. Rejects if the release has no file of this path. */
  read(path: string): Promise<Uint8Array>;
}

/** A file for `write`. Its bytes do not change before `write` settles. */
export interface StoredFile {
  /** The path in the release, with "/" between folders. */
  readonly path: string;
  /** The content. */
  readonly bytes: Uint8Array;
}

/** The two locks of the updater. It holds `state` for milliseconds, and `update` during a download. */
export type StoreLock = 'state' | 'update';

/**
 * Keeps releases and one small state file. You can implement it for a storage of your own: `bundleseal/update/testing` has
 * the tests that every implementation has to pass.
 *
 * Any method may reject. The updater then reports `ERR_STORE`, and the running release goes on.
 */
export interface ReleaseStore {
  /**
   * Whether the host reads the files of a release by itself, like the web view of a Capacitor app. `start` then compares every
   * file with its digest, because the updater reads no file later. Default `false`.
   */
  readonly isReadByHost?: boolean;
  /** Resolves with the last state that was written, or with `undefined`. */
  readState(): Promise<Uint8Array | undefined>;
  /** Replaces the state atomically: after a crash at any moment, `readState` resolves with the old state or the new one. */
  writeState(bytes: Uint8Array): Promise<void>;
  /** Lists the ids of the complete releases. */
  list(): Promise<string[]>;
  /** Opens a complete release. Rejects if there is none with this id. */
  open(id: string): Promise<ReleaseReader>;
  /**
   * Writes a release, and replaces a release with the same id. The release is complete when the iteration has ended without an
   * error and the last file is written. Until then, and if the iteration throws, `list` and `open` ignore the new files.
   */
  write(id: string, files: AsyncIterable<StoredFile>): Promise<void>;
  /** Removes a release. Does nothing if there is none with this id. */
  remove(id: string): Promise<void>;
  /**
   * Runs the task while it holds the lock of this name. No other task, process, tab or worker holds that lock meanwhile. A
   * killed process loses its lock. The two names do not wait for each other.
   */
  lock<T>(name: StoreLock, task: () => Promise<T>): Promise<T>;
}

/** The release that the app was shipped with. */
export interface BuiltIn {
  /** Reads the bytes of `bundleseal-release.json`, which `npx bundleseal release stamp DIR` writes into the build. */
  readStamp(): Promise<Uint8Array>;
  /** The files of the build: the first base of patches, and the last resort of a rollback. */
  readonly files: ReleaseReader;
  /**
   * Whether a deploy can replace the files while the app is installed, as on a website. `installBuiltIn` then copies them
   * into the store, and the updater uses the copy. Default `false`.
   */
  readonly isRemote?: boolean;
}
