// Several publishers at once.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { nameTemporary } from '../../../src/files/temporary.ts';
import { withLock } from '../../../src/publish/lock.ts';
import { expectWholeStore, newFolder, publishBuild } from '../../support/publish.ts';

const QUICK = { beat: 50, stale: 400, patience: 250_000 };
const LOCK = '.publish.lock';

describe('several publishers to one folder', () => {
  it('publish one after the other and lose no release', async () => {
    const store = newFolder();
    await Promise.all([1, 2, 3, 4, 5].map((n) => publishBuild(store, n, { patches: 2 })));
    const { sequence, releases } = await expectWholeStore(store);
    expect(sequence).toBe(5);
    expect(releases.map(({ version }) => version).sort()).toEqual(
      [1, 2, 3, 4, 5].map((n) => `1.0.${n}`),
    );
  });
});

describe('withLock', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('runs one task at a time', async () => {
    const folder = newFolder();
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(folder, undefined, work, QUICK)));
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a pipe, a folder and a link to nothing that have the name of the lock', async () => {
    const work = async () => {};
    for (const put of [
      (path: string) => void execFileSync('mkfifo', [path]),
      (path: string) => mkdirSync(path),
      (path: string) => symlinkSync('nowhere', path),
    ]) {
      const folder = newFolder();
      put(join(folder, LOCK));
      await expect(
        withLock(folder, AbortSignal.timeout(250_000), work, QUICK),
      ).rejects.toMatchObject({
        code: 'ERR_FILE',
        message: `${JSON.stringify(join(folder, LOCK))} is not a file, but the lock of publishers is one: remove it`,
      });
      expect(readdirSync(folder)).toEqual([LOCK]);
    }
  });

  it('takes the lock of a process of this machine that has ended', async () => {
    const folder = newFolder();
    const own = await nameTemporary(LOCK);
    // A process number that no process has.
    writeFileSync(join(folder, LOCK), own.replace(/-\d+-(\d+)-([0-9a-f]{12})/, '-99999999-$1-$2'));
    const begun = performance.now();
    expect(await withLock(folder, undefined, async () => 'done')).toBe('done');
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes the lock of another machine only if that machine no longer renews it', async () => {
    const folder = newFolder();
    const path = join(folder, LOCK);
    const foreign = (await nameTemporary(LOCK)).replace(/_[0-9a-f]+_/, '_0123456789abcdef_');
    writeFileSync(path, foreign);
    await withLock(folder, undefined, async () => {}, QUICK);
    writeFileSync(path, foreign);
    // The waiting one compares what this clock says. A busy machine does not move it.
    let clock = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
    let signs = 0;
    const living = setInterval(() => {
      signs += 1;
      writeFileSync(path, foreign);
      clock += 900;
    }, 20);
    let isTaken = false;
    const work = async () => {
      isTaken = true;
    };
    const waiting = withLock(folder, undefined, work, { ...QUICK, stale: 2000, patience: 1e9 });
    while (signs < 20) await sleep(20);
    clearInterval(living);
    expect(isTaken).toBe(false);
    while (!isTaken) {
      clock += 900;
      await sleep(20);
    }
    await waiting;
  });

  it('tells a publisher before it writes that it has lost its lock', async () => {
    const folder = newFolder();
    const losing = withLock(
      folder,
      undefined,
      async (check) => {
        writeFileSync(join(folder, LOCK), 'of another one');
        await check();
      },
      QUICK,
    );
    await expect(losing).rejects.toMatchObject({ code: 'ERR_STORE' });
    // It is not this one's to remove.
    expect(readFileSync(join(folder, LOCK), 'latin1')).toBe('of another one');
  });

  it('rejects after the waiting time, and on an abort', async () => {
    const folder = newFolder();
    let release = () => {};
    let isHeld = false;
    const holding = withLock(
      folder,
      undefined,
      () =>
        new Promise<void>((resolve) => {
          isHeld = true;
          release = resolve;
        }),
      QUICK,
    );
    while (!isHeld) await sleep(5);
    const impatient = withLock(folder, undefined, async () => {}, { ...QUICK, patience: 200 });
    await expect(impatient).rejects.toThrow('another publisher is writing to the store');
    const stop = new AbortController();
    const waiting = withLock(folder, stop.signal, async () => {}, QUICK);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    release();
    await holding;
    expect(existsSync(join(folder, LOCK))).toBe(false);
  });
});
