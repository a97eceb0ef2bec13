// Folders into archives: the content, and that the bytes are always the same.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FolderWatch, zipFolder } from '../../../src/files/zip-directory.ts';
import type { Progress } from '../../../src/index.ts';
import { checksumFile, unzipFile, zipDirectory } from '../../../src/node.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { buildModule } from '../../support/files.ts';
import { expectSame, type Files, filesIn, writeFiles } from '../../support/folder-files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { streamOf, utf8 } from '../../support/zip.ts';

const { here, at } = useFolder();

const put = (name: string, files: Files) => writeFiles(at(name), files);
const names = async (zip: string) => [...(await unzipBundle(readFileSync(zip))).keys()];

const SITE: Files = {
  'index.html': utf8('<script src="assets/app.js"></script>'),
  'assets/app.js': utf8('console.log("Hi");\n'.repeat(500)),
  'assets/app.js.map': utf8('{}'),
  'assets/bild ü 日本語 🙂.bin': bytesOf(100_000),
  'assets/empty': new Uint8Array(0),
  '.well-known/apple-app-site-association': utf8('{}'),
  '.hidden': utf8('dot'),
  'a/b/c/d/e/f/g/h/deep.txt': utf8('deep'),
  'a-b/x': utf8('x'),
  'a.b': utf8('y'),
};

