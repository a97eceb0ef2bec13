// Locks between processes that share a folder. A killed process loses its lock.

import { open, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { onFile } from '../files/error.ts';
import { holdFolder } from '../files/held-folder.ts';
import {
  cleanTemporaries,
  forgetTemporary,
  nameTemporary,
  temporariesOf,
} from '../files/temporary.ts';

// Milliseconds between two looks at the marks of other processes.
const FIRST_WAIT = 2;
const LONGEST_WAIT = 100;

/**
 * Runs the task while it holds the lock of this name in the folder.
 *
 * Each process creates a mark with a unique name, and then looks for other marks. If there is none, the process holds the
 * lock, because every later process sees its mark. If two processes see each other, the one whose mark sorts later removes
 * it and tries again, and the other one waits. A mark names its process, so the marks of ended processes can be removed.
 */
export async function lockFolder<T>(dir: string, lock: string, task: () => Promise<T>): Promise<T> {
  const folder = await holdFolder(dir, dir);
  const base = `${lock}.lock`;
  const mark = await nameTemporary(base);
  const make = async () => {
    await (await onFile(dir, "can't be locked", open(folder.at(mark), 'wx', 0o600))).close();
  };
  const remove = () => unlink(folder.at(mark)).catch(() => {});
  try {
    await make();
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      const others = (await temporariesOf(folder, base)).filter((name) => name !== mark);
      if (others.length === 0) break;
      const isLater = others.some((other) => other < mark);
      if (isLater) await remove();
      // Without the random part, two processes that look at the same moments would never find the folder empty.
      await sleep(wait * (0.5 + Math.random()));
      await cleanTemporaries(folder, base);
      if (isLater) await make();
    }
    return await task();
  } finally {
    await remove();
    forgetTemporary(mark);
    await folder.close();
  }
}
