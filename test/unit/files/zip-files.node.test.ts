// Folders into archives and back: the content, and that the bytes are always the same.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { getEventListeners } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptBundle, openBundle, type Progress } from '../../../src/index.ts';
import { checksumFile, type Ignore, unzipFile, zipDirectory } from '../../../src/node.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { buildModule, makeFolder, onFileSystem, openIn, temporaries } from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';
import { storedWithDescriptor, streamOf, utf8 } from '../../support/zip.ts';

type Files = Record<string, Uint8Array>;

const root = makeFolder();
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);

function put(name: string, files: Files): string {
  mkdirSync(at(name), { recursive: true });
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(at(name), path)), { recursive: true });
    writeFileSync(join(at(name), path), bytes);
  }
  return at(name);
}

/** Every file in a folder, by its path. Links are not followed. */
function filesIn(place: string, above = ''): Files {
  const found = readdirSync(join(place, above), { withFileTypes: true }).map((entry): Files => {
    const path = above + entry.name;
    if (entry.isDirectory()) return filesIn(place, `${path}/`);
    return entry.isFile() ? { [path]: Uint8Array.from(readFileSync(join(place, path))) } : {};
  });
  return Object.assign({}, ...found);
}

const names = async (zip: string) => [...(await unzipBundle(readFileSync(zip))).keys()];

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

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

afterEach(() => {
  // Whatever a test did: no handle is left, and nothing temporary.
  expect(openIn(folder)).toEqual([]);
  expect(temporaries(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

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
    expect(readdirSync(folder).sort()).toEqual(['out.zip', 'site']);
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
    const module = await buildModule(folder);
    const script = `import { zipDirectory } from ${JSON.stringify(module)};
      console.log((await zipDirectory('two', 'three.zip')).checksum);`;
    for (const zone of ['Pacific/Kiritimati', 'America/St_Johns']) {
      const answer = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: folder,
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
    expect(seen.every((now, i) => now.total === total && now.done > (seen[i - 1]?.done ?? 0)));
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
        ['*.js', /^options\.ignore expected .*, got a string$/],
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
        [() => undefined, /options\.ignore.*nothing$/],
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
      expect(readdirSync(folder)).toEqual(['site']);
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
        expect(error.message).toContain("or all links by links: 'skip'");
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
      await refused('a\uFFFD', /UTF-8/);
      rmSync(name);
    }
    put('site', { [`${'d/'.repeat(65)}x`]: utf8('') });
    await refused(`${'d/'.repeat(65)}x`, /64 folders/);
    expect(readdirSync(folder)).toEqual(['site']);
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
        expect(readdirSync(folder)).toEqual(['site']);
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
    expect(readdirSync(folder)).toEqual(['site']);
  });
});

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
      expect(readdirSync(folder).sort()).toEqual(['empty', 'here', 'new', 'out.zip', 'site']);
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
      expect(readdirSync(folder).sort()).toEqual(['app', 'new', 'out.zip', 'outside']);
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
        const [name, ...others] = temporaries(folder);
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
      const before = [filesIn(at('app')), readdirSync(folder)];
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
          const work = unzipFile(source(at('out.zip')), `${folder}/${place}`, { overwrite });
          expect((await rejection(work, 'ERR_FILE')).path).toBe(`${folder}/${place}`);
        }
      }
      expect([filesIn(at('app')), readdirSync(folder)]).toEqual(before);
      expect(readdirSync(at('empty'))).toEqual([]);
      // Links above it are followed.
      await unzipFile(source(at('out.zip')), at('link/app'));
      expectSame(filesIn(at('empty/app')), SITE);
    });
  });

  it('makes 2,000 files in 100 folders', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`${i % 10}/${i % 100}/${i}.js`, bytesOf(i)]),
    );
    put('site', files);
    await zipDirectory(at('site'), at('out.zip'), { level: 1 });
    expect((await unzipFile(at('out.zip'), at('new'))).entries).toBe(2000);
    expectSame(filesIn(at('new')), files);
  });

  it('does not replace the folder that the process works in, nor one above it', async () => {
    const module = await buildModule(folder);
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
    expect(readdirSync(folder).sort()).toEqual(['bytes', 'sealed']);
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
    expect(readdirSync(folder).sort()).toEqual(['out.zip', 'site']);
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