describe('zipDirectory', () => {
  it('writes the same bytes as zipBundle for the same files, and reports the result', async () => {
    put('site', SITE);
    const made = await zipDirectory(at('site'), at('out.zip'));
    const zip = readFileSync(at('out.zip'));
    expect(Buffer.compare(zip, await zipBundle(SITE))).toBe(0);
    expect(made).toEqual({
      size: zip.length,
      checksum: createHash('sha256').update(zip).digest('hex'),
      entries: Object.keys(SITE).length,
    });
    expect(await checksumFile(at('out.zip'))).toBe(made.checksum);
    for (const level of [0, 1] as const) {
      await zipDirectory(at('site'), at('out.zip'), { level });
      expect(Buffer.compare(readFileSync(at('out.zip')), await zipBundle(SITE, { level }))).toBe(0);
    }
    expect(readdirSync(here()).sort()).toEqual(['out.zip', 'site']);
  });

  it('writes the same bytes for any order, dates, modes and time zone', async () => {
    put('one', SITE);
    put('two', Object.fromEntries(Object.entries(SITE).reverse()));
    mkdirSync(at('two/nothing/in it'), { recursive: true });
    for (const [i, path] of Object.keys(SITE).entries()) {
      utimesSync(join(at('two'), path), 1e9 + 1e6 * i, 1e9 + 1e7 * i);
      chmodSync(join(at('two'), path), i % 2 === 0 ? 0o755 : 0o600);
    }
    const { checksum } = await zipDirectory(at('one'), at('one.zip'));
    expect((await zipDirectory(at('two'), at('two.zip'))).checksum).toBe(checksum);
    const module = await buildModule(here());
    const script = `import { zipDirectory } from ${JSON.stringify(module)};
      console.log((await zipDirectory('two', 'three.zip')).checksum);`;
    for (const zone of ['Pacific/Kiritimati', 'America/St_Johns']) {
      const answer = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: here(),
        env: { ...process.env, TZ: zone, LC_ALL: 'C' },
        encoding: 'utf8',
      });
      expect(answer.trim()).toBe(checksum);
    }
  });

  it('makes an empty zip of an empty folder, which makes an empty folder', async () => {
    mkdirSync(at('empty/in/in'), { recursive: true });
    const made = await zipDirectory(at('empty'), at('out.zip'));
    expect(made).toMatchObject({ size: 22, entries: 0 });
    expect(await unzipFile(at('out.zip'), at('new'))).toEqual({ entries: 0, size: 0 });
    expect(readdirSync(at('new'))).toEqual([]);
  });

  it('reports its progress upwards and to the end, and releases the signal', async () => {
    put('site', { ...SITE, large: bytesOf(1_000_000) });
    const total = Object.values(filesIn(at('site'))).reduce((sum, { length }) => sum + length, 0);
    const { signal } = new AbortController();
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    await zipDirectory(at('site'), at('out.zip'), { signal, onProgress });
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.at(-1)).toEqual({ done: total, total });
    expect(seen.every(({ done }, i) => done > (seen[i - 1]?.done ?? 0))).toBe(true);
    expect(seen.every((now) => now.total === total)).toBe(true);
    expect(seen.filter(({ done }) => done === total)).toHaveLength(1);
    seen.length = 0;
    await unzipFile(at('out.zip'), at('new'), { signal, onProgress });
    expect(seen.at(-1)).toEqual({ done: total, total });
    expect(seen.filter(({ done }) => done === total)).toHaveLength(1);
    expect(seen.every(({ done }, i) => done > (seen[i - 1]?.done ?? 0))).toBe(true);
    seen.length = 0;
    await unzipFile(streamOf(readFileSync(at('out.zip'))), at('new 2'), { signal, onProgress });
    expect(seen.at(-1)).toEqual({ done: total, total });
    expect(seen[0]?.total).toBe(Number.POSITIVE_INFINITY);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('leaves out files of file managers and temporary files of this library', async () => {
    put('site', {
      'a.txt': utf8('a'),
      '.DS_Store': utf8('x'),
      'deep/.DS_Store': utf8('x'),
      'deep/Thumbs.db': utf8('x'),
      'deep/a.txt': utf8('a'),
      '__MACOSX/._a.txt': utf8('x'),
      '.out.zip.host_1-2-0-abc.bundleseal-tmp': utf8('x'),
      'deep/.app.host_1-2-0-abc.bundleseal-tmp/new/a.txt': utf8('x'),
    });
    writeFileSync(at('site/my.DS_Store'), 'mine');
    await zipDirectory(at('site'), at('out.zip'));
    expect(await names(at('out.zip'))).toEqual(['a.txt', 'deep/a.txt', 'my.DS_Store']);
    rmSync(at('site/.out.zip.host_1-2-0-abc.bundleseal-tmp'));
  });

  it('leaves out source maps when told', async () => {
    put('site', {
      'a.js': utf8('a'),
      'a.js.map': utf8('{}'),
      'b/c.css.map': utf8('{}'),
      map: utf8(''),
    });
    await zipDirectory(at('site'), at('out.zip'), { sourceMaps: false });
    expect(await names(at('out.zip'))).toEqual(['a.js', 'map']);
    await zipDirectory(at('site'), at('out.zip'), { sourceMaps: true });
    expect(await names(at('out.zip'))).toHaveLength(4);
  });

  it('refuses an output in the folder without changing it', async () => {
    put('site', { 'a.txt': utf8('a'), 'old.zip': utf8('old'), 'deep/b': utf8('b') });
    symlinkSync('site', at('link'));
    symlinkSync('site/old.zip', at('link.zip'));
    const before = filesIn(at('site'));
    for (const output of [
      'site/new.zip',
      'site/old.zip',
      'site/deep/x.zip',
      'link/x.zip',
      'link.zip',
      'site/..x',
    ]) {
      for (const dir of ['site', 'link']) {
        const error = await rejection(zipDirectory(at(dir), at(output)), 'ERR_FILE');
        expect(error.path).toBe(at(output));
        expect(error.message).toContain('outside');
      }
    }
    expectSame(filesIn(at('site')), before);
    for (const output of ['site', '.', 'deep/x.zip']) {
      await rejection(zipDirectory(at('site'), at(output)), 'ERR_FILE');
    }
    // A name that begins as the folder's does is beside it.
    await zipDirectory(at('site'), at('site.zip'));
    await zipDirectory(relative(process.cwd(), at('site')), relative(process.cwd(), at('site2')));
    expect(readFileSync(at('site2')).equals(readFileSync(at('site.zip')))).toBe(true);
  });

  it('replaces a file and keeps its mode; a new file gets the default mode', async () => {
    put('site', SITE);
    writeFileSync(at('plain'), '');
    await zipDirectory(at('site'), at('new.zip'));
    expect(statSync(at('new.zip')).mode).toBe(statSync(at('plain')).mode);
    for (const mode of [0o600, 0o640, 0o666]) {
      writeFileSync(at('old.zip'), 'old');
      chmodSync(at('old.zip'), mode);
      await zipDirectory(at('site'), at('old.zip'));
      expect(statSync(at('old.zip')).mode & 0o777).toBe(mode);
    }
    expect(readFileSync(at('old.zip')).equals(readFileSync(at('new.zip')))).toBe(true);
  });

  it('refuses a file that was exchanged for another one of the same time', async () => {
    const exchange = (bytes: Uint8Array, isNew: boolean) => {
      if (isNew) renameSync(at('site/b'), at('moved'));
      writeFileSync(at('site/b'), bytes);
      utimesSync(at('site/b'), 1e9, 1e9);
    };
    const size = 2 ** 20;
    for (const change of [
      () => exchange(bytesOf(size + 1), false),
      () => exchange(bytesOf(size), true),
    ]) {
      put('site', { a: bytesOf(size), b: bytesOf(size) });
      utimesSync(at('site/b'), 1e9, 1e9);
      let isDone = false;
      const onProgress = () => {
        if (!isDone) change();
        isDone = true;
      };
      const work = zipDirectory(at('site'), at('out.zip'), { onProgress, level: 0 });
      const error = await rejection(work, 'ERR_FILE');
      expect(error.path).toBe(at('site/b'));
      expect(error.message).toContain('was changed while its folder was read');
      rmSync(at('site'), { recursive: true });
    }
  });

  it('lets the command line see every file and leave some out', async () => {
    const files = { a: bytesOf(70_000), b: bytesOf(10), empty: new Uint8Array(0) };
    put('site', files);
    const seen: Record<string, number> = {};
    const watch: FolderWatch = {
      isOutput: () => false,
      async *select(listed, start) {
        for await (const file of listed) {
          expect(await start(file, 5)).toEqual(files[file.path as 'a'].slice(0, 5));
          if (file.path !== 'empty') yield file;
        }
      },
      read(file, piece, offset) {
        expect(offset).toBe(seen[file.path] ?? 0);
        seen[file.path] = offset + piece.length;
        return file.path !== 'b';
      },
    };
    const { entries } = await zipFolder(at('site'), at('out.zip'), {}, watch);
    expect(seen).toEqual({ a: 70_000, b: 10 });
    expect(await names(at('out.zip'))).toEqual(['a']);
    expect(entries).toBe(1);
  });

  it('refuses files that change or disappear while the folder is read', async () => {
    const changes: (() => void)[] = [
      () => appendFileSync(at('site/b'), 'x'),
      () => truncateSync(at('site/b'), 10),
      () => writeFileSync(at('site/b'), bytesOf(2 ** 20)),
      () => rmSync(at('site/b')),
      () => {
        rmSync(at('site/b'));
        symlinkSync('a', at('site/b'));
      },
      () => {
        rmSync(at('site/b'));
        execFileSync('mkfifo', [at('site/b')]);
      },
    ];
    for (const change of changes) {
      for (const when of [0, 1]) {
        rmSync(at('site'), { recursive: true, force: true });
        put('site', { a: bytesOf(2 ** 20), b: bytesOf(2 ** 20) });
        utimesSync(at('site/b'), 1e9, 1e9);
        // While the file before it is read, and while it is being read itself.
        let isDone = false;
        const onProgress = ({ done }: Progress) => {
          if (!isDone && done > when * (2 ** 20 + 10)) {
            isDone = true;
            change();
          }
        };
        const work = zipDirectory(at('site'), at('out.zip'), { onProgress, level: 0 });
        if (when === 1 && changes.indexOf(change) > 2) {
          // An open file keeps its old content.
          await work;
          rmSync(at('out.zip'));
          continue;
        }
        expect((await rejection(work, 'ERR_FILE')).path).toBe(at('site/b'));
        expect(isDone).toBe(true);
        expect(readdirSync(here())).toEqual(['site']);
      }
    }
  });

  it('refuses paths that are not folders, and wrong options', async () => {
    put('site', SITE);
    for (const dir of ['nothing', 'site/index.html', 'site/index.html/x']) {
      const error = await rejection(zipDirectory(at(dir), at('out.zip')), 'ERR_FILE');
      expect(error.path).toBe(at(dir));
    }
    for (const [option, type, message] of [
      [{ level: 10 }, RangeError, 'options.level expected'],
      [{ level: '9' }, RangeError, 'options.level expected'],
      [{ links: 'follow' }, TypeError, "options.links expected 'refuse' or 'skip'"],
      [{ sourceMaps: 'no' }, TypeError, 'options.sourceMaps expected a boolean, got a string'],
      [{ privateKeys: true }, TypeError, "options.privateKeys expected 'refuse' or 'allow'"],
      [{ signal: 1 }, TypeError, 'options.signal expected an AbortSignal, got a number'],
      [{ onProgress: 1 }, TypeError, 'options.onProgress expected a function, got a number'],
      [{ ignored: [] }, TypeError, 'zipDirectory does not know the option "ignored"'],
    ] as const) {
      const work = zipDirectory(at('site'), at('out.zip'), option as object);
      await expect(work).rejects.toThrow(type);
      await expect(work).rejects.toThrow(message);
    }
    for (const [dir, output, message] of [
      ['', at('out.zip'), 'dir expected a path, got an empty string'],
      ['a\0b', at('out.zip'), 'dir expected a path, got one with a NUL in it'],
      [at('site'), 1, 'output expected a path as a string, got a number'],
      [at('site'), '', 'output expected a path, got an empty string'],
    ]) {
      const work = zipDirectory(dir as string, output as string);
      await expect(work).rejects.toThrow(new TypeError(message as string));
    }
    expect(readdirSync(here())).toEqual(['site']);
  });
});
