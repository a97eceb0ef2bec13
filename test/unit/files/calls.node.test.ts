// Which calls of the file system a thread of Node's pool makes, and the creation of folders.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeFolder, makeFolders, onceClosed, statLink } from '../../../src/files/calls.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundleseal-calls-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The time of the clock, and its advance with each call.
let now = 0;
let step = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += step;
    return now;
  });
});

/** Whether a call is answered before anything else has its turn. */
async function isAnsweredAtOnce(): Promise<boolean> {
  let isAnswered = false;
  const call = statLink(folder).then(() => {
    isAnswered = true;
  });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  const isAtOnce = isAnswered;
  await call;
  return isAtOnce;
}

describe('a call of the file system', () => {
  it('goes through threads after slow calls, and is synchronous again later', async () => {
    step = 0.1;
    for (let i = 0; i < 100; i++) expect(await isAnsweredAtOnce()).toBe(true);
    // One slow answer among many quick ones changes nothing.
    step = 5;
    await isAnsweredAtOnce();
    step = 0.1;
    expect(await isAnsweredAtOnce()).toBe(true);
    step = 20;
    await isAnsweredAtOnce();
    for (let i = 0; i < 256; i++) expect(await isAnsweredAtOnce()).toBe(false);
    step = 0.1;
    expect(await isAnsweredAtOnce()).toBe(true);
  });

  it('closes a descriptor only once', async () => {
    const close = vi.fn(async () => {
      throw new Error('EBADF');
    });
    const once = onceClosed(close);
    await Promise.all([once(), once()]);
    await once();
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe('a folder', () => {
  it('is created if there is none, with those above it', async () => {
    await makeFolders(join(folder, 'a/b/c'), 0o700);
    expect(statSync(join(folder, 'a/b/c')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    await makeFolder(join(folder, 'a/d'));
    expect(readdirSync(join(folder, 'a'))).toEqual(['b', 'd']);
  });

  it('that exists stays as it is', async () => {
    mkdirSync(join(folder, 'kept'), { mode: 0o700 });
    writeFileSync(join(folder, 'kept/file'), '');
    await makeFolder(join(folder, 'kept'), 0o755);
    await makeFolders(join(folder, 'kept'), 0o755);
    expect(readdirSync(join(folder, 'kept'))).toEqual(['file']);
    expect(statSync(join(folder, 'kept')).mode & 0o777).toBe(0o700);
  });

  it('is not created in the place of a file, below a file, or without the folder above', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolders(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolders(join(folder, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolder(join(folder, 'none/a'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
