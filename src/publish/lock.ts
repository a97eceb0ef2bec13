// One publisher at a time writes to a store's folder, on this machine or on another one that has it mounted.
//
// A file is the lock: it is made only where none is, which every file system does for one caller alone. It holds the name
// of its process. The lock of a process of this machine counts as long as that process runs. The lock of another machine
// counts as long as its time changes, which its holder sees to every few seconds: no clocks are compared.

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
import { fileError } from '../files/error.ts';
import { hasCode, whereOffered } from '../files/leniency.ts';
import { fateOfTemporary, forgetTemporary, nameTemporary } from '../files/temporary.ts';
import { storeError } from './refuse.ts';

const NAME = '.publish.lock';

// A token is the name of a temporary file.
const MAX_TOKEN_LENGTH = 1024;

export interface LockTiming {
  /** Milliseconds between two signs of life. */
  readonly beat: number;
  /** Milliseconds without a sign of life after which the lock of a process that can't be asked counts no more. */
  readonly stale: number;
  /** Milliseconds after which waiting is given up. */
  readonly patience: number;
}

const TIMING: LockTiming = { beat: 5000, stale: 60_000, patience: 600_000 };

/** @throws {@link BundleSealError} `ERR_STORE`: another publisher has taken the lock away, so nothing may be written. */
export type CheckLock = () => Promise<void>;

/**
 * Runs `work` while no other publisher writes to the folder; waits for one that does.
 *
 * @throws {@link BundleSealError} `ERR_STORE`: another publisher goes on for more than ten minutes. `ERR_FILE`: the lock
 * can't be made in the folder.
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
    `another publisher took over ${JSON.stringify(folder)}, because this one gave no sign of life: nothing was replaced, run it again`,
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
      await takeAway(path, other, token);
      continue;
    }
    if (now - begun > patience) {
      throw storeError(
        `another publisher is writing to the store: try again when it has ended. If none is running, remove ${JSON.stringify(path)}`,
      );
    }
    await sleep(wait * (0.5 + Math.random()), undefined, signal && { signal }).catch(() => {});
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
    throw fileError(path, "can't be written", error);
  }
}

/**
 * `undefined`: there is no lock.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: what has its name is no file. A pipe would be waited for; a link that leads
 * nowhere would look like no lock, and be in the way of each.
 */
async function readToken(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile())
      throw fileError(path, 'is no file, and only a publisher makes it: remove it');
    if (stats.size > MAX_TOKEN_LENGTH) return '';
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof BundleSealError) throw error;
    if (hasCode(error, 'ENOENT')) return undefined;
    throw fileError(path, "can't be read", error);
  }
}

async function timeOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
    () => '',
  );
}

/** Removes an abandoned lock. Of several that do so at once, none may remove the lock that another has made since. */
async function takeAway(path: string, abandoned: string, token: string): Promise<void> {
  const aside = `${path}.${token.slice(-40)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw fileError(path, "is abandoned and can't be removed", error);
  }
  if ((await readToken(aside)) !== abandoned) await link(aside, path).catch(() => {});
  await unlink(aside).catch(() => {});
}
