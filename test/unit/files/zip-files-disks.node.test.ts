// Archives and folders on a disk that is full, that is mounted in two places, or that has much content.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { openToDirectory, sealDirectory, unzipFile, zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { buildModule, type ChildJob, makeFolder, openIn, startChild } from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';
import { streamOf } from '../../support/zip.ts';
import { treeOf, useZipFolder } from '../../support/zip-folder.ts';

const { at, zip } = useZipFolder();
const outside = makeFolder();
let module: string;

beforeAll(async () => {
  module = await buildModule(outside);
});

afterAll(() => rmSync(outside, { recursive: true, force: true }));

describe('a full disk', () => {
  it('keeps the old folder and the old file, and works again with free space', async ({ skip }) => {
    const disk = at('disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      console.warn('A full disk: skipped, as this user may not mount one. Run as root for it.');
      return skip();
    }
    try {
      mkdirSync(join(disk, 'app'));
      writeFileSync(join(disk, 'app/old'), 'old');
      writeFileSync(join(disk, 'out.zip'), 'old');
      const { pkcs8: privateKey, spki: publicKey } = keyB;
      const sealed = (await encryptBundle(zip(), { privateKey })).bytes;
      writeFileSync(at('new.sealed'), sealed);
      const before = treeOf(disk);
      for (const work of [
        () => unzipFile(at('new.zip'), join(disk, 'app'), { overwrite: true }),
        () => unzipFile(streamOf(zip()), join(disk, 'new')),
        () => zipDirectory(at('site'), join(disk, 'out.zip')),
        () => sealDirectory(at('site'), join(disk, 'out.zip'), { privateKey }),
        () => openToDirectory(at('new.sealed'), join(disk, 'app'), { publicKey, overwrite: true }),
        () => openToDirectory(sealed, join(disk, 'new'), { publicKey }),
      ]) {
        const error = await rejection(work(), 'ERR_FILE');
        expect((error.cause as NodeJS.ErrnoException).code).toBe('ENOSPC');
        expect(error.message).toContain('make room');
        expect(openIn(disk)).toEqual([]);
        expect(treeOf(disk)).toEqual(before);
      }
      execFileSync('mount', ['-o', 'remount,size=4m', disk]);
      await unzipFile(at('new.zip'), join(disk, 'app'), { overwrite: true });
      await zipDirectory(at('site'), join(disk, 'out.zip'));
      await sealDirectory(at('site'), join(disk, 'out.zip'), { privateKey });
      await openToDirectory(at('new.sealed'), join(disk, 'app'), { publicKey, overwrite: true });
      expect(readFileSync(join(disk, 'app/index.html'), 'utf8')).toBe('<h1>new</h1>');
      expect(readdirSync(disk).sort()).toEqual(['app', 'out.zip']);
      // The disk itself is no place.
      const error = await rejection(
        unzipFile(at('new.zip'), disk, { overwrite: true }),
        'ERR_FILE',
      );
      expect(error.message).toContain('mounted');
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

describe('folders of any size', () => {
  it('take the same memory', async () => {
    const memoryFor = async (size: number) => {
      mkdirSync(at('large'));
      writeFileSync(at('large/file'), '');
      truncateSync(at('large/file'), size);
      const jobs = [
        { call: 'zipDirectory', input: at('large'), output: at('out.zip'), options: { level: 0 } },
        { call: 'unzipFile', input: at('out.zip'), output: at('new'), options: {} },
      ] as readonly object[] as readonly ChildJob[];
      const answer = await startChild(module, { jobs }).ended;
      expect(answer?.errors).toEqual([null, null]);
      for (const name of ['large', 'new', 'out.zip']) rmSync(at(name), { recursive: true });
      return (answer?.maxMemory ?? Number.NaN) / 1024;
    };
    const [small, large] = [await memoryFor(10 * 2 ** 20), await memoryFor(150 * 2 ** 20)];
    // In MiB. The collector of garbage takes its time if the machine is busy.
    expect(large - small).toBeLessThan(110);
  });
});

describe('a folder that is mounted in two places', () => {
  it('is recognised in both: no archive is zipped into itself or replaced by its content', async ({
    skip,
  }) => {
    mkdirSync(at('twice'));
    writeFileSync(at('twice/index.html'), 'page');
    writeFileSync(at('twice/app.zip'), zip());
    mkdirSync(at('again'));
    try {
      execFileSync('mount', ['--bind', at('twice'), at('again')], { stdio: 'ignore' });
    } catch {
      // In CI, where the suite runs as root, nothing is left out without a word.
      if (process.env['CI'] !== undefined) throw new Error('this user may not mount a folder');
      console.warn('Bind mounts: skipped, as this user may not mount. Run as root for it.');
      return skip();
    }
    try {
      const into = zipDirectory(at('twice'), join(at('again'), 'app.zip'));
      expect((await rejection(into, 'ERR_FILE')).message).toContain('lies in the folder');
      const over = unzipFile(join(at('again'), 'app.zip'), at('twice'), { overwrite: true });
      await rejection(over, 'ERR_FILE');
      expect(readdirSync(at('twice')).sort()).toEqual(['app.zip', 'index.html']);
      const mounted = unzipFile(at('new.zip'), at('again'), { overwrite: true });
      expect((await rejection(mounted, 'ERR_FILE')).message).toContain('mounted');
    } finally {
      execFileSync('umount', [at('again')]);
    }
  });
});
