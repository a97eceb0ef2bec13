// Writing the files of an archive: when they are opened, and how many at once.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Unpacked, writeFiles } from '../../../src/files/write-files.ts';
import { bytesOf } from '../../support/bytes.ts';
import { failureOf, rejection } from '../../support/errors.ts';
import { onFileSystem, openIn } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';

const MIB = 2 ** 20;
const { here } = useFolder();
const failing = (code: string) => Object.assign(new Error(code), { code });

async function* piecesOf(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* pieces;
}

const file = (path: string, content: AsyncIterable<Uint8Array>): Unpacked => ({
  path,
  isFolder: false,
  content,
});

/** Counts the files that are open. A hook may hold or fail a call. */
function counting(hold: (name: string) => Error | Promise<void> | undefined = () => undefined) {
  const count = { opened: 0, closed: 0, most: 0 };
  const before = (name: string, [, flags]: unknown[]) => {
    const isFile = flags === 'wx';
    if (name === 'open' && isFile) count.opened += 1;
    count.most = Math.max(count.most, count.opened - count.closed);
    return hold(name);
  };
  const after = (name: string) => {
    if (name === 'close') count.closed += 1;
  };
  return { count, hooks: { before, after } };
}

const write = (entries: AsyncIterable<Unpacked>, count = (_: number) => {}) =>
  writeFiles(entries, here(), '/shown', count);

