// Archives into folders: the content, and what unzipFile refuses.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encryptBundle, openBundle } from '../../../src/index.ts';
import { unzipFile, zipDirectory } from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { buildModule, onFileSystem, temporaries } from '../../support/files.ts';
import { type Files, filesIn, writeFiles } from '../../support/folder-files.ts';
import { quarter } from '../../support/scope.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';
import { storedWithDescriptor, streamOf, utf8 } from '../../support/zip.ts';

const { here, at } = useFolder();

const put = (name: string, files: Files) => writeFiles(at(name), files);
function expectSame(actual: Files, expected: Files): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [path, bytes] of Object.entries(expected)) {
    expect(Buffer.compare(actual[path] as Uint8Array, bytes), path).toBe(0);
  }
}

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

describe('unzipFile', () => {
  const sources: [string, (zip: string) => string | ReadableStream<Uint8Array>][] = [
    ['a file', (zip) => zip],
    ['a stream', (zip) => streamOf(readFileSync(zip))],
  ];

  describe.each(sources)('of %s', (_, source) => {
    it('restores the zipped folder', async () => {
      put('site', SITE);
      const { entries } = await zipDirectory(at('site'), at('out.zip'));
      const size = Object.values(SITE).reduce((sum, { length }) => sum + length, 0);
      expect(await unzipFile(source(at('out.zip')), at('new'))).toEqual({ entries, size });
      expectSame(filesIn(at('new')), SITE);
      mkdirSync(at('empty'));
      await unzipFile(source(at('out.zip')), `${at('empty')}/`);
      expectSame(filesIn(at('empty')), SITE);
      await unzipFile(source(at('out.zip')), relative(process.cwd(), at('here')));
      expectSame(filesIn(at('here')), SITE);
      expect(readdirSync(here()).sort()).toEqual(['empty', 'here', 'new', 'out.zip', 'site']);
    });

    it('puts an empty folder back that it removed, if the new one cannot take its place', async () => {
      writeFileSync(at('out.zip'), await zipBundle({ a: bytesOf(10) }));
      mkdirSync(at('app'));
      chmodSync(at('app'), 0o750);
      // As on Windows, where a rename cannot replace an empty folder.
      const codes = ['EPERM', 'EIO'];
      const before = (name: string, args: unknown[]) => {
        if (name !== 'rename' || !String(args[1]).endsWith('/app')) return undefined;
        const code = codes.shift() ?? 'EIO';
        return Object.assign(new Error(code), { code });
      };
      const work = () => unzipFile(source(at('out.zip')), at('app'));
      await rejection(onFileSystem({ before }, work), 'ERR_FILE');
      expect(codes).toEqual([]);
      expect(readdirSync(at('app'))).toEqual([]);
      expect(statSync(at('app')).mode & 0o777).toBe(0o750);
    });

    it('replaces a folder only with overwrite', async () => {
      const old = { 'old.txt': utf8('old'), 'deep/old': utf8('old') };
      put('app', old);
      put('outside', old);
      symlinkSync('../outside', at('app/link'));
      symlinkSync('../outside', at('app/index.html'));
      writeFileSync(at('out.zip'), await zipBundle(SITE));
      const error = await rejection(unzipFile(source(at('out.zip')), at('app')), 'ERR_FILE');
      expect(error.path).toBe(at('app'));
      expect(error.message).toContain('overwrite');
      expectSame(filesIn(at('app')), old);
      await unzipFile(source(at('out.zip')), at('app'), { overwrite: true });
      expectSame(filesIn(at('app')), SITE);
      expect(lstatSync(at('app/index.html')).isFile()).toBe(true);
      expectSame(filesIn(at('outside')), old);
      // Also where there is nothing yet.
      await unzipFile(source(at('out.zip')), at('new'), { overwrite: true });
      expect(readdirSync(here()).sort()).toEqual(['app', 'new', 'out.zip', 'outside']);
    });

    it('gives new files and folders the default modes, and keeps the mode of the folder', async () => {
      put('site', SITE);
      for (const path of Object.keys(SITE)) chmodSync(join(at('site'), path), 0o777);
      await zipDirectory(at('site'), at('out.zip'));
      await unzipFile(source(at('out.zip')), at('new'));
      put('plain', { 'in/file': utf8('') });
      const modeOf = (path: string) => statSync(at(path)).mode.toString(8);
      expect(modeOf('new')).toBe(modeOf('plain'));
      expect(modeOf('new/assets')).toBe(modeOf('plain/in'));
      expect(modeOf('new/assets/app.js')).toBe(modeOf('plain/in/file'));
      mkdirSync(at('private'));
      chmodSync(at('private'), 0o700);
      await unzipFile(source(at('out.zip')), at('private'));
      expect(modeOf('private')).toBe('40700');
      chmodSync(at('new'), 0o2750);
      await unzipFile(source(at('out.zip')), at('new'), { overwrite: true });
      expect(modeOf('new')).toBe('42750');
      // One that its owner may not write into could not be cleaned up either.
      chmodSync(at('new'), 0o550);
      const work = unzipFile(source(at('out.zip')), at('new'), { overwrite: true });
      if (process.getuid?.() === 0) await work;
      else await rejection(work, 'ERR_FILE');
      expect(modeOf('new')).toBe(process.getuid?.() === 0 ? '40750' : '40550');
      chmodSync(at('new'), 0o750);
    });

    it('is written beside its place, readable only by its owner', async () => {
      writeFileSync(at('out.zip'), await zipBundle(SITE));
      let seen = 0;
      const onProgress = () => {
        const [name, ...others] = temporaries(here());
        expect(others).toEqual([]);
        expect(name).toMatch(/^\.app\..+\.bundleseal-tmp$/);
        expect(statSync(at(name as string)).mode & 0o777).toBe(0o700);
        expect(existsSync(at('app'))).toBe(false);
        seen++;
      };
      await unzipFile(source(at('out.zip')), at('app'), { onProgress });
      expect(seen).toBeGreaterThan(3);
    });

    it('reaches the disk before it gets its name', async () => {
      writeFileSync(at('out.zip'), await zipBundle(SITE));
      const calls: string[] = [];
      const before = (name: string) => {
        calls.push(name);
        return undefined;
      };
      await onFileSystem({ before }, () => unzipFile(source(at('out.zip')), at('app')));
      const place = calls.indexOf('rename');
      expect(calls.filter((name) => name === 'rename')).toHaveLength(1);
      expect(calls.lastIndexOf('write')).toBeLessThan(place);
      const done = calls.slice(0, place);
      expect(done.filter((name) => name === 'fdatasync')).toHaveLength(Object.keys(SITE).length);
      // assets, .well-known, a-b, a and the seven in it, and the one that holds them all.
      expect(done.filter((name) => name === 'handle.sync')).toHaveLength(12);
    });

    it('refuses unsuitable places', async () => {
      writeFileSync(at('out.zip'), await zipBundle(SITE));
      put('app', { a: utf8('a') });
      mkdirSync(at('empty'));
      symlinkSync('empty', at('link'));
      symlinkSync('nothing', at('dangling'));
      symlinkSync('app/a', at('to a file'));
      const before = [filesIn(at('app')), readdirSync(here())];
      for (const place of [
        'app/a',
        'app/a/x',
        'nothing/x',
        'link',
        'link/',
        'dangling',
        'to a file',
      ]) {
        for (const overwrite of [false, true]) {
          const work = unzipFile(source(at('out.zip')), `${here()}/${place}`, { overwrite });
          expect((await rejection(work, 'ERR_FILE')).path).toBe(`${here()}/${place}`);
        }
      }
      expect([filesIn(at('app')), readdirSync(here())]).toEqual(before);
      expect(readdirSync(at('empty'))).toEqual([]);
      // Links above it are followed.
      await unzipFile(source(at('out.zip')), at('link/app'));
      expectSame(filesIn(at('empty/app')), SITE);
    });
  });

  it('makes very many files in many folders', async () => {
    const count = quarter(2000);
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i % 10}/${i % 100}/${i}.js`, bytesOf(i)]),
    );
    put('site', files);
    await zipDirectory(at('site'), at('out.zip'), { level: 1 });
    expect((await unzipFile(at('out.zip'), at('new'))).entries).toBe(count);
    expectSame(filesIn(at('new')), files);
  });

  it('does not replace the folder that the process works in, nor one above it', async () => {
    const module = await buildModule(here());
    put('app', { 'in/a.txt': utf8('a') });
    writeFileSync(at('out.zip'), await zipBundle(SITE));
    const script = `
      const { unzipFile } = await import(process.argv[1]);
      for (const place of process.argv.slice(3)) {
        const error = await unzipFile(process.argv[2], place, { overwrite: true }).catch((e) => e);
        console.log(error.code, error.message.includes('current folder'));
      }`;
    const places = ['.', '..', '../in', '../../app', at('app/in'), at('app/in/.'), at('app')];
    const args = ['--input-type=module', '-e', script, module, at('out.zip'), ...places];
    const answer = execFileSync(process.execPath, args, { cwd: at('app/in'), encoding: 'utf8' });
    expect(answer.trim().split('\n')).toEqual(places.map(() => 'ERR_FILE true'));
    expectSame(filesIn(at('app')), { 'in/a.txt': utf8('a') });
  });

  it('does not replace the folder that holds the archive', async () => {
    put('app', { 'deep/out.zip': await zipBundle(SITE) });
    const work = unzipFile(at('app/deep/out.zip'), at('app'), { overwrite: true });
    expect((await rejection(work, 'ERR_FILE')).message).toContain('the archive itself');
    expect(readdirSync(at('app'), { recursive: true })).toEqual(['deep', 'deep/out.zip']);
    await unzipFile(at('app/deep/out.zip'), at('app/new'));
    expectSame(filesIn(at('app/new')), SITE);
  });

  it('unpacks bytes, and a bundle that is read by ranges, stored files with a descriptor included', async () => {
    const zip = storedWithDescriptor('index.html', utf8('<p>'));
    expect(await unzipFile(zip, at('bytes'))).toEqual({ entries: 1, size: 3 });
    const { bytes } = await encryptBundle(zip, { privateKey: keyB.pkcs8 });
    const publicKey = keyB.spki;
    const reader = await openBundle(bytes, { publicKey });
    expect(await unzipFile(reader, at('sealed'))).toEqual({ entries: 1, size: 3 });
    expect(filesIn(at('sealed'))).toEqual(filesIn(at('bytes')));
    const altered = Uint8Array.from(bytes);
    altered[altered.length - 20] = (altered[altered.length - 20] as number) ^ 1;
    const other = await openBundle(altered, { publicKey });
    await rejection(unzipFile(other, at('altered')), 'ERR_CHUNK_INVALID');
    expect(readdirSync(here()).sort()).toEqual(['bytes', 'sealed']);
  });

  it('refuses files that are not archives, and wrong options', async () => {
    put('site', SITE);
    writeFileSync(at('out.zip'), await zipBundle(SITE));
    for (const [zip, code] of [
      ['nothing', 'ERR_FILE'],
      ['site', 'ERR_FILE'],
      ['site/index.html', 'ERR_ARCHIVE_INVALID'],
      ['site/assets/empty', 'ERR_ARCHIVE_INVALID'],
    ] as const) {
      await rejection(unzipFile(at(zip), at('new')), code);
    }
    await rejection(unzipFile(new Uint8Array(3), at('new')), 'ERR_ARCHIVE_INVALID');
    for (const zip of [undefined, null, 1, {}, '']) {
      await expect(unzipFile(zip as never, at('new'))).rejects.toThrow(TypeError);
    }
    for (const [option, type, message] of [
      [{ overwrite: 'yes' }, TypeError, 'options.overwrite expected a boolean, got a string'],
      [{ overwrites: true }, TypeError, 'unzipFile does not know the option "overwrites"'],
      [{ maxEntries: -1 }, RangeError, 'options.maxEntries'],
      [{ maxRatio: '1' }, TypeError, 'options.maxRatio'],
      [{ signal: {} }, TypeError, 'options.signal expected an AbortSignal, got an object'],
    ] as const) {
      const work = unzipFile(at('out.zip'), at('new'), option as object);
      await expect(work).rejects.toThrow(type);
      await expect(work).rejects.toThrow(message);
    }
    await expect(unzipFile(at('out.zip'), '')).rejects.toThrow(TypeError);
    const locked = streamOf(readFileSync(at('out.zip')));
    locked.getReader();
    await expect(unzipFile(locked, at('new'))).rejects.toThrow(TypeError);
    expect(readdirSync(here()).sort()).toEqual(['out.zip', 'site']);
  });

  it('by several calls at once ends with one complete folder', async () => {
    const ways = [1, 2, 3].map((i) => ({ a: utf8(`a${i}`), b: utf8(`b${i}`), [`${i}`]: utf8('') }));
    for (const [i, files] of ways.entries()) writeFileSync(at(`${i}.zip`), await zipBundle(files));
    for (let round = 0; round < 4; round++) {
      const work = ways.map((_, i) => unzipFile(at(`${i}.zip`), at('app'), { overwrite: true }));
      await Promise.all(work);
      const found = filesIn(at('app'));
      expect(ways).toContainEqual(found);
      // Without leave, all but the first are refused.
      rmSync(at('app'), { recursive: true });
      const first = await Promise.allSettled(
        ways.map((_, j) => unzipFile(at(`${j}.zip`), at('app'))),
      );
      expect(first.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(ways).toContainEqual(filesIn(at('app')));
    }
  });
});
