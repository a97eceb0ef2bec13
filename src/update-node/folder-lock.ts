// Locks between processes that share a folder, which a process that was killed does not hold.

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

// Milliseconds between two looks at who else wants the lock.
const FIRST_WAIT = 2;
const LONGEST_WAIT = 100;

/**
 * Runs the task while nobody else holds the lock of this name in the folder.
 *
 * Each process makes a mark with a name of its own, and then looks for other marks. It holds the lock if it sees none:
 * whoever comes later sees its mark. Of two that see each other, the one whose name comes later takes its mark away
 * and tries again, and the other one waits. The name of a mark says which process made it, so the marks of processes that
 * are gone are removed.
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
      // Two that always look at the same moment would never meet an empty folder.
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
