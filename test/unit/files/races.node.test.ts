// Other programs that exchange files, folders and names while a call is under way: nothing is read or written outside
// of what the caller named, and nothing is lost.

import { spawnSync } from 'node:child_process';
import fs, {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { decryptFile, encryptFile, unzipFile, zipDirectory } from '../../../src/node.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildModule,
  type FileSystemHooks,
  makeFolder,
  onFileSystem,
  openIn,
  temporaries,
} from '../../support/files.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const isLinux = process.platform === 'linux';

const outside = makeFolder();
const root = makeFolder();
let module: string;
let count = 0;
let folder: string;
let zip: Uint8Array;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  module = await buildModule(outside);
  zip = await zipBundle({ 'new.txt': bytesOf(100_000), 'sub/more.txt': bytesOf(10) });
});

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(at('new.zip'), zip);
});

afterEach(() => {
  expect(openIn(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

afterAll(() => {
  for (const done of [outside, root]) rmSync(done, { recursive: true, force: true });
});

const temporary = () => at(temporaries(folder)[0] as string);

/** Runs `act` once, before the first call that `isIt` is true of. */
function beforeCall(
  isIt: (name: string, args: readonly unknown[]) => boolean,
  act: () => void,
): FileSystemHooks & { readonly isDone: () => boolean } {
  let isDone = false;
  return {
    isDone: () => isDone,
    before(name, args) {
      if (!isDone && isIt(name, args)) {
        isDone = true;
        act();
      }
      return undefined;
    },
  };
}

describe('a temporary file that another program exchanges', () => {
  it.runIf(isLinux)(
    'for a link is not written through when it is opened for direct I/O',
    async () => {
      writeFileSync(at('plain'), '');
      truncateSync(at('plain'), 33 * 2 ** 20);
      await encryptFile(at('plain'), at('sealed'), { privateKey });
      mkdirSync(at('shared'));
      writeFileSync(at('victim'), 'the file of somebody else');
      const isDirect = (name: string, [, flags]: readonly unknown[]) =>
        name === 'open' && typeof flags === 'number' && (flags & fs.constants.O_DIRECT) !== 0;
      const hooks = beforeCall(isDirect, () => {
        const [name] = temporaries(at('shared'));
        const path = join(at('shared'), name as string);
        renameSync(path, at('shared/taken'));
        symlinkSync(at('victim'), path);
      });
      const work = () => decryptFile(at('sealed'), at('shared/out'), { publicKey });
      const error = await rejection(onFileSystem(hooks, work), 'ERR_FILE');
      expect(hooks.isDone()).toBe(true);
      expect(error.message).toContain('exchanged its temporary file');
      expect(readFileSync(at('victim'), 'utf8')).toBe('the file of somebody else');
      expect(readdirSync(at('shared'))).toEqual(['taken']);
    },
  );

  it('for its own file does not replace the output', async () => {
    writeFileSync(at('sealed'), (await encryptBundle(bytesOf(50_000), { privateKey })).bytes);
    writeFileSync(at('out'), 'old');
    let name = '';
    const exchange = () => {
      if (name !== '') return;
      name = temporary();
      rmSync(name);
      writeFileSync(name, 'forged');
    };
    const work = decryptFile(at('sealed'), at('out'), { publicKey, onProgress: exchange });
    expect((await rejection(work, 'ERR_FILE')).path).toBe(at('out'));
    expect(name).not.toBe('');
    expect(readFileSync(at('out'), 'utf8')).toBe('old');
  });
});

describe('unzipFile, when another program exchanges its temporary folder for a link', () => {
  it.runIf(isLinux)('writes nothing at the target of the link', async () => {
    mkdirSync(at('elsewhere'));
    let name = '';
    const onProgress = () => {
      if (name !== '') return;
      name = temporary();
      renameSync(name, at('taken'));
      symlinkSync(at('elsewhere'), name);
    };
    await unzipFile(at('new.zip'), at('app'), { onProgress });
    expect(name).not.toBe('');
    expect(readdirSync(at('elsewhere'))).toEqual([]);
    expect(readdirSync(at('app')).sort()).toEqual(['new.txt', 'sub']);
    expect(readdirSync(at('taken'))).toEqual([]);
  });

  it.runIf(isLinux)('removes nothing at the target of the link after an error', async () => {
    mkdirSync(at('elsewhere/new'), { recursive: true });
    writeFileSync(at('elsewhere/new/precious'), 'old');
    const mine = new Error('mine');
    let name = '';
    const onProgress = () => {
      // Another file may be written meanwhile, and call this again.
      if (name === '') {
        name = temporary();
        renameSync(name, at('taken'));
        symlinkSync(at('elsewhere'), name);
      }
      throw mine;
    };
    await expect(unzipFile(at('new.zip'), at('app'), { onProgress })).rejects.toBe(mine);
    expect(readFileSync(at('elsewhere/new/precious'), 'utf8')).toBe('old');
  });
});

describe('unzipFile, when another program removes its temporary folder', () => {
  it('rejects, and does not wait for the folder forever', async () => {
    const isSubfolder = (name: string, [path]: readonly unknown[]) =>
      name.startsWith('mkdir') && String(path).endsWith('/sub');
    const hooks = beforeCall(isSubfolder, () => rmSync(temporary(), { recursive: true }));
    const work = () => unzipFile(at('new.zip'), at('app'));
    await rejection(onFileSystem(hooks, work), 'ERR_FILE');
    expect(hooks.isDone()).toBe(true);
    expect(readdirSync(folder)).toEqual(['new.zip']);
  });
});

describe('zipDirectory, when another program exchanges a folder for a link', () => {
  beforeEach(() => {
    for (const name of ['site/a', 'secret', 'site/b']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('site/a/data.txt'), 'public');
    writeFileSync(at('site/b/last.txt'), 'public');
    writeFileSync(at('secret/data.txt'), 'SECRET');
  });
  const exchange = () => {
    if (!existsSync(at('real'))) renameSync(at('site/a'), at('real'));
    symlinkSync(at('secret'), at('site/a'));
  };
  const restore = () => {
    // A run may make fewer calls than the one that was counted.
    if (!existsSync(at('real'))) return;
    rmSync(at('site/a'));
    renameSync(at('real'), at('site/a'));
  };

  it('reads nothing from the target of the link at any call', async () => {
    let calls = 0;
    const zipped = () => zipDirectory(at('site'), at('out.zip'));
    await onFileSystem({ before: () => void calls++ }, zipped);
    let refused = 0;
    for (let k = 0; k < calls; k++) {
      let seen = 0;
      const hooks = beforeCall(() => seen++ === k, exchange);
      const error = await onFileSystem(hooks, zipped).then(
        () => undefined,
        (reason) => reason,
      );
      if (error === undefined) {
        const files = await unzipBundle(new Uint8Array(readFileSync(at('out.zip'))));
        expect(Buffer.from(files.get('a/data.txt') ?? '').toString()).toBe('public');
      } else {
        expect(error.code).toMatch(/^ERR_(FILE|ARCHIVE_INVALID)$/);
        refused++;
      }
      expect(openIn(folder)).toEqual([]);
      restore();
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('reads nothing from it when the link appears and disappears between two calls', async () => {
    let calls = 0;
    const zipped = () => zipDirectory(at('site'), at('out.zip'));
    await onFileSystem({ before: () => void calls++ }, zipped);
    for (let k = 0; k < calls; k++) {
      let seen = 0;
      const before = () => {
        if (seen === k) exchange();
        if (seen === k + 1) restore();
        seen++;
        return undefined;
      };
      const error = await onFileSystem({ before }, zipped).then(
        () => undefined,
        (reason) => reason,
      );
      if (lstatSync(at('site/a')).isSymbolicLink()) restore();
      if (error !== undefined) continue;
      const files = await unzipBundle(new Uint8Array(readFileSync(at('out.zip'))));
      expect(Buffer.from(files.get('a/data.txt') ?? '').toString()).toBe('public');
    }
  });
});

describe('unzipFile with overwrite, when its folder gets taken between the two renames', () => {
  it('keeps the previous folder and says where', async () => {
    mkdirSync(at('app'));
    writeFileSync(at('app/precious'), 'old');
    for (const take of [
      () => writeFileSync(at('app'), 'a file of another program'),
      () => symlinkSync('elsewhere', at('app')),
    ]) {
      let moved = 0;
      const before = (name: string, args: unknown[]) => {
        if (name === 'rename' && String(args[1]).includes('old-')) moved++;
        else if (moved === 1) {
          moved++;
          take();
        }
        return undefined;
      };
      const work = () => unzipFile(at('new.zip'), at('app'), { overwrite: true });
      const error = await rejection(onFileSystem({ before }, work), 'ERR_FILE');
      const kept = readdirSync(folder).find((name) => name.startsWith('app.before-'));
      expect(error.message).toContain(JSON.stringify(at(kept as string)));
      expect(readFileSync(join(at(kept as string), 'precious'), 'utf8')).toBe('old');
      expect(temporaries(folder)).toEqual([]);
      rmSync(at('app'));
      renameSync(at(kept as string), at('app'));
    }
  });
});

/** A process that is killed by itself when it has moved the old folder aside. */
function killBetweenRenames(dir: string): string {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const [module, dir] = process.argv.slice(1);
    const { rename } = fs.promises;
    fs.promises.rename = async (from, to) => {
      await rename(from, to);
      if (to.includes('old-')) process.kill(process.pid, 'SIGKILL');
    };
    syncBuiltinESMExports();
    const { unzipFile } = await import(module);
    await unzipFile('new.zip', dir, { overwrite: true });`;
  mkdirSync(at(dir));
  writeFileSync(join(at(dir), 'precious'), dir);
  const args = ['--input-type=module', '-e', script, module, dir];
  expect(spawnSync(process.execPath, args, { cwd: folder }).signal).toBe('SIGKILL');
  expect(existsSync(at(dir))).toBe(false);
  return temporaries(folder)[0] as string;
}

const age = (name: string, hours: number) => {
  const time = Date.now() / 1000 - hours * 3600;
  utimesSync(at(name), time, time);
};

describe('a folder of a killed run', () => {
  it.each([
    ['begins with the same 120 bytes', `${'x'.repeat(120)}-one`, `${'x'.repeat(120)}-two`],
    ['is the beginning of its name', 'app.new', 'app'],
    ['is of the same length', 'abc', 'abd'],
  ])('is not taken for the remains of another folder, whose name %s', async (_, name, other) => {
    const left = killBetweenRenames(name);
    age(left, 25);
    await unzipFile(at('new.zip'), at(other));
    await unzipFile(at('new.zip'), at(other), { overwrite: true });
    expect(readdirSync(at(other)).sort()).toEqual(['new.txt', 'sub']);
    expect(temporaries(folder)).toEqual([left]);
    await rejection(unzipFile(at('new.zip'), at(name)), 'ERR_FILE');
    expect(readFileSync(join(at(name), 'precious'), 'utf8')).toBe(name);
    expect(temporaries(folder)).toEqual([]);
  });

  it.runIf(isLinux)('is put back if its process number is in use again', async () => {
    const left = killBetweenRenames('app');
    // Of this process's parent, which is alive and did not start when the killed one did.
    renameSync(at(left), at(left.replace(/-\d+-0-/, `-${process.ppid}-0-`)));
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(readFileSync(at('app/precious'), 'utf8')).toBe('app');
    expect(temporaries(folder)).toEqual([]);
  });

  it.runIf(isLinux)('is put back if the machine has restarted', async () => {
    const left = killBetweenRenames('app');
    renameSync(at(left), at(left.replace(/_[0-9a-f]{12}_(\d+-\d+)-/, '_0123456789ab_$1-')));
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(readFileSync(at('app/precious'), 'utf8')).toBe('app');
  });

  it('by another machine is put back after a day, and not before', async () => {
    const left = killBetweenRenames('app');
    const foreign = left.replace(/_[0-9a-f]{16}_/, '_0123456789abcdef_');
    renameSync(at(left), at(foreign));
    age(foreign, 23);
    await unzipFile(at('new.zip'), at('app'));
    expect(temporaries(folder)).toEqual([foreign]);
    rmSync(at('app'), { recursive: true });
    age(foreign, 25);
    await rejection(unzipFile(at('new.zip'), at('app')), 'ERR_FILE');
    expect(readFileSync(at('app/precious'), 'utf8')).toBe('app');
  });

  it('is kept beside its place if the place is taken', async () => {
    killBetweenRenames('app');
    mkdirSync(at('app'));
    await unzipFile(at('new.zip'), at('app'));
    const kept = readdirSync(folder).find((name) => name.startsWith('app.before-'));
    expect(readFileSync(join(at(kept as string), 'precious'), 'utf8')).toBe('app');
    expect(temporaries(folder)).toEqual([]);
  });
});
