// Where releases live: what the updater asks of a place, and what it hands out of it.

/** A file of a release, as a list names it. */
export interface ReleaseFileInfo {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** SHA-256 of the bytes in hex, where it is known without reading them. */
  readonly sha256?: string;
}

/** The files of one release. */
export interface ReleaseReader {
  /** Every file, in any order. The stamp may be among them. */
  list(): Promise<ReleaseFileInfo[]>;
  /** The bytes of one file. Rejects if there is none of this path. */
  read(path: string): Promise<Uint8Array>;
}

/** A file that is written. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The two locks that the updater takes. `state` is held for milliseconds, `update` for as long as a download takes. */
export type StoreLock = 'state' | 'update';

/**
 * A place that keeps releases and one small state file. It is small enough to implement for a place of your own:
 * `bundleseal/update/testing` has the tests that every one of them has to pass.
 *
 * Any method may reject. The updater reports the failure as `ERR_STORE`, and goes on with what runs.
 */
export interface ReleaseStore {
  /** The state as it was written last, or `undefined` if none was written. */
  readState(): Promise<Uint8Array | undefined>;
  /** Replaces the state whole: after a crash at any moment the old or the new one is there, and never a part. */
  writeState(bytes: Uint8Array): Promise<void>;
  /** The ids of the releases that were written whole. */
  list(): Promise<string[]>;
  /** The release of this id. Rejects if it is not there. */
  open(id: string): Promise<ReleaseReader>;
  /**
   * Writes a release. It appears in `list` when the last file is written and the iteration has ended without an error,
   * and then whole; before that, and if the iteration throws, nothing of it can be seen. One of the same id is replaced.
   */
  write(id: string, files: AsyncIterable<StoredFile>): Promise<void>;
  /** Removes a release. Does nothing if it is not there. */
  remove(id: string): Promise<void>;
  /**
   * Runs the task while nobody else, in this or another process, tab or worker, holds the lock of this name. A process
   * that was killed does not hold it. Different names do not wait for each other.
   */
  lock<T>(name: StoreLock, task: () => Promise<T>): Promise<T>;
}

/** The release that the app was shipped with. */
export interface BuiltIn {
  /** The bytes of `bundleseal-release.json`, which `bundleseal release stamp` writes into the build. */
  readStamp(): Promise<Uint8Array>;
  /** The files of the build, which are the first base of patches and the last release that is fallen back to. */
  readonly files: ReleaseReader;
  /**
   * Whether the files can vanish while the app is installed, as a website's do when the next one is deployed. Then
   * `installBuiltIn` copies them into the store, and only the copy is used. Default `false`.
   */
  readonly isRemote?: boolean;
}
