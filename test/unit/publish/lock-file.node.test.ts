// The file of a publisher's lock: its content, its time, and what becomes of it.

import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { forgetTemporary, nameTemporary } from '../../../src/files/temporary.ts';
import { withLock } from '../../../src/publish/lock.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem } from '../../support/files.ts';
import { newFolder } from '../../support/publish.ts';

const QUICK = { beat: 20, stale: 200, patience: 250_000 };
const LOCK = '.publish.lock';

afterEach(() => void vi.restoreAllMocks());

describe('the file of a lock', () => {
  it('names its process, is touched while the task runs, and goes when the task ends', async () => {
    const folder = newFolder();
    const path = join(folder, LOCK);
    const token = await withLock(
      folder,
      undefined,
      async () => {
        const first = statSync(path).mtimeMs;
        while (statSync(path).mtimeMs === first) await sleep(20);
        return readFileSync(path, 'utf8');
      },
      QUICK,
    );
    expect(token.startsWith(`.${LOCK}`)).toBe(true);
    expect(token).toContain(`-${process.pid}-`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes when the task fails, and the error of the task counts', async () => {
    const folder = newFolder();
    const failing = withLock(folder, undefined, async () => {
      throw new Error('the task failed');
    });
    await expect(failing).rejects.toThrow('the task failed');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('may have gone before the task ends, which only a check notices', async () => {
    const folder = newFolder();
    const remove = () => rmSync(join(folder, LOCK));
    expect(
      await withLock(folder, undefined, async () => {
        remove();
        return 'done';
      }),
    ).toBe('done');
    const checking = withLock(folder, undefined, async (check) => {
      await check();
      remove();
      await check();
    });
    expect((await rejection(checking, 'ERR_STORE')).message).toBe(
      `another publisher took over ${JSON.stringify(folder)}, because this publisher did not renew its lock: nothing was replaced, run it again`,
    );
    expect(existsSync(join(folder, LOCK))).toBe(false);
  });

  it('of another program or of another machine is taken when nobody has touched it for a while', async () => {
    const own = await nameTemporary(LOCK);
    const foreign = own.replace(/_[0-9a-f]+_/, '_0123456789abcdef_');
    for (const content of ['', 'no token', 'x'.repeat(5000), foreign]) {
      const folder = newFolder();
      writeFileSync(join(folder, LOCK), content);
      const begun = performance.now();
      expect(await withLock(folder, undefined, async () => 5, QUICK)).toBe(5);
      expect(performance.now() - begun).toBeGreaterThan(QUICK.stale);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('of a process of this machine that runs is never taken, and the error says what to remove', async () => {
    const folder = newFolder();
    const holding = { end: () => {} };
    const held = withLock(
      folder,
      undefined,
      () => new Promise<void>((resolve) => Object.assign(holding, { end: resolve })),
      QUICK,
    );
    while (!existsSync(join(folder, LOCK))) await sleep(5);
    const waiting = withLock(folder, undefined, async () => {}, {
      ...QUICK,
      stale: 1,
      patience: 300,
    });
    expect((await rejection(waiting, 'ERR_STORE')).message).toBe(
      `another publisher is writing to the store: try again when it has ended. If none is running, remove ${JSON.stringify(join(folder, LOCK))}`,
    );
    holding.end();
    await held;
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['lstat', 'readFile'])('that cannot be read is named, if its %s fails', async (call) => {
    const folder = newFolder();
    writeFileSync(join(folder, LOCK), 'of another one');
    const before = (name: string, [path]: unknown[]) =>
      name === call && path === join(folder, LOCK)
        ? Object.assign(new Error('EIO'), { code: 'EIO' })
        : undefined;
    const work = () => withLock(folder, AbortSignal.timeout(250_000), async () => {}, QUICK);
    const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
    expect(error.message).toContain(
      `${JSON.stringify(join(folder, LOCK))} can't be read: the disk`,
    );
  });

  it('that cannot be written is named, and does not stay', async () => {
    const folder = newFolder();
    const before = (name: string) =>
      name === 'handle.writeFile'
        ? Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
        : undefined;
    const work = () => withLock(folder, undefined, async () => {}, QUICK);
    const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
    expect(error.message).toContain(`${JSON.stringify(join(folder, LOCK))} can't be written`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a publisher that has ended is named if it cannot be removed', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, LOCK), 'of another program');
    const before = (name: string, [path]: unknown[]) =>
      name === 'rename' && path === join(folder, LOCK)
        ? Object.assign(new Error('EIO'), { code: 'EIO' })
        : undefined;
    const work = () => withLock(folder, undefined, async () => {}, QUICK);
    const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
    expect(error.message).toContain(
      `${JSON.stringify(join(folder, LOCK))} is the lock of a publisher that has ended, and can't be removed: the disk`,
    );
  });

  it('of a publisher that has ended may be removed by another one at the same time', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, LOCK), 'of another program');
    let isRemoved = false;
    const before = (name: string, [path]: unknown[]) => {
      if (name !== 'rename' || path !== join(folder, LOCK) || isRemoved) return undefined;
      isRemoved = true;
      rmSync(join(folder, LOCK));
      return undefined;
    };
    const work = () => withLock(folder, undefined, async () => 5, QUICK);
    expect(await onFileSystem({ before }, work)).toBe(5);
    expect(isRemoved).toBe(true);
  });

  it('is not waited for after an abort', async () => {
    const folder = newFolder();
    const own = await nameTemporary(LOCK);
    writeFileSync(join(folder, LOCK), own);
    // A wait of hours.
    vi.spyOn(Math, 'random').mockReturnValue(1e6);
    const stop = new AbortController();
    const waiting = withLock(folder, stop.signal, async () => {}, QUICK);
    await sleep(100);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    forgetTemporary(own);
  });

  it('is not made after an abort', async () => {
    const folder = newFolder();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(withLock(folder, signal, async () => {})).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another machine is waited for a minute, and of a publisher that runs for ten minutes', async () => {
    let clock = 0;
    const looks = vi.spyOn(performance, 'now').mockImplementation(() => clock);
    const own = await nameTemporary(LOCK);
    const foreign = own.replace(/_[0-9a-f]+_/, '_0123456789abcdef_');
    for (const [content, longest, outcome] of [
      [foreign, 60_000, 'done'],
      [own, 600_000, 'another publisher is writing to the store'],
    ] as const) {
      const folder = newFolder();
      writeFileSync(join(folder, LOCK), content);
      clock = 0;
      looks.mockClear();
      const ended: (string | undefined)[] = [];
      const work = withLock(folder, undefined, async () => 'done')
        .catch((error: Error) => error.message.split(':')[0])
        .then((result) => ended.push(result));
      // It reads the clock when it begins, and after it has looked at the lock.
      while (looks.mock.calls.length < 2) await sleep(10);
      clock = longest;
      await sleep(500);
      expect(ended).toEqual([]);
      clock += 1;
      await work;
      expect(ended).toEqual([outcome]);
    }
    forgetTemporary(own);
  });
});
