// Lets one publisher at a time write to a store's folder, on this machine or on another one that has the folder mounted.
//
// The lock is a file that names its process. Publishers create it with the flag `wx`, with which only one of several callers
// succeeds on every file system. A lock of this machine is valid as long as its process runs. A lock of another machine is
// valid as long as the time of the file changes: its holder touches the file every few seconds. So no publisher compares the
// clocks of two machines.

import {
  type FileHandle,
  link,
  lstat,
  open,
  readFile,
  rename,
  stat,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BundleSealError } from '../errors.ts';
import { fileError, UNREADABLE, UNWRITABLE } from '../files/error.ts';
import { hasCode, whereOffered } from '../files/leniency.ts';
import { fateOfTemporary, forgetTemporary, nameTemporary } from '../files/temporary.ts';
import { storeError } from './store-error.ts';

const NAME = '.publish.lock';

// A token is the name of a temporary file.
const MAX_TOKEN_LENGTH = 1024;

export interface LockTiming {
  /** Milliseconds between two touches of the lock file. */
  readonly beat: number;
  /** Milliseconds without a touch after which the lock of another machine is abandoned. */
  readonly stale: number;
  /** Milliseconds after which a waiting publisher gives up. */
  readonly patience: number;
}

const TIMING: LockTiming = { beat: 5000, stale: 60_000, patience: 600_000 };

/** Rejects with `ERR_STORE` if another publisher has taken the lock away. The caller must not write anything then. */
export type CheckLock = () => Promise<void>;

/**
 * Runs `work` while it holds the lock of the folder. Waits if another publisher holds the lock.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if another publisher holds the lock for more than ten minutes; `ERR_FILE` if the
 * lock file cannot be created in the folder.
 */
export async function withLock<T>(
  folder: string,
  signal: AbortSignal | undefined,
  work: (check: CheckLock) => Promise<T>,
  timing: LockTiming = TIMING,
): Promise<T> {
  const path = join(folder, NAME);
  const token = await nameTemporary(NAME);
  try {
    const handle = await acquire(path, token, signal, timing);
    const beating = setInterval(() => {
      const now = new Date();
      handle.utimes(now, now).catch(() => {});
    }, timing.beat);
    beating.unref();
    try {
      return await work(async () => {
        if ((await readToken(path)) !== token) throw lost(folder);
      });
    } finally {
      clearInterval(beating);
      await handle.close().catch(() => {});
      if ((await readToken(path).catch(() => undefined)) === token) {
        await unlink(path).catch(() => {});
      }
    }
  } finally {
    forgetTemporary(token);
  }
}

function lost(folder: string): Error {
  return storeError(
    `another publisher took over ${JSON.stringify(folder)}, because this publisher did not renew its lock: nothing was replaced, run it again`,
  );
}

async function acquire(
  path: string,
  token: string,
  signal: AbortSignal | undefined,
  { stale, patience }: LockTiming,
): Promise<FileHandle> {
  const begun = performance.now();
  let seen = { state: '', since: begun };
  for (let wait = 20; ; wait = Math.min(2 * wait, 1000)) {
    signal?.throwIfAborted();
    const handle = await make(path, token);
    if (handle !== undefined) return handle;
    const other = await readToken(path);
    const state = `${other} ${await timeOf(path)}`;
    const now = performance.now();
    if (state !== seen.state) seen = { state, since: now };
    if (other === undefined) continue;
    const fate = await fateOfTemporary(NAME, other);
    if (fate === 'gone' || (fate === 'unknown' && now - seen.since > stale)) {
      // The process may have released the lock before it ended, and another publisher may hold the lock by now.
      if ((await readToken(path)) === other) await takeAway(path, other, token);
      continue;
    }
    if (now - begun > patience) {
      throw storeError(
        `another publisher is writing to the store: try again when it has ended. If none is running, remove ${JSON.stringify(path)}`,
      );
    }
    await sleep(wait * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
  }
}

async function make(path: string, token: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o666);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return undefined;
    throw fileError(path, "can't be made", error);
  }
  try {
    await handle.writeFile(token);
    await whereOffered(handle.sync());
    return handle;
  } catch (error) {
    await handle.close().catch(() => {});
    await unlink(path).catch(() => {});
    throw fileError(path, UNWRITABLE, error);
  }
}

/**
 * Reads the lock. Returns `undefined` if there is none.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the path is not a regular file. A read of a pipe would block. A link to a missing
 * file would look like no lock, but no publisher could create a lock in its place.
 */
async function readToken(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) {
      throw fileError(path, 'is not a file, but the lock of publishers is one: remove it');
    }
    if (stats.size > MAX_TOKEN_LENGTH) return '';
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof BundleSealError) throw error;
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileError(path, UNREADABLE, error);
  }
}

async function timeOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => '',
  );
}

/** Removes an abandoned lock. Puts the file back if another process has created a new lock in its place meanwhile. */
async function takeAway(path: string, abandoned: string, token: string): Promise<void> {
  const aside = `${path}.${token.slice(-40)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw fileError(path, "is the lock of a publisher that has ended, and can't be removed", error);
  }
  if ((await readToken(aside)) !== abandoned) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}
