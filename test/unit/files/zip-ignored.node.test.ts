// The files of a folder that zipDirectory leaves out or refuses: ignored ones, links and other kinds.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Ignore, zipDirectory } from '../../../src/node.ts';
import { unzipBundle } from '../../../src/zip.ts';
import { rejection } from '../../support/errors.ts';
import { expectSame, type Files, writeFiles } from '../../support/folder-files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { utf8 } from '../../support/zip.ts';

const { here, at } = useFolder();

const put = (name: string, files: Files) => writeFiles(at(name), files);
const names = async (zip: string) => [...(await unzipBundle(readFileSync(zip))).keys()];

describe('zipDirectory', () => {
  describe('with ignore', () => {
    const PATHS = [
      '.env',
      'a.txt',
      'build/a.js',
      'build/deep/a.js',
      'build/deep/b.ts',
      'drafts',
      'src/build/c.js',
      'src/drafts/d.js',
      'src/é.js',
      'x/🙂.js',
    ];
    it.each<[Ignore, string[]]>([
      [[], []],
      [['*.js'], PATHS.filter((path) => path.endsWith('.js'))],
      [
        ['?.js'],
        [
          'build/a.js',
          'build/deep/a.js',
          'src/build/c.js',
          'src/drafts/d.js',
          'src/é.js',
          'x/🙂.js',
        ],
      ],
      [['build'], ['build/a.js', 'build/deep/a.js', 'build/deep/b.ts', 'src/build/c.js']],
      [['/build'], ['build/a.js', 'build/deep/a.js', 'build/deep/b.ts']],
      [['build/*'], ['build/a.js', 'build/deep/a.js', 'build/deep/b.ts']],
      [['build/*.js'], ['build/a.js']],
      [['build/**'], ['build/a.js', 'build/deep/a.js', 'build/deep/b.ts']],
      [['build/**/*.js'], ['build/a.js', 'build/deep/a.js']],
      [['**/build/*.js'], ['build/a.js', 'src/build/c.js']],
      [['**/deep/**'], ['build/deep/a.js', 'build/deep/b.ts']],
      [
        ['src/**/d.js', 'a.*'],
        ['a.txt', 'build/a.js', 'build/deep/a.js', 'src/drafts/d.js'],
      ],
      [['drafts'], ['drafts', 'src/drafts/d.js']],
      [['drafts/'], ['src/drafts/d.js']],
      [['/drafts/'], []],
      [['.*'], ['.env']],
      [['*'], PATHS],
      [['**'], PATHS],
      [['*/'], PATHS.filter((path) => path.includes('/'))],
      [['A.TXT', 'uild', 'build/a', 'a', '/d.js', 'deep/a.js'], []],
      [['e\u0301.js'], ['src/é.js']],
      [['*a*a*', '**/**/b.ts'], ['build/deep/b.ts']],
      [
        (path) => path === 'src/' || path === 'drafts',
        ['drafts', 'src/build/c.js', 'src/drafts/d.js', 'src/é.js'],
      ],
    ])('%j leaves out %j', async (ignore, out) => {
      put('site', Object.fromEntries(PATHS.map((path) => [path, utf8(path)])));
      const { entries } = await zipDirectory(at('site'), at('out.zip'), { ignore });
      const left = PATHS.filter((path) => !out.includes(path));
      expect((await names(at('out.zip'))).sort()).toEqual(left.sort());
      expect(entries).toBe(left.length);
    });

    it('calls the function once for each path, in the same order, and not for paths in ignored folders', async () => {
      put('site', Object.fromEntries(PATHS.map((path) => [path, utf8(path)])));
      const asked: string[] = [];
      const ignore = (path: string) => {
        asked.push(path);
        return path === 'src/' || path === 'build/deep/';
      };
      await zipDirectory(at('site'), at('out.zip'), { ignore });
      const top = ['.env', 'a.txt', 'build/', 'drafts', 'src/', 'x/'];
      expect(asked).toEqual([...top, 'build/a.js', 'build/deep/', 'x/🙂.js']);
    });

    it('refuses patterns without a meaning, and results that are not booleans', async () => {
      put('site', { a: utf8('a') });
      const noMeaning =
        /^options\.ignore: ".*" has one of \[ \] { } \\ or begins with "!", which mean nothing here: use \*, \*\* and \?, or pass a function$/;
      const noFile =
        /^options\.ignore: ".*" names no file: write it as seen from the folder, as in "assets\/\*\.txt", or pass a function$/;
      const wrong: [unknown, RegExp][] = [
        ['*.js', /^options\.ignore expected an array of patterns or a function, got a string$/],
        [1, /^options\.ignore expected .*, got a number$/],
        [null, /^options\.ignore expected .*, got null$/],
        [[1], /^options\.ignore expected patterns as strings, got a number$/],
        [['[ab]'], noMeaning],
        [['a]'], noMeaning],
        [['{a,b}'], noMeaning],
        [['!a'], noMeaning],
        [['a\\b'], noMeaning],
        [[''], noFile],
        [['/'], noFile],
        [['a//b'], noFile],
        [['../a'], noFile],
        [['a/..'], noFile],
        [['./a'], noFile],
        [['//'], noFile],
        [() => undefined, /^options\.ignore expected to give a boolean, got nothing$/],
        [async () => true, /options\.ignore.*a Promise$/],
      ];
      for (const [ignore, message] of wrong) {
        const work = zipDirectory(at('site'), at('out.zip'), { ignore: ignore as Ignore });
        await expect(work, String(ignore)).rejects.toThrow(TypeError);
        await expect(work, String(ignore)).rejects.toThrow(message);
      }
      const mine = new Error('mine');
      const ignore = () => {
        throw mine;
      };
      await expect(zipDirectory(at('site'), at('out.zip'), { ignore })).rejects.toBe(mine);
      expect(readdirSync(here())).toEqual(['site']);
    });

    it('comes to an end with patterns that are made to take for ever', async () => {
      put('site', { [`${'a'.repeat(200)}b`]: utf8('') });
      const ignore = [`${'*a'.repeat(60)}c`, `${'**/a/'.repeat(60)}c`];
      // By backtracking they take longer than the universe is old.
      expect((await zipDirectory(at('site'), at('out.zip'), { ignore })).entries).toBe(1);
    });
  });

  it('never follows a link: refuses it by its path, or leaves it out when told', async () => {
    put('outside', { secret: utf8('secret') });
    const links = {
      'to a file': 'a.txt',
      'to a folder': 'deep',
      'to nothing': 'nothing',
      'to outside': '../outside',
      'to a file outside': join(at('outside'), 'secret'),
      'to itself': 'to itself',
    };
    const files = { 'a.txt': utf8('a'), 'deep/b.txt': utf8('b') };
    put('site', files);
    for (const [name, target] of Object.entries(links)) {
      for (const path of [name, `deep/${name}`]) {
        symlinkSync(target, at(`site/${path}`));
        const error = await rejection(
          zipDirectory(at('site'), at('out.zip')),
          'ERR_ARCHIVE_INVALID',
        );
        expect(error.path).toBe(path);
        expect(error.message).toContain(
          'is a link, which is never followed: put its target in its place, or ',
        );
        expect(error.message).toContain(
          'leave it out by "ignore", or all links by links: \'skip\'',
        );
        expect(existsSync(at('out.zip'))).toBe(false);
        await zipDirectory(at('site'), at('out.zip'), { ignore: [name] });
        expectSame(Object.fromEntries(await unzipBundle(readFileSync(at('out.zip')))), files);
        await zipDirectory(at('site'), at('out.zip'), { links: 'skip' });
        expectSame(Object.fromEntries(await unzipBundle(readFileSync(at('out.zip')))), files);
        rmSync(at('out.zip'));
        rmSync(at(`site/${path}`));
      }
    }
    // The folder itself may be given by one.
    symlinkSync('site', at('link'));
    expect((await zipDirectory(at('link'), at('out.zip'))).entries).toBe(2);
  });

  it('refuses other kinds of files, and names that readers refuse', async () => {
    put('site', { 'a.txt': utf8('a') });
    const refused = async (path: string, message: RegExp) => {
      const error = await rejection(zipDirectory(at('site'), at('out.zip')), 'ERR_ARCHIVE_INVALID');
      expect(error.path).toBe(path);
      expect(error.message).toMatch(message);
    };
    execFileSync('mkfifo', [at('site/pipe')]);
    await refused('pipe', /pipe/);
    rmSync(at('site/pipe'));
    const server = createServer().listen(at('site/socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    await refused('socket', /socket/);
    await new Promise((resolve) => server.close(resolve));
    for (const [name, message] of [
      ['con.txt', /device/],
      ['ab:c', /Windows/],
      ['a\\b', /backslash/],
      ['end.', /dot/],
      ['c:evil', /drive/],
      ['x\u0007', /control/],
    ] as const) {
      put('site', { [name]: utf8('') });
      await refused(name.replace('\u0007', '\\u{7}'), message);
      rmSync(at(`site/${name}`));
    }
    put('site', { 'A.txt': utf8('') });
    await refused('a.txt', /case/);
    rmSync(at('site/A.txt'));
    if (process.platform === 'linux') {
      const name = Buffer.concat([Buffer.from(`${at('site')}/`), Buffer.from([0x61, 0xff])]);
      writeFileSync(name, '');
      await refused('a\uFFFD', /^"a\uFFFD" has a name that is not UTF-8: rename it$/);
      rmSync(name);
    }
    put('site', { [`${'d/'.repeat(65)}x`]: utf8('') });
    await refused(`${'d/'.repeat(65)}x`, /64 folders/);
    expect(readdirSync(here())).toEqual(['site']);
  });
});
