// The files of a device in memory, as a file system without atomic writes keeps them.

import type { FileTree } from '../../src/update/stores/tree.ts';

/** How another program, a defect or the system harms a stored release. */
export type Harm = 'alters a file' | 'removes a file' | 'removes half' | 'removes all';

export const HARMS: readonly Harm[] = [
  'alters a file',
  'removes a file',
  'removes half',
  'removes all',
];

export class MemoryTree implements FileTree {
  #files = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(path)?.slice();
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, bytes.slice());
  }

  async list(path: string): Promise<string[]> {
    const prefix = path === '' ? '' : `${path}/`;
    const inside = [...this.#files.keys()].filter((one) => one.startsWith(prefix));
    return [...new Set(inside.map((one) => one.slice(prefix.length).split('/')[0] as string))];
  }

  async remove(path: string): Promise<void> {
    for (const one of this.#below(path)) this.#files.delete(one);
  }

  /** Runs a task, and puts back every file that the task has changed. */
  async undoing(task: () => Promise<void>): Promise<void> {
    const before = this.#files;
    this.#files = new Map([...before].map(([path, bytes]) => [path, bytes.slice()]));
    try {
      await task();
    } finally {
      this.#files = before;
    }
  }

  /** Leaves the second half of a folder. */
  async removeHalf(path: string): Promise<void> {
    const all = this.#below(path);
    for (const one of all.slice(0, all.length >> 1)) this.#files.delete(one);
  }

  /** Harms the files of a release that a store of trees keeps here. */
  async harm(id: string, how: Harm): Promise<void> {
    const folders = (await this.list('releases')).filter((name) => name.startsWith(`${id}.`));
    for (const folder of folders.map((name) => `releases/${name}`)) {
      if (how === 'removes all') await this.remove(folder);
      if (how === 'removes half') await this.removeHalf(folder);
      const [file] = this.#below(`${folder}/files/assets`);
      if (file === undefined) continue;
      if (how === 'removes a file') await this.remove(file);
      const bytes = this.#files.get(file);
      if (how === 'alters a file' && bytes !== undefined) bytes[0] = (bytes[0] as number) ^ 1;
    }
  }

  #below(path: string): string[] {
    return [...this.#files.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
  }
}
