// File systems that lack a call or refuse one for a moment, and inputs and outputs that are no regular files.
// @vitest-environment-options { "own": "lenient" }

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeConfigText } from '../../../src/cli/config/files.ts';
import { writeWhole } from '../../../src/cli/write-whole.ts';
import { checksum } from '../../../src/index.ts';
import {
  checksumFile,
  decryptFile,
  encryptFile,
  unzipFile,
  zipDirectory,
} from '../../../src/node.ts';
import { zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildModule,
  makeFolder,
  onFileSystem,
  openIn,
  snapshot,
  temporaries,
} from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const plain = bytesOf(50_000);

const root = makeFolder();
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(at('plain'), plain);
});

afterEach(() => {
  expect(temporaries(folder)).toEqual([]);
  expect(openIn(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const fault = (code: string) => Object.assign(new Error(`${code}: made for the test`), { code });

/** Makes a call fail as often as is said. */
function failing(call: RegExp, code: string, times = Number.POSITIVE_INFINITY) {
  let left = times;
  return { before: (name: string) => (call.test(name) && left-- > 0 ? fault(code) : undefined) };
}

/** All that writes, one after the other, over something that was there. */
async function writeAll(): Promise<void> {
  for (const name of ['sealed', 'opened', 'new.zip']) writeFileSync(at(name), 'old');
  for (const name of ['site', 'app']) {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(join(at(name), 'index.html'), 'old');
  }
  await encryptFile(at('plain'), at('sealed'), { privateKey });
  await decryptFile(at('sealed'), at('opened'), { publicKey });
  await zipDirectory(at('site'), at('new.zip'));
  await unzipFile(at('new.zip'), at('app'), { overwrite: true });
  await writeWhole(at('key'), 'a key', { mode: 0o600, force: true });
  expect(readFileSync(at('opened')).equals(plain)).toBe(true);
  rmSync(at('key'));
}

describe('every output', () => {
  const lacking = ['EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ERR_ACCESS_DENIED'];

  it.each(lacking)('is written if modes and flushes fail with %s', async (code) => {
    await onFileSystem(failing(/chmod$|sync$/, code), writeAll);
  });

  it.each(['EIO', 'ENOSPC', 'EDQUOT'])('is refused if a flush fails with %s', async (code) => {
    writeFileSync(at('out'), 'old');
    const before = snapshot(folder);
    const work = () => encryptFile(at('plain'), at('out'), { privateKey });
    const error = await rejection(onFileSystem(failing(/^handle\.sync$/, code), work), 'ERR_FILE');
    expect(error.path).toBe(at('out'));
    expect(snapshot(folder)).toEqual(before);
  });

  it.each(['EPERM', 'EACCES', 'EBUSY'])(
    'is written if a rename fails with %s twice and then succeeds',
    async (code) => {
      await onFileSystem(failing(/^rename$/, code, 2), writeAll);
    },
  );

  it('is refused if a rename never succeeds, and the previous file does not change', async () => {
    writeFileSync(at('out'), 'old');
    const before = snapshot(folder);
    const work = () => encryptFile(at('plain'), at('out'), { privateKey });
    const error = await rejection(onFileSystem(failing(/^rename$/, 'EBUSY'), work), 'ERR_FILE');
    expect(error.message).toMatch(/mounted/);
    expect(snapshot(folder)).toEqual(before);
  });

  it('stops waiting for a rename when it is aborted', async () => {
    writeFileSync(at('out'), 'old');
    const stop = new AbortController();
    const reason = new Error('mine');
    const before = (name: string) => {
      if (name !== 'rename') return undefined;
      stop.abort(reason);
      return fault('EBUSY');
    };
    const options = { privateKey, signal: stop.signal };
    const work = () => encryptFile(at('plain'), at('out'), options);
    await expect(onFileSystem({ before }, work)).rejects.toBe(reason);
    expect(readFileSync(at('out'), 'utf8')).toBe('old');
  });

  it('is refused with the parent folder if no file can be created in it', async () => {
    const works: (() => Promise<unknown>)[] = [
      () => encryptFile(at('plain'), at('out'), { privateKey }),
      () => unzipFile(at('a.zip'), at('app')),
    ];
    for (const work of works) {
      writeFileSync(at('a.zip'), await zipBundle({ a: plain }));
      const before = (name: string, args: unknown[]) =>
        /^(open|mkdir)$/.test(name) && String(args[0]).endsWith('-tmp')
          ? fault('EACCES')
          : undefined;
      const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
      expect(error.message).toContain(`in its folder ${JSON.stringify(folder)}`);
    }
  });
});

describe('a file that may not be replaced', () => {
  const write = (content: string) => writeWhole(at('key'), content, { mode: 0o600, force: false });

  it('is written if there are no hard links, and never over another file', async () => {
    for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS', 'ERR_ACCESS_DENIED']) {
      await onFileSystem(failing(/^link$/, code), () => write('one'));
      expect(readFileSync(at('key'), 'utf8')).toBe('one');
      expect(statSync(at('key')).mode & 0o077).toBe(0);
      const taken = () => rejection(write('two'), 'ERR_FILE');
      await onFileSystem(failing(/^link$/, code), taken);
      rmSync(at('key'));
      const take = (name: string) => {
        if (name !== 'link') return undefined;
        writeFileSync(at('key'), 'of another program');
        return fault(code);
      };
      await onFileSystem({ before: take }, taken);
      expect(readFileSync(at('key'), 'utf8')).toBe('of another program');
      rmSync(at('key'));
    }
  });

  it('fails with ERR_FILE and its path if any call fails', async () => {
    for (const call of [/^open$/, /^write$/, /^handle\.sync$/, /^handle\.close$/, /^link$/]) {
      const work = () => write('one');
      const error = await rejection(onFileSystem(failing(call, 'ENOSPC', 1), work), 'ERR_FILE');
      expect(error.path).toBe(at('key'));
      expect(readdirSync(folder)).toEqual(['plain']);
    }
  });

  it('that is a link is followed when it may be replaced', async () => {
    writeFileSync(at('real'), 'old');
    symlinkSync('real', at('key'));
    await rejection(write('new'), 'ERR_FILE');
    await writeWhole(at('key'), 'new', { mode: 0o600, force: true });
    expect(readFileSync(at('real'), 'utf8')).toBe('new');
  });
});

describe('a config that is a mount point', () => {
  const path = () => at('capacitor.config.json');
  beforeEach(() => writeFileSync(path(), 'the old text, which is longer'));

  it('is edited in place', async () => {
    const { ino } = statSync(path());
    const work = () => writeConfigText({ path: path() }, 'the old text, which is longer', 'new');
    await onFileSystem(failing(/^rename$/, 'EBUSY'), work);
    expect(readFileSync(path(), 'utf8')).toBe('new');
    expect(statSync(path()).ino).toBe(ino);
  });

  it('and can only be written in part is complete in the file that the error names', async () => {
    let renamed = 0;
    const before = (name: string) => {
      if (name === 'rename' && renamed++ >= 0) return fault('EBUSY');
      return renamed > 0 && /^(handle\.)?(write|sync)$/.test(name) ? fault('ENOSPC') : undefined;
    };
    const work = () => writeConfigText({ path: path() }, 'the old text, which is longer', 'new');
    const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
    const [name] = temporaries(folder);
    expect(error.message).toContain(at(name as string));
    expect(readFileSync(at(name as string), 'utf8')).toBe('new');
    rmSync(at(name as string));
  });
});

describe('a pipe', () => {
  const feed = (file: string) => spawn('sh', ['-c', 'cat "$0" > "$1"', at(file), at('pipe')]);
  beforeEach(() => execFileSync('mkfifo', [at('pipe')]));

  it('is sealed, opened, hashed and unpacked as the file that comes out of it', async () => {
    feed('plain');
    await encryptFile(at('pipe'), at('sealed'), { privateKey });
    feed('sealed');
    await decryptFile(at('pipe'), at('opened'), { publicKey });
    expect(readFileSync(at('opened')).equals(plain)).toBe(true);
    feed('plain');
    expect(await checksumFile(at('pipe'))).toBe(await checksum(plain));
    writeFileSync(at('a.zip'), await zipBundle({ 'index.html': plain }));
    feed('a.zip');
    await unzipFile(at('pipe'), at('app'));
    expect(readFileSync(at('app/index.html')).equals(plain)).toBe(true);
  });

  it('is read to its end if its writer pauses', async () => {
    const script = 'exec > "$0"; sleep 0.05; printf on; sleep 0.05; printf e';
    spawn('sh', ['-c', script, at('pipe')]);
    expect(await checksumFile(at('pipe'))).toBe(await checksum(new TextEncoder().encode('one')));
  });

  it('is closed on an abort while its writer pauses, so that the writer ends', async () => {
    const script = 'exec > "$0"; echo >&2; read line; while printf on; do :; done';
    const writer = spawn('sh', ['-c', script, at('pipe')]);
    const stop = new AbortController();
    const reason = new Error('mine');
    const work = checksumFile(at('pipe'), { signal: stop.signal });
    writer.stderr.once('data', () => stop.abort(reason));
    await expect(work).rejects.toBe(reason);
    writer.stdin.end('\n');
    await once(writer, 'exit');
  });

  it('without a writer is waited for until an abort', async () => {
    const stop = new AbortController();
    const reason = new Error('mine');
    const work = encryptFile(at('pipe'), at('sealed'), { privateKey, signal: stop.signal });
    setTimeout(() => stop.abort(reason), 50);
    await expect(work).rejects.toBe(reason);
    expect(readdirSync(folder).sort()).toEqual(['pipe', 'plain']);
  });

  it('without a writer is released on an early abort, also one of many', async () => {
    const pipes = Array.from({ length: 6 }, (_, i) => at(`pipe-${i}`));
    execFileSync('mkfifo', pipes);
    const reason = new Error('mine');
    for (const delay of [0, 50]) {
      const stop = new AbortController();
      const { signal } = stop;
      const work = Promise.allSettled(pipes.map((path) => checksumFile(path, { signal })));
      setTimeout(() => stop.abort(reason), delay);
      for (const result of await work) expect(result).toEqual({ status: 'rejected', reason });
    }
  });

  it('without a writer ends on an abort, also if this user may not write to it', async () => {
    const stop = new AbortController();
    const reason = new Error('mine');
    const isForWriting = (flags: unknown) => (Number(flags) & constants.O_WRONLY) !== 0;
    const before = (name: string, [path, flags]: unknown[]) =>
      name === 'open' && path === at('pipe') && isForWriting(flags) ? fault('EACCES') : undefined;
    const work = () => {
      setImmediate(() => stop.abort(reason));
      return checksumFile(at('pipe'), { signal: stop.signal });
    };
    await expect(onFileSystem({ before }, work)).rejects.toBe(reason);
    // A writer that comes later finds nobody who reads.
    const late = feed('plain');
    await once(late, 'exit');
    // The call has ended before, so nothing else says when the pipe is closed.
    await expect.poll(() => openIn(folder)).toEqual([]);
  });

  it('is closed if its content cannot be stored, so that its writer ends', async () => {
    vi.stubEnv('TMPDIR', at('missing'));
    try {
      const writer = spawn('sh', ['-c', 'exec yes > "$0"', at('pipe')], { stdio: 'ignore' });
      const ended = new Promise((resolve) => writer.once('exit', resolve));
      await rejection(checksumFile(at('pipe')), 'ERR_FILE');
      await ended;
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('that a worker thread reads leaves the files of other threads open when the thread ends', async () => {
    const module = await buildModule(folder);
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      parentPort.once('message', () => {});
      process.on('warning', ({ message }) => parentPort.postMessage({ warning: message }));
      import(workerData.module)
        .then(({ checksumFile }) => checksumFile(workerData.pipe))
        .then((checksum) => setImmediate(() => parentPort.postMessage({ checksum })));`;
    const workerData = { module, pipe: at('pipe') };
    const worker = new Worker(code, { eval: true, workerData, execArgv: [] });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    feed('plain');
    const [answer] = await once(worker, 'message');
    expect(answer).toEqual({ checksum: await checksum(plain) });
    // One of these files has the descriptor that the pipe had.
    const files = Array.from({ length: 50 }, () => openSync(at('plain'), 'r'));
    try {
      worker.postMessage('end');
      expect(await ended).toBe(0);
      for (const fd of files) expect(fstatSync(fd).size).toBe(plain.length);
    } finally {
      for (const fd of files) closeSync(fd);
    }
  });

  it('is refused as an output, and the message says that it is a pipe', async () => {
    const work = encryptFile(at('plain'), at('pipe'), { privateKey });
    expect((await rejection(work, 'ERR_FILE')).message).toBe(
      `${JSON.stringify(at('pipe'))} can't be replaced: it is a pipe, pass the path of a file`,
    );
  });
});

describe('a file without a size', () => {
  it.runIf(process.platform === 'linux')('is read to its end', async () => {
    const path = '/proc/self/limits';
    const text = readFileSync(path);
    expect(statSync(path).size).toBe(0);
    await encryptFile(path, at('sealed'), { privateKey });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(readFileSync(at('opened')).equals(text)).toBe(true);
    expect(await checksumFile(path)).toBe(await checksum(text));
  });

  it.runIf(process.platform === 'linux')('of /sys is read to its end, too', async () => {
    const path = '/sys/class/net/lo/mtu';
    const text = readFileSync(path);
    expect(statSync(path).size).toBeGreaterThan(text.length);
    await encryptFile(path, at('sealed'), { privateKey });
    await decryptFile(at('sealed'), at('opened'), { publicKey });
    expect(readFileSync(at('opened')).equals(text)).toBe(true);
    expect(await checksumFile(path)).toBe(await checksum(text));
  });

  it('that is empty is empty', async () => {
    writeFileSync(at('empty'), '');
    const { size } = await encryptFile(at('empty'), at('sealed'), { privateKey });
    expect(size).toBe(0);
  });
});

describe("Node's permission model", () => {
  it('only has to allow the folders of the input and the output', async () => {
    const module = await buildModule(folder);
    mkdirSync(at('site'));
    writeFileSync(at('site/index.html'), 'new');
    const script = `
      const [module, privateKey, publicKey] = process.argv.slice(1);
      const { decryptFile, encryptFile, unzipFile, zipDirectory } = await import(module);
      await zipDirectory('site', 'a.zip');
      await encryptFile('a.zip', 'sealed', { privateKey });
      await decryptFile('sealed', 'b.zip', { publicKey });
      await unzipFile('b.zip', 'app');
      await unzipFile('b.zip', 'app', { overwrite: true });`;
    const { allowedNodeEnvironmentFlags: flags } = process;
    const model = flags.has('--permission') ? '--permission' : '--experimental-permission';
    const args = [`--allow-fs-read=${folder}/*`, `--allow-fs-write=${folder}/*`];
    const code = ['--input-type=module', '-e', script, module, privateKey, publicKey];
    const run = spawnSync(process.execPath, [model, ...args, ...code], { cwd: folder });
    expect(run.stderr.toString()).not.toContain('Error');
    expect(run.status).toBe(0);
    expect(readFileSync(at('app/index.html'), 'utf8')).toBe('new');
  });
});
