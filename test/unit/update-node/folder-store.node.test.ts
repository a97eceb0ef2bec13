import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { folderStore } from '../../../src/node.ts';
import type { ReleaseStore } from '../../../src/update.ts';
import { storeTests } from '../../../src/update-testing.ts';

const root = mkdtempSync(join(tmpdir(), 'bundleseal-stores-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
const folders = new WeakMap<ReleaseStore, string>();
const open = (dir: string) => {
  const store = folderStore(dir);
  folders.set(store, dir);
  return store;
};

describe('folderStore', () => {
  it.each(
    storeTests({
      create: () => open(join(root, String(made++))),
      reopen: (store) => open(folders.get(store) as string),
    }),
  )('$name', ({ run }) => run());
});
