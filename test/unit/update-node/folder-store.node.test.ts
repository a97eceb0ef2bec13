import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { forgetTemporary, nameTemporary } from '../../../src/files/temporary.ts';
import { folderStore } from '../../../src/node.ts';
import type { ReleaseStore } from '../../../src/update.ts';
import { lockFolder } from '../../../src/update-node/folder-lock.ts';
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

describe('a pipe in the place of a file', () => {
  it('is refused, and not waited for', async () => {
    const dir = mkdtempSync(join(root, 'pipes-'));
    const store = open(dir);
    expect(await store.readState()).toBeUndefined();
    execFileSync('mkfifo', [join(dir, 'state.json')]);
    await expect(store.readState()).rejects.toMatchObject({ code: 'ERR_FILE' });
    const id = 'a'.repeat(64);
    await store.write(
      id,
      (async function* () {
        yield { path: 'index.html', bytes: new Uint8Array(1) };
      })(),
    );
    unlinkSync(join(dir, 'releases', id, 'index.html'));
    execFileSync('mkfifo', [join(dir, 'releases', id, 'index.html')]);
    const reader = await store.open(id);
    await expect(reader.read('index.html')).rejects.toMatchObject({ code: 'ERR_FILE' });
  });
});

describe('the lock of a process in another container', () => {
  /** The mark of a process whose numbers mean nothing here. */
  async function foreignMark(dir: string, place = '0000000000000000'): Promise<string> {
    const own = await nameTemporary('state.lock');
    forgetTemporary(own);
    const mark = join(dir, own.replace(/_[0-9a-f]+_/, `_${place}_`));
    writeFileSync(mark, '');
    return mark;
  }

  it('is removed when no process touches its mark any more', async () => {
    const dir = mkdtempSync(join(root, 'lock-'));
    await foreignMark(dir);
    const timing = { beat: 10, stale: 100 };
    expect(await lockFolder(dir, 'state', async () => 'done', timing)).toBe('done');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('is waited for as long as its mark is touched', async () => {
    const dir = mkdtempSync(join(root, 'lock-'));
    const mark = await foreignMark(dir);
    let touches = 0;
    const living = setInterval(() => {
      touches += 1;
      utimesSync(mark, new Date(), new Date());
    }, 20);
    const taken = lockFolder(dir, 'state', async () => touches, { beat: 10, stale: 5000 });
    while (touches < 20) await sleep(20);
    clearInterval(living);
    unlinkSync(mark);
    expect(await taken).toBeGreaterThanOrEqual(20);
  });

  it('has a mark that is touched while the task runs', async () => {
    const dir = mkdtempSync(join(root, 'lock-'));
    const touched = () => readdirSync(dir, { withFileTypes: true }).map(({ name }) => name);
    await lockFolder(
      dir,
      'state',
      async () => {
        const [name] = touched();
        const mark = join(dir, name as string);
        utimesSync(mark, 1, 1);
        while (statSync(mark).mtimeMs === 1000) await sleep(5);
      },
      { beat: 10, stale: 1000 },
    );
    expect(touched()).toEqual([]);
  });

  it('is not held without a mark by a process that was stopped while it waited', async () => {
    const dir = mkdtempSync(join(root, 'lock-'));
    const foreign = await foreignMark(dir, 'ffffffffffffffff');
    const marks = () => readdirSync(dir).map((name) => join(dir, name));
    const taken = lockFolder(dir, 'state', async () => marks());
    const own = () => marks().find((mark) => mark !== foreign);
    while (own() === undefined) await sleep(5);
    // The other process removes the mark, because no one touches it, and then releases its own lock.
    unlinkSync(own() as string);
    unlinkSync(foreign);
    expect(await taken).toHaveLength(1);
  });
});

describe('a process that was stopped for so long that another one took its lock over', () => {
  it('writes no state, and rejects with ERR_STORE', async () => {
    const dir = mkdtempSync(join(root, 'lock-'));
    const store = open(dir);
    const state = Uint8Array.of(1);
    await store.lock('state', () => store.writeState(state));
    const stopped = store.lock('state', async () => {
      for (const name of readdirSync(dir)) {
        if (name.startsWith('.state.lock.')) unlinkSync(join(dir, name));
      }
      await store.writeState(Uint8Array.of(2));
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ERR_STORE' });
    await expect(stopped).rejects.toThrow(/another process took over/);
    expect(await store.readState()).toEqual(state);
    expect(readdirSync(dir).sort()).toEqual(['releases', 'state.json']);
    await store.lock('state', () => store.writeState(Uint8Array.of(3)));
    expect(await store.readState()).toEqual(Uint8Array.of(3));
  });
});
