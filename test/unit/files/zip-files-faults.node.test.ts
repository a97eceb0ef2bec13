// Faults of a folder or an archive at any call and any time: existing files stay, nothing is left
// behind, and nothing lands outside.

import { execFileSync, spawnSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BundleSealError, decryptStream, encryptBundle } from '../../../src/index.ts';
import { openToDirectory, sealDirectory, unzipFile, zipDirectory } from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildModule,
  type ChildJob,
  makeFolder,
  onFileSystem,
  openIn,
  startChild,
  temporaries,
} from '../../support/files.ts';
import { everyNth, runs } from '../../support/scope.ts';
import { keyB } from '../../support/vectors.ts';
import {
  chunked,
  join as joinBytes,
  type RawEntry,
  rawZip,
  streamOf,
  utf8,
} from '../../support/zip.ts';

const FILES = {
  'index.html': utf8('<h1>new</h1>'),
  'assets/a.bin': bytesOf(300_000),
  'assets/b.bin': bytesOf(200_000),
  'deep/er/c.txt': utf8('c'),
};

const outside = makeFolder();
const root = makeFolder();
let module: string;
let zip: Uint8Array<ArrayBuffer>;
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  module = await buildModule(outside);
  zip = Uint8Array.from(await zipBundle(FILES));
});

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  for (const [path, bytes] of Object.entries(FILES)) {
    mkdirSync(join(at('site'), path, '..'), { recursive: true });
    writeFileSync(join(at('site'), path), bytes);
  }
  mkdirSync(at('app/old'), { recursive: true });
  writeFileSync(at('app/old/file'), 'old');
  symlinkSync('../site', at('app/link'));
  writeFileSync(at('old.zip'), 'old');
  writeFileSync(at('new.zip'), zip);
});

