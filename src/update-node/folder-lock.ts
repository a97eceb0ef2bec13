// Locks for processes that share a folder. A killed process loses its lock.

import { lstat, unlink, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BundleSealError } from '../errors.ts';
import { closeFile, openFile, removeFile } from '../files/calls.ts';
import { onFile } from '../files/error.ts';
import { type HeldFolder, holdFolder } from '../files/held-folder.ts';
import {
  cleanTemporaries,
  fateOfTemporary,
  forgetTemporary,
  nameTemporary,
  temporariesOf,
} from '../files/temporary.ts';

// Milliseconds between two looks at the marks of other processes.
const FIRST_WAIT = 2;
const LONGEST_WAIT = 100;

export interface FolderLockTiming {
  /** Milliseconds between two touches of a mark. */
  readonly beat: number;
  /** Milliseconds without a touch after which the mark of a process that cannot be looked up is abandoned. */
  readonly stale: number;
}

const TIMING: FolderLockTiming = { beat: 2000, stale: 15_000 };

/** Rejects with `ERR_STORE` if another process has taken the lock over. The caller must not write anything then. */
export type CheckFolderLock = () => Promise<void>;

/**
 * Runs the task while it holds the lock of this name in the folder.
 *
 * Each process creates a mark with a unique name, and then looks for other marks. If there is none, the process holds the
 * lock, because every later process sees its mark. If two processes see each other, the one whose mark sorts later removes
 * it and tries again, and the other one waits. A mark names its process, so the marks of ended processes can be removed.
 *
 * A process of another container or sandbox cannot be looked up: Docker, Flatpak and Snap number the processes of each
 * start anew. So each process touches its mark while it has one. A process that is stopped for longer than `stale`, as by
 * SIGSTOP or while its container is frozen, may lose its mark: it has to call `check` before it writes.
 */
export async function lockFolder<T>(
  dir: string,
  lock: string,
  task: (check: CheckFolderLock) => Promise<T>,
  { beat, stale }: FolderLockTiming = TIMING,
): Promise<T> {
  const folder = await holdFolder(dir, dir);
  const base = `${lock}.lock`;
  const mark = await nameTemporary(base);
  const make = async () => {
    await closeFile(await onFile(dir, "can't be locked", openFile(folder.at(mark), 'wx')));
  };
  const remove = () => removeFile(folder.at(mark)).catch(() => {});
  const isMarked = () =>
    lstat(folder.at(mark)).then(
      () => true,
      () => false,
    );
  const removeStale = watchMarks(folder, base, stale);
  const beating = setInterval(() => {
    const now = new Date();
    utimes(folder.at(mark), now, now).catch(() => {});
  }, beat);
  beating.unref?.();
  try {
    await make();
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      const others = (await temporariesOf(folder, base)).filter((name) => name !== mark);
      if (others.length === 0) {
        if (await isMarked()) break;
        // Another process removed the mark while this one was stopped.
        await make();
        continue;
      }
      const isLater = others.some((other) => other < mark);
      if (isLater) await remove();
      // The random part prevents that two processes look at the same moments and never find the folder empty.
      await sleep(wait * (0.5 + Math.random()));
      await cleanTemporaries(folder, base);
      await removeStale(others);
      if (isLater) await make();
    }
    return await task(async () => {
      if (await isMarked()) return;
      throw new BundleSealError(
        'ERR_STORE',
        `another process took over ${JSON.stringify(dir)}, because this process was stopped for too long: nothing was written, try again`,
      );
    });
  } finally {
    clearInterval(beating);
    await remove();
    forgetTemporary(mark);
    await folder.close();
  }
}

/** Removes marks that nobody touched while this process watched them for `stale` milliseconds. Compares no clocks. */
function watchMarks(
  folder: HeldFolder,
  base: string,
  stale: number,
): (marks: readonly string[]) => Promise<void> {
  const seen = new Map<string, { readonly touched: number; readonly since: number }>();
  return async (marks) => {
    const now = performance.now();
    for (const mark of marks) {
      if ((await fateOfTemporary(base, mark)) !== 'unknown') continue;
      const found = await lstat(folder.at(mark)).catch(() => undefined);
      const before = seen.get(mark);
      if (found === undefined) seen.delete(mark);
      else if (before?.touched !== found.mtimeMs) {
        seen.set(mark, { touched: found.mtimeMs, since: now });
      } else if (now - before.since > stale) await unlink(folder.at(mark)).catch(() => {});
    }
  };
}
