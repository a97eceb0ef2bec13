// Faults of a folder or an archive at any call and any time: existing files stay, nothing is left behind.

import { spawnSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BundleSealError } from '../../../src/index.ts';
import { unzipFile, zipDirectory } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { buildModule, makeFolder, onFileSystem, openIn, temporaries } from '../../support/files.ts';
import { everyNth, runs } from '../../support/scope.ts';
import { streamOf } from '../../support/zip.ts';
import { treeOf, useZipFolder } from '../../support/zip-folder.ts';

const { here, at, zip, untouched, refused } = useZipFolder();
const outside = makeFolder();
let module: string;

beforeAll(async () => {
  module = await buildModule(outside);
});

afterAll(() => rmSync(outside, { recursive: true, force: true }));

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
    (options) => unzipFile(streamOf(zip()), at('app'), { ...options, overwrite: true }),
  ],
];

/** What a call may answer beside EIO. */
const ANSWERS = ['EACCES', 'EPERM', 'EBUSY', 'ENOSPC', 'EMFILE', 'EINVAL', 'ENOTSUP'];

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

  let known: readonly string[] = [];

  /** The calls that it makes, listed once for all tests. */
  async function callsOf(): Promise<readonly string[]> {
    if (known.length > 0) return known;
    const calls: string[] = [];
    await onFileSystem({ before: (name) => void calls.push(name) }, () => run());
    rmSync(at('new'), { recursive: true, force: true });
    expect(calls.length).toBeGreaterThan(30);
    known = calls;
    return known;
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
    const state = treeOf(here());
    const error = await onFileSystem({ before }, () => run()).then(
      () => undefined,
      (thrown: unknown) => thrown as BundleSealError,
    );
    const label = `${failed}, call ${nth}, ${code}: ${error?.stack}`;
    expect(openIn(here()), label).toEqual([]);
    expect(temporaries(here()), label).toEqual([]);
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
    expect(treeOf(here()), label).toEqual(state);
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

  it.each(ANSWERS.map((code, i) => [code, i] as const))(
    'is ERR_FILE or done where the first or last call of a kind answers %s',
    async (code, i) => {
      const calls = await callsOf();
      const places = [...new Set(calls)].flatMap((name) => [
        ...new Set([calls.indexOf(name), calls.lastIndexOf(name)]),
      ]);
      // Each place with one of the answers; the long run tries all places with each answer.
      for (const nth of everyNth(places, ANSWERS.length, i)) await withFault(code, nth);
    },
  );
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
    const [name] = temporaries(here());
    expect(error.message).toContain(name);
    // Whatever that call comes to.
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(treeOf(at('app'))).toEqual(state);
    expect(temporaries(here())).toEqual([]);
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
        cwd: here(),
      });
    const state = treeOf(at('app'));
    expect(run(1).signal).toBe('SIGKILL');
    expect(existsSync(at('app'))).toBe(false);
    expect(temporaries(here())).toHaveLength(1);
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(treeOf(at('app'))).toEqual(state);
    expect(temporaries(here())).toEqual([]);

    expect(run(2).signal).toBe('SIGKILL');
    expect(readFileSync(at('app/index.html'), 'utf8')).toBe('<h1>new</h1>');
    expect(temporaries(here())).toHaveLength(1);
    // A folder that was being removed does not come back.
    rmSync(at('app'), { recursive: true });
    await rejection(unzipFile(at('site/index.html'), at('app')), 'ERR_ARCHIVE_INVALID');
    await unzipFile(at('new.zip'), at('app'));
    expect(temporaries(here())).toEqual([]);
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
        const run = spawnSync(process.execPath, [...args, String(after)], { cwd: here() });
        expect(run.signal).toBe('SIGKILL');
        expect(temporaries(here())).toHaveLength(1);
        expect(existsSync(at(output))).toBe(false);
      }
      await unzipFile(at('new.zip'), at('other'));
      await zipDirectory(at('site'), at('other.zip'));
      expect(temporaries(here())).toHaveLength(1);
      if (call === 'unzipFile') await unzipFile(at(input), at(output));
      else await zipDirectory(at(input), at(output));
      expect(temporaries(here())).toEqual([]);
      rmSync(at('other'), { recursive: true });
    }
  });
});