afterEach(() => {
  expect(openIn(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => {
  for (const done of [outside, root]) rmSync(done, { recursive: true, force: true });
});

/** Everything below a folder, with inodes and content. */
function treeOf(place: string): string[] {
  return readdirSync(place)
    .sort()
    .flatMap((name) => {
      const path = join(place, name);
      const stats = lstatSync(path);
      const about = `${path} ${stats.ino} ${stats.mode}`;
      if (stats.isDirectory()) return [about, ...treeOf(path)];
      if (stats.isSymbolicLink()) return [`${about} ${readlinkSync(path)}`];
      return [`${about} ${readFileSync(path, 'latin1')}`];
    });
}

/** Expects `work` to reject and to leave everything unchanged. */
async function untouched(work: () => Promise<unknown>): Promise<unknown> {
  const before = treeOf(folder);
  const error = await work().then(
    () => new Error('expected an error, but nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(openIn(folder)).toEqual([]);
  expect(treeOf(folder)).toEqual(before);
  return error;
}

async function refused(work: () => Promise<unknown>, code: string): Promise<BundleSealError> {
  const error = (await untouched(work)) as BundleSealError;
  expect(error).toBeInstanceOf(BundleSealError);
  expect(error.code, error.message).toBe(code);
  return error;
}

interface Options {
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}

const WAYS: [name: string, run: (options?: Options) => Promise<unknown>][] = [
  ['zipDirectory', (options) => zipDirectory(at('site'), at('old.zip'), options)],
  [
    'zipDirectory of stored files',
    (options) => zipDirectory(at('site'), at('old.zip'), { ...options, level: 0 }),
  ],
  ['unzipFile', (options) => unzipFile(at('new.zip'), at('app'), { ...options, overwrite: true })],
  ['unzipFile to a new place', (options) => unzipFile(at('new.zip'), at('new'), options)],
  [
    'unzipFile of a stream',
    (options) => unzipFile(streamOf(zip), at('app'), { ...options, overwrite: true }),
  ],
];

describe.each(WAYS)('%s', (_, run) => {
  it('aborted at any moment leaves no file', async () => {
    let calls = 0;
    await run({ onProgress: () => calls++ });
    expect(calls).toBeGreaterThan(2);
    rmSync(at('new'), { recursive: true, force: true });
    const step = Math.max(1, Math.floor(calls / 12));
    for (
      let call = 1;
      call <= calls;
      call = call < calls ? Math.min(calls, call + step) : calls + 1
    ) {
      const stop = new AbortController();
      const reason = new Error(`stopped at ${call}`);
      let seen = 0;
      const onProgress = () => {
        seen += 1;
        if (seen === call) stop.abort(reason);
      };
      expect(await untouched(() => run({ signal: stop.signal, onProgress }))).toBe(reason);
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    }
    const reason = new Error('before');
    expect(await untouched(() => run({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    // And while it is waiting for something.
    for (let i = 0; i < 6; i++) {
      const stop = new AbortController();
      const work = untouched(() => run({ signal: stop.signal, onProgress: () => {} }));
      for (let turn = 0; turn < 3 * i; turn++) await new Promise(setImmediate);
      stop.abort(reason);
      expect(await work).toBe(reason);
    }
  });

  it('with a callback that throws ends with its error', async () => {
    const mine = new Error('mine');
    const onProgress = () => {
      throw mine;
    };
    expect(await untouched(() => run({ onProgress }))).toBe(mine);
  });

  /** The calls that it makes. */
  async function callsOf(): Promise<string[]> {
    const calls: string[] = [];
    await onFileSystem({ before: (name) => void calls.push(name) }, () => run());
    rmSync(at('new'), { recursive: true, force: true });
    expect(calls.length).toBeGreaterThan(30);
    return calls;
  }

  /** Runs it with one failing call. Returns the error, and expects everything unchanged. */
  async function withFault(code: string, nth: number): Promise<BundleSealError | undefined> {
    const fault = Object.assign(new Error(code), { code });
    let seen = 0;
    let failed = '';
    const before = (name: string) => {
      if (seen++ !== nth) return undefined;
      failed = name;
      return fault;
    };
    const state = treeOf(folder);
    const error = await onFileSystem({ before }, () => run()).then(
      () => undefined,
      (thrown: unknown) => thrown as BundleSealError,
    );
    const label = `${failed}, call ${nth}, ${code}: ${error?.stack}`;
    expect(openIn(folder), label).toEqual([]);
    expect(temporaries(folder), label).toEqual([]);
    if (error === undefined) {
      // Calls whose failure does not matter: searching for old temporary files, and flushing a folder.
      rmSync(at('new'), { recursive: true, force: true });
      return undefined;
    }
    expect(error.code, label).toBe('ERR_FILE');
    expect(error.cause, label).toBe(fault);
    const places = [at('site'), at('old.zip'), at('new.zip'), at('app'), at('new')];
    expect(
      places.some((place) => error.path?.startsWith(place)),
      label,
    ).toBe(true);
    expect(treeOf(folder), label).toEqual(state);
    return error;
  }

  it('fails with ERR_FILE or succeeds if any call of the file system fails, and leaves no file', async () => {
    const calls = await callsOf();
    let refused = 0;
    let tried = 0;
    const stride = Math.ceil(calls.length / runs(calls.length));
    for (let nth = 0; nth < calls.length; nth += stride) {
      tried++;
      if ((await withFault('EIO', nth)) !== undefined) refused++;
    }
    // Some calls do not matter, such as looking for what a killed run left.
    expect(refused).toBeGreaterThan(tried / 4);
  });

  it.each(
    ['EACCES', 'EPERM', 'EBUSY', 'ENOSPC', 'EMFILE', 'EINVAL', 'ENOTSUP'].map(
      (code, i) => [code, i] as const,
    ),
  )('is ERR_FILE or done where the first or last call of a kind answers %s', async (code, i) => {
    const calls = await callsOf();
    const places = [...new Set(calls)].flatMap((name) => [
      ...new Set([calls.indexOf(name), calls.lastIndexOf(name)]),
    ]);
    // Every fifth place, another fifth with the next answer; the long run tries all places.
    for (const nth of everyNth(places, 5, i)) await withFault(code, nth);
  });
});

describe('a swap', () => {
  const renames = (fail: (nth: number) => boolean) => {
    const fault = Object.assign(new Error('EIO'), { code: 'EIO' });
    let nth = 0;
    return (name: string) => (name === 'rename' && fail(nth++) ? fault : undefined);
  };
  const overwrite = () => unzipFile(at('new.zip'), at('app'), { overwrite: true });

  it('that fails halfway puts the old folder back', async () => {
    // The first rename finds the place taken, the second makes room, the third is the new folder's.
    for (const nth of [0, 1, 2]) {
      const before = renames((rename) => rename === nth);
      await refused(() => onFileSystem({ before }, overwrite), 'ERR_FILE');
    }
    await overwrite();
  });

  it('that cannot put the old folder back says where it is, and the next call puts it back', async () => {
    const before = renames((rename) => rename >= 2);
    const state = treeOf(at('app'));
    const error = await rejection(onFileSystem({ before }, overwrite), 'ERR_FILE');
    expect(existsSync(at('app'))).toBe(false);
    const [name] = temporaries(folder);
    expect(error.message).toContain(name);
    // Whatever that call comes to.
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(treeOf(at('app'))).toEqual(state);
    expect(temporaries(folder)).toEqual([]);
  });

  it('killed between its renames is undone by the next call, and after them is done', async () => {
    const script = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const [module, after] = process.argv.slice(1);
      const { rename } = fs.promises;
      let left = Number(after);
      fs.promises.rename = async (...paths) => {
        await rename(...paths);
        if (--left === 0) process.kill(process.pid, 'SIGKILL');
      };
      syncBuiltinESMExports();
      const { unzipFile } = await import(module);
      await unzipFile('new.zip', 'app', { overwrite: true });`;
    const run = (after: number) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script, module, String(after)], {
        cwd: folder,
      });
    const state = treeOf(at('app'));
    expect(run(1).signal).toBe('SIGKILL');
    expect(existsSync(at('app'))).toBe(false);
    expect(temporaries(folder)).toHaveLength(1);
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(treeOf(at('app'))).toEqual(state);
    expect(temporaries(folder)).toEqual([]);

    expect(run(2).signal).toBe('SIGKILL');
    expect(readFileSync(at('app/index.html'), 'utf8')).toBe('<h1>new</h1>');
    expect(temporaries(folder)).toHaveLength(1);
    // A folder that was being removed does not come back.
    rmSync(at('app'), { recursive: true });
    await rejection(unzipFile(at('site/index.html'), at('app')), 'ERR_ARCHIVE_INVALID');
    await unzipFile(at('new.zip'), at('app'));
    expect(temporaries(folder)).toEqual([]);
    expect(existsSync(at('app/old'))).toBe(false);
  });
});

describe('a killed run', () => {
  it('leaves files that only the next run for the same output removes', async () => {
    const script = `
      const [module, call, input, output, after] = process.argv.slice(1);
      const calls = await import(module);
      let left = Number(after);
      const onProgress = () => {
        if (--left === 0) process.kill(process.pid, 'SIGKILL');
      };
      await calls[call](input, output, { onProgress });`;
    for (const [call, input, output] of [
      ['unzipFile', 'new.zip', 'new'],
      ['zipDirectory', 'site', 'out.zip'],
    ] as const) {
      for (const after of [1, 3]) {
        const args = ['--input-type=module', '-e', script, module, call, input, output];
        const run = spawnSync(process.execPath, [...args, String(after)], { cwd: folder });
        expect(run.signal).toBe('SIGKILL');
        expect(temporaries(folder)).toHaveLength(1);
        expect(existsSync(at(output))).toBe(false);
      }
      await unzipFile(at('new.zip'), at('other'));
      await zipDirectory(at('site'), at('other.zip'));
      expect(temporaries(folder)).toHaveLength(1);
      if (call === 'unzipFile') await unzipFile(at(input), at(output));
      else await zipDirectory(at(input), at(output));
      expect(temporaries(folder)).toEqual([]);
      rmSync(at('other'), { recursive: true });
    }
  });
});

describe('a hostile archive', () => {
  const good: RawEntry = { name: 'good.txt', content: utf8('good') };
  const evil = (more: Partial<RawEntry>) =>
    rawZip([good, { name: 'x', content: utf8('evil'), ...more }]);
  const link = 0o120777 * 2 ** 16;
  it.each<[string, Uint8Array, RegExp]>([
    ['that climbs out', evil({ name: '../evil' }), /climbs/],
    ['that climbs out further down', evil({ name: 'a/../../evil' }), /climbs/],
    ['with an absolute path', evil({ name: '/tmp/evil' }), /absolute/],
    ['with a backslash', evil({ name: '..\\evil' }), /backslash/],
    ['with a drive', evil({ name: 'C:evil' }), /drive/],
    ['with a stream of Windows', evil({ name: 'index.html:evil' }), /Windows/],
    ['with a link', evil({ content: utf8('/etc'), central: { attributes: link } }), /link/],
    [
      'with a link and a file behind it',
      rawZip([
        { name: 'out', content: utf8('..'), central: { attributes: link } },
        { name: 'out/evil', content: utf8('evil') },
      ]),
      /link|is a file/,
    ],
    ['with one path twice', rawZip([good, good]), /twice/],
    ['with one path in two cases', rawZip([good, { ...good, name: 'GOOD.txt' }]), /case/],
    ['with a wrong CRC-32', evil({ crc: 1 }), /CRC-32/],
    ['that is cut', rawZip([good]).subarray(0, -1), /cut|continues/],
    ['that goes on', joinBytes(rawZip([good]), utf8('x')), /continues|part of no/],
    ['with a lying end', rawZip([good, { ...good, name: 'b' }], { count: 1 }), /contradicts/],
  ])('%s leaves nothing', async (_, bytes, message) => {
    writeFileSync(at('evil.zip'), bytes);
    for (const place of ['app', 'new']) {
      for (const source of [() => at('evil.zip'), () => streamOf(bytes, 7)]) {
        const work = () => unzipFile(source(), at(place), { overwrite: true });
        expect((await refused(work, 'ERR_ARCHIVE_INVALID')).message).toMatch(message);
      }
    }
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  it('that exceeds a limit leaves no file', async () => {
    for (const limits of [
      { maxEntries: 3 },
      { maxFileSize: 299_999 },
      { maxTotalSize: 500_000 },
      { maxRatio: 0.5, maxTotalSize: 400_000 },
    ]) {
      for (const source of [() => at('new.zip'), () => streamOf(zip)]) {
        const options = { ...limits, overwrite: true };
        await refused(() => unzipFile(source(), at('app'), options), 'ERR_LIMIT_EXCEEDED');
      }
    }
  });

  it('that is cut anywhere leaves no file', async () => {
    for (const length of [0, 1, 100, 100_000, zip.length - 100, zip.length - 1]) {
      const cut = zip.subarray(0, length);
      writeFileSync(at('cut.zip'), cut);
      for (const source of [() => at('cut.zip'), () => streamOf(cut)]) {
        await refused(
          () => unzipFile(source(), at('app'), { overwrite: true }),
          'ERR_ARCHIVE_INVALID',
        );
      }
    }
  });
});

describe('a stream', () => {
  it('of a sealed bundle becomes a folder only after all of it is verified', async () => {
    const { bytes } = await encryptBundle(zip, { privateKey: keyB.pkcs8, chunkSize: 4096 });
    const run = (sealed: Uint8Array) =>
      unzipFile(decryptStream(streamOf(sealed), { publicKey: keyB.spki }), at('app'), {
        overwrite: true,
      });
    for (const place of [bytes.length - 1, bytes.length - 5000, bytes.length >> 1]) {
      const altered = bytes.slice();
      altered[place] = (altered[place] ?? 0) ^ 1;
      await refused(() => run(altered), 'ERR_CHUNK_INVALID');
    }
    await refused(() => run(bytes.subarray(0, -1)), 'ERR_LENGTH_INVALID');
    await refused(() => run(joinBytes(bytes, utf8('x'))), 'ERR_LENGTH_INVALID');
    expect((await run(bytes)).entries).toBe(4);
    expect(readFileSync(at('app/assets/a.bin')).equals(FILES['assets/a.bin'])).toBe(true);
    expect(existsSync(at('app/old'))).toBe(false);
  });

  it('that fails after the last byte of the archive leaves no file', async () => {
    const own = new Error('mine');
    let isGiven = false;
    const make = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (isGiven) controller.error(own);
          else controller.enqueue(zip.slice());
          isGiven = true;
        },
      });
    const error = await refused(
      () => unzipFile(make(), at('app'), { overwrite: true }),
      'ERR_SOURCE_FAILED',
    );
    expect(error.cause).toBe(own);
  });

  it('is cancelled if it is not needed any more', async () => {
    const chunks = [zip.subarray(0, 1000), zip.subarray(1000, 200_000), zip.subarray(200_000)];
    const busy = chunked(chunks);
    await refused(() => unzipFile(busy.stream, at('app')), 'ERR_FILE');
    expect(busy.cancelled()).toMatchObject({ code: 'ERR_FILE' });
    expect(busy.pulled()).toBe(0);

    const evil = chunked([rawZip([{ name: '../evil' }]), bytesOf(20_000), bytesOf(20_000)]);
    await refused(() => unzipFile(evil.stream, at('new')), 'ERR_ARCHIVE_INVALID');
    expect(evil.cancelled()).toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });

    // Also a file without content.
    const stop = new AbortController();
    let reason: unknown;
    const silent = new ReadableStream<Uint8Array>({
      cancel(why) {
        reason = why;
      },
    });
    const work = untouched(() => unzipFile(silent, at('new'), { signal: stop.signal }));
    await sleep(50);
    const mine = new Error('mine');
    stop.abort(mine);
    expect(await work).toBe(mine);
    expect(reason).toBe(mine);
  });
});

describe('a full disk', () => {
  it('keeps the old folder and the old file, and works again with free space', async ({ skip }) => {
    const disk = at('disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      console.warn('A full disk: skipped, as this user may not mount one. Run as root for it.');
      return skip();
    }
    try {
      mkdirSync(join(disk, 'app'));
      writeFileSync(join(disk, 'app/old'), 'old');
      writeFileSync(join(disk, 'out.zip'), 'old');
      const { pkcs8: privateKey, spki: publicKey } = keyB;
      const sealed = (await encryptBundle(zip, { privateKey })).bytes;
      writeFileSync(at('new.sealed'), sealed);
      const before = treeOf(disk);
      for (const work of [
        () => unzipFile(at('new.zip'), join(disk, 'app'), { overwrite: true }),
        () => unzipFile(streamOf(zip), join(disk, 'new')),
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
    writeFileSync(at('twice/app.zip'), zip);
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
