// Opens the subfolders of a folder without following links, also if another program puts a link in the place of a
// folder meanwhile.

import { join } from 'node:path';
import { fileError } from './error.ts';
import { type HeldFolder, holdFolder } from './held-folder.ts';

export interface HeldTree {
  /** The real path of the top folder. */
  readonly root: string;
  /**
   * Runs `work` in the folder with this path: "" is the top, every other path ends in "/". Make one call at a time.
   * Throws if the folder is another one than before; `drop` then disposes of the result of `work`.
   */
  within<T>(
    path: string,
    work: (folder: HeldFolder) => Promise<T>,
    drop?: (result: T) => Promise<void>,
  ): Promise<T>;
  close(): Promise<void>;
}

export const CHANGED = 'was changed while its folder was read: try again when nothing writes to it';

interface Step {
  readonly path: string;
  readonly folder: HeldFolder;
}

/** @param root - The folder's real path. */
export async function holdTree(root: string): Promise<HeldTree> {
  const top = await holdFolder(root, root);
  /**
   * The open folders from the top to the folder of the last call, each opened through the one above.
   */
  const way: Step[] = [{ path: '', folder: top }];
  /** The identity of the folder at each path. */
  const seen = new Map<string, string>();
  let last: Promise<unknown> = Promise.resolve();

  async function go(path: string): Promise<HeldFolder> {
    let at = way.at(-1) as Step;
    for (; !path.startsWith(at.path); at = way.at(-1) as Step) await way.pop()?.folder.close();
    while (at.path !== path) {
      const end = path.indexOf('/', at.path.length);
      const shown = join(root, path.slice(0, end));
      const folder = await holdFolder(at.folder.at(path.slice(at.path.length, end)), shown);
      at = { path: path.slice(0, end + 1), folder };
      way.push(at);
      const identity = `${folder.stats.dev} ${folder.stats.ino}`;
      if ((seen.get(at.path) ?? identity) !== identity) throw fileError(shown, CHANGED);
      seen.set(at.path, identity);
    }
    return at.folder;
  }

  /** If folders cannot be held open, checks that each path still leads to the same folder. */
  async function check(): Promise<void> {
    for (const { folder } of way) if (!folder.isHeld) await folder.check();
  }

  return {
    root,
    within(path, work, drop) {
      const next = last.then(async () => {
        const result = await work(await go(path));
        try {
          await check();
        } catch (error) {
          await drop?.(result);
          throw error;
        }
        return result;
      });
      last = next.catch(() => {});
      return next;
    },
    async close() {
      await last;
      for (const { folder } of way.splice(0)) await folder.close();
    },
  };
}