describe('a file of an archive', () => {
  it.each<[string, number[], number]>([
    ['is opened after its end if it has 2 MiB', [MIB, MIB], 0],
    ['is opened after its end if it is one piece', [3 * MIB], 0],
    ['is written while it is read if it is longer', [MIB, MIB, 1, 1], 1],
  ])('%s: pieces of %j bytes', async (_, lengths, expected) => {
    const { count, hooks } = counting();
    let openedBeforeEnd = -1;
    const pieces = lengths.map((length, i) => new Uint8Array(length).fill(i + 1));
    async function* content() {
      yield* pieces;
      openedBeforeEnd = count.opened;
    }
    async function* entries() {
      yield file('a/b', content());
    }
    const lengthsSeen: number[] = [];
    const done = await onFileSystem(hooks, () => write(entries(), (by) => lengthsSeen.push(by)));
    expect([done, openedBeforeEnd, count.opened]).toEqual([1, expected, 1]);
    expect(readFileSync(`${here()}/a/b`).equals(Buffer.concat(pieces))).toBe(true);
    expect(lengthsSeen).toEqual(lengths);
  });

  it('that is a folder is read to its end and not written', async () => {
    let isRead = false;
    async function* content() {
      yield bytesOf(3);
      isRead = true;
    }
    async function* entries() {
      yield { path: 'folder/', isFolder: true, content: content() };
      yield file('empty', piecesOf());
    }
    expect(await write(entries())).toBe(1);
    expect([isRead, readdirSync(here())]).toEqual([true, ['empty']]);
    expect(statSync(`${here()}/empty`).size).toBe(0);
  });

  it.each([
    [60, 300_000, 55],
    [12, 2 * MIB, 8],
  ])('is written with others of 16 MiB at most: %i of %i bytes', async (number, length, most) => {
    const release: (() => void)[] = [];
    const { hooks } = counting((name) =>
      name === 'write' ? new Promise<void>((resolve) => release.push(resolve)) : undefined,
    );
    async function* entries() {
      for (let i = 0; i < number; i++) yield file(`${i}`, piecesOf(new Uint8Array(length)));
    }
    await onFileSystem(hooks, async () => {
      let isDone = false;
      const writing = write(entries()).finally(() => {
        isDone = true;
      });
      // One that ends makes room for another.
      for (let ended = 0; ended < number; ended++) {
        const started = Math.min(number, ended + most);
        await expect.poll(() => release.length, { interval: 1 }).toBe(started);
        release[ended]?.();
      }
      expect(await writing).toBe(number);
      expect(isDone).toBe(true);
    });
  });

  it('is flushed with 63 others, and none is created meanwhile', async () => {
    const release: (() => void)[] = [];
    const { count, hooks } = counting((name) =>
      name === 'fdatasync' ? new Promise<void>((resolve) => release.push(resolve)) : undefined,
    );
    async function* entries() {
      for (let i = 0; i < 130; i++) yield file(`${i}`, piecesOf(bytesOf(10)));
    }
    await onFileSystem(hooks, async () => {
      const writing = write(entries());
      for (const all of [64, 128, 130]) {
        await expect.poll(() => release.length, { interval: 1 }).toBe(all);
        expect(count.opened).toBe(all);
        for (const done of release) done();
      }
      expect(await writing).toBe(130);
    });
    expect([count.most, count.closed]).toEqual([64, 130]);
  });

  it.each([
    ['64 short ones', 1000, 64],
    ['16 MiB', 2 * MIB, 8],
  ])('is read while others are flushed, %s at most', async (_, length, most) => {
    const release: (() => void)[] = [];
    const { count, hooks } = counting((name) =>
      name === 'fdatasync' ? new Promise<void>((resolve) => release.push(resolve)) : undefined,
    );
    let taken = 0;
    async function* entries() {
      for (let i = 0; i < 130; i++) {
        taken += 1;
        yield file(`${i}`, piecesOf(new Uint8Array(i < 64 ? 1 : length)));
      }
    }
    await onFileSystem(hooks, async () => {
      const writing = write(entries());
      // The last one is read and waits for room.
      const waiting = most === 64 ? 0 : 1;
      await expect.poll(() => taken, { interval: 1 }).toBe(64 + most + waiting);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect([taken, count.opened, release.length]).toEqual([64 + most + waiting, 64, 64]);
      for (let done = 0; done < 130; done++) {
        await expect.poll(() => release.length, { interval: 1 }).toBeGreaterThan(done);
        release[done]?.();
      }
      expect(await writing).toBe(130);
    });
    expect([count.most, count.closed]).toEqual([64, 130]);
  });

  it('that others wait for is flushed and closed before an error of its content is thrown', async () => {
    const broken = new Error('no more');
    const { count, hooks } = counting((name) =>
      name === 'fdatasync' ? new Promise<void>((resolve) => setTimeout(resolve, 30)) : undefined,
    );
    async function* content() {
      yield bytesOf(1);
      throw broken;
    }
    async function* entries() {
      for (let i = 0; i < 70; i++) yield file(`${i}`, piecesOf(bytesOf(1)));
      yield file('bad', content());
    }
    expect(await onFileSystem(hooks, () => failureOf(write(entries())))).toBe(broken);
    expect(count.closed).toBe(count.opened);
    expect(existsSync(`${here()}/bad`)).toBe(false);
    expect(openIn(here())).toEqual([]);
  });

  it.each([
    ['open', "can't be written: the disk or the network drive"],
    ['write', "can't be written: the disk or the network drive"],
    ['fdatasync', "can't be flushed to the disk: the disk or the network drive"],
    ['close', "can't be written: the disk or the network drive"],
  ])('ends all work with the error of its %s, and is closed', async (call, message) => {
    for (const lengths of [[10], [MIB, MIB, MIB]]) {
      let isFailed = false;
      const { hooks } = counting((name) => {
        if (name !== call || isFailed) return undefined;
        isFailed = true;
        return failing('EIO');
      });
      async function* entries() {
        yield file(`first-${lengths.length}`, piecesOf(...lengths.map((n) => new Uint8Array(n))));
        for (let i = 0; i < 80; i++) yield file(`${lengths.length}-${i}`, piecesOf(bytesOf(1)));
      }
      const error = await rejection(
        onFileSystem(hooks, () => write(entries())),
        'ERR_FILE',
      );
      // Of one of the files that are written at once.
      expect(error.path).toMatch(/^\/shown\/(first-)?\d/);
      expect(error.message).toContain(message);
      expect(existsSync(`${here()}/${lengths.length}-79`)).toBe(false);
      expect(openIn(here())).toEqual([]);
    }
  });

  it('does not exist twice', async () => {
    async function* entries() {
      yield file('a', piecesOf(bytesOf(1)));
      yield file('a', piecesOf(bytesOf(2)));
    }
    expect((await rejection(write(entries()), 'ERR_FILE')).message).toContain(
      'something else has that name',
    );
  });

  it('is closed if its content fails, and the error is that of the content', async () => {
    const broken = new Error('no more');
    async function* content() {
      for (let i = 0; i < 4; i++) yield new Uint8Array(MIB);
      throw broken;
    }
    async function* entries() {
      yield file('long', content());
    }
    expect(await failureOf(write(entries()))).toBe(broken);
  });

  it('is flushed before its folder, and each folder once', async () => {
    const flushed: string[] = [];
    const before = (name: string, [path]: unknown[]) => {
      if (name === 'fdatasync') flushed.push('file');
      if (name === 'open' && path !== undefined && String(path).startsWith(here())) {
        const rest = String(path).slice(here().length);
        if (!/\d$/.test(rest)) flushed.push(rest);
      }
      return undefined;
    };
    async function* entries() {
      for (const path of ['a/1', 'a/b/2', 'a/b/3', '4']) yield file(path, piecesOf(bytesOf(5)));
    }
    await onFileSystem({ before }, () => write(entries()));
    expect(flushed.slice(0, 4)).toEqual(['file', 'file', 'file', 'file']);
    expect(flushed.slice(4).sort()).toEqual(['', '/a', '/a/b']);
  });
});
