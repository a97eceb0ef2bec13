// Which calls of the file system a thread of Node's pool makes, and the creation of folders.

import {
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  closeFile,
  makeFolder,
  makeFolders,
  namesIn,
  onceClosed,
  openFile,
  readAt,
  realPath,
  removeFile,
  statFile,
  statLink,
  statPath,
  writeNext,
} from '../../../src/files/calls.ts';
import { openInputFile } from '../../../src/files/input-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundleseal-calls-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The time of the clock, and its advance with each call.
let now = 0;
let step = 0;
beforeEach(async () => {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += step;
    return now;
  });
  // On a slow disk, the test files that ran before in this process have left calls going through threads.
  step = 0;
  for (let i = 0; i < 400; i++) await statLink(folder);
});

/** Whether a call is answered before anything else has its turn. */
async function isAnsweredAtOnce(
  start: () => Promise<unknown> = () => statLink(folder),
): Promise<boolean> {
  let isAnswered = false;
  const call = start().then(() => {
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

  it.each([
    ['at once', 0, true],
    ['through a thread', 20, false],
  ])('has the same result %s', async (_, milliseconds, isAtOnce) => {
    const place = mkdtempSync(join(folder, 'calls-'));
    const [file, link] = [join(place, 'file'), join(place, 'link')];
    symlinkSync('file', link);
    step = milliseconds;
    await isAnsweredAtOnce();
    const check = async <T>(call: () => Promise<T>): Promise<T> => {
      let result: T | undefined;
      const keep = async () => {
        result = await call();
      };
      expect(await isAnsweredAtOnce(keep)).toBe(isAtOnce);
      return result as T;
    };
    const fd = await check(() => openFile(file, constants.O_RDWR | constants.O_CREAT));
    expect(await check(() => writeNext(fd, Buffer.from('first ')))).toBe(6);
    expect(await check(() => writeNext(fd, Buffer.from('second')))).toBe(6);
    expect(readFileSync(file, 'utf8')).toBe('first second');
    const room = new Uint8Array(4);
    expect(await check(() => readAt(fd, room, 3))).toBe(4);
    expect(String(Buffer.from(room))).toBe('st s');
    expect((await check(() => statFile(fd))).size).toBe(12n);
    await check(() => closeFile(fd));
    await expect(statFile(fd)).rejects.toMatchObject({ code: 'EBADF' });
    expect((await check(() => statPath(link))).isFile()).toBe(true);
    expect((await check(() => statPath(link))).size).toBe(12n);
    expect((await check(() => statLink(link))).isSymbolicLink()).toBe(true);
    expect(typeof (await check(() => statLink(link))).mtimeNs).toBe('bigint');
    const names = await check(() => namesIn(place));
    expect(names.map((name) => [Buffer.isBuffer(name), String(name)]).sort()).toEqual([
      [true, 'file'],
      [true, 'link'],
    ]);
    expect(await check(() => realPath(link))).toBe(await realPath(file));
    await check(() => makeFolder(join(place, 'inside'), 0o700));
    expect(statSync(join(place, 'inside')).mode & 0o777).toBe(0o700);
    await check(() => removeFile(file));
    expect(existsSync(file)).toBe(false);
    // The error of a call.
    const missing = { code: 'ENOENT', path: file };
    await expect(removeFile(file)).rejects.toMatchObject(missing);
    // Calls are synchronous again for the other tests.
    step = 0;
    for (let i = 0; i < 256; i++) await statLink(folder);
    expect(await isAnsweredAtOnce()).toBe(true);
  });

  it('that moves more than 256 KiB, or reads on, goes through a thread', async () => {
    step = 0;
    const fd = await openFile(join(folder, 'long'), 'w+');
    const short = new Uint8Array(2 ** 18);
    const long = new Uint8Array(2 ** 18 + 1);
    expect(await isAnsweredAtOnce(() => writeNext(fd, short))).toBe(true);
    expect(await isAnsweredAtOnce(() => writeNext(fd, long))).toBe(false);
    expect(await isAnsweredAtOnce(() => readAt(fd, short, 0))).toBe(true);
    expect(await isAnsweredAtOnce(() => readAt(fd, long, 0))).toBe(false);
    expect(await isAnsweredAtOnce(() => readAt(fd, long, 0, long.length))).toBe(true);
    expect(await isAnsweredAtOnce(() => readAt(fd, long, 0, long.length - 1))).toBe(false);
    expect(await isAnsweredAtOnce(() => readAt(fd, short, null))).toBe(false);
    await closeFile(fd);
  });

  it('that reads a range of a file is synchronous up to 2 MiB', async () => {
    const most = 2 ** 21;
    const place = join(folder, 'ranges');
    writeFileSync(place, new Uint8Array(most + 1));
    const file = await openInputFile(place);
    expect(await isAnsweredAtOnce(async () => file.read(1, most + 1))).toBe(true);
    expect(await isAnsweredAtOnce(async () => file.read(0, most + 1))).toBe(false);
    await file.close();
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
