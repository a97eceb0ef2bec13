// Faults of the file system at any call, and disks that are full or read-only: existing files keep every byte.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundleSealError } from '../../../src/index.ts';
import { decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildModule,
  type FileSystemHooks,
  makeFolder,
  onFileSystem,
  openIn,
  snapshot,
  startChild,
  temporaries,
} from '../../support/files.ts';
import { everyNth } from '../../support/scope.ts';
import {
  OLD,
  plain,
  privateKey,
  publicKey,
  useSealedFiles,
  WAYS,
} from '../../support/sealed-files.ts';

const { here, at } = useSealedFiles();

/** A file of zeros that takes no place on the disk. */
function emptyFile(name: string, size: number): void {
  writeFileSync(at(name), '');
  truncateSync(at(name), size);
}

describe.each(WAYS)('a fault of the file system while a file is %s', (_, inputName, run) => {
  /** Every call from one on, or each `step`th, fails in turn; `check` sees what came of it. */
  async function failEach(
    code: string,
    check: (call: string, error: unknown, replaced: boolean) => void,
    { from = 1, step = 1 } = {},
  ): Promise<string[]> {
    await run(at(inputName), at('out'));
    const seen: string[] = [];
    for (let k = from; ; k += step) {
      writeFileSync(at('out'), OLD);
      const before = snapshot(here());
      let calls = 0;
      let failed: string | undefined;
      const fault = Object.assign(new Error(`${code}: made for the test`), { code });
      const fail = (name: string, args: unknown[]) => {
        if (++calls !== k) return undefined;
        // Holding the folder that the output goes into: without that its path is used.
        const isHolding = args[0] === here() || /^\/proc\/self\/fd\/\d+$/.test(String(args[0]));
        failed = isHolding ? `hold by ${name}` : name;
        return fault;
      };
      const error = await onFileSystem({ before: fail }, () => run(at(inputName), at('out'))).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (failed === undefined) return seen;
      seen.push(failed);
      const label = `${failed}, call ${k}: ${(error as Error | undefined)?.message}`;
      expect(temporaries(here()), label).toEqual([]);
      expect(openIn(here()), label).toEqual([]);
      if (error !== undefined) {
        // An error says that nothing has happened.
        expect(snapshot(here()), label).toEqual(before);
        expect(error, label).toBeInstanceOf(BundleSealError);
        expect((error as BundleSealError).code, label).toBe('ERR_FILE');
        expect([at(inputName), at('out')], label).toContain((error as BundleSealError).path);
        expect((error as BundleSealError).cause, label).toBe(fault);
      }
      check(label, error, error === undefined);
    }
  }

  it('is ERR_FILE with its cause, and the previous file does not change', async () => {
    const tolerated: string[] = [];
    const seen = await failEach('EIO', (call, _error, replaced) => {
      if (replaced) tolerated.push(call);
    });
    expect(seen.length).toBeGreaterThan(15);
    expect(seen).toContain('rename');
    // Nothing that reading, writing and flushing say is passed over.
    const grave = /^(handle\.)?(open|read|write|stat|fstat|chmod|sync|fsync|rename)\b/;
    const atEnd = seen.indexOf('rename');
    const first = seen.slice(0, atEnd + 1).filter((name) => grave.test(name)).length;
    const passed = tolerated.filter((label) => Number(/call (\d+)/.exec(label)?.[1]) <= atEnd + 1);
    expect(first).toBeGreaterThan(10);
    expect(passed.filter((label) => grave.test(label))).toEqual([]);
  });

  const CODES = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE', 'EBUSY'];

  it.each(CODES)('such as %s says what to do', async (code) => {
    // Each code fails other calls. The long run fails each call with each code.
    const starts = CODES.map((_each, i) => i + 1);
    for (const from of everyNth(starts, CODES.length, CODES.indexOf(code))) {
      const options = { from, step: CODES.length };
      const seen = await failEach(
        code,
        (label, error) => {
          if (error === undefined) return;
          expect((error as Error).message, label).toMatch(/make room|choose|check|close/);
        },
        options,
      );
      expect(seen).not.toEqual([]);
    }
  });

  it('during the clean-up does not hide the first one', async () => {
    const first = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const second = Object.assign(new Error('EIO'), { code: 'EIO' });
    const before = (name: string) => {
      if (/^(handle\.)?write$/.test(name)) return first;
      return /^(rm|unlink|handle\.close)$/.test(name) ? second : undefined;
    };
    const work = onFileSystem({ before }, () => run(at(inputName), at('out')));
    expect((await rejection(work, 'ERR_FILE')).cause).toBe(first);
    expect(readFileSync(at('out')).equals(OLD)).toBe(true);
    // Left by a run that is over: the next one takes it away.
    expect(temporaries(here()).length).toBe(1);
    await run(at(inputName), at('out'));
    expect(temporaries(here())).toEqual([]);
  });
});

describe('a disk', () => {
  const outside = makeFolder();
  let module: string;

  beforeAll(async () => {
    chmodSync(outside, 0o755);
    module = await buildModule(outside);
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  interface Disk {
    readonly folder: string;
    /** Runs what meets this disk. */
    readonly on: (work: () => Promise<unknown>) => Promise<unknown>;
    readonly isReal: boolean;
    /** Mounts it anew with these options; a made-up one has no faults from then on. */
    change(options: string): void;
    remove(): void;
  }

  /**
   * A file system of its own. Where this user may not mount one: in CI, where nothing is left out, a folder with
   * `faults`, else nothing.
   */
  function mount(options: string, faults: FileSystemHooks): Disk | undefined {
    const place = at('disk');
    mkdirSync(place);
    try {
      const how = ['-t', 'tmpfs', '-o', options, 'tmpfs', place];
      execFileSync('mount', how, { stdio: 'ignore' });
    } catch {
      if (process.env['CI'] === undefined) {
        console.warn('A full disk: skipped, as this user may not mount one. Run as root for it.');
        return undefined;
      }
      let isFaulty = true;
      return {
        folder: place,
        isReal: false,
        on: (work) => (isFaulty ? onFileSystem(faults, work) : work()),
        change: () => {
          isFaulty = false;
        },
        remove: () => {},
      };
    }
    return {
      folder: place,
      isReal: true,
      on: (work) => work(),
      change: (more) => execFileSync('mount', ['-o', `remount,${more}`, place]),
      remove: () => execFileSync('umount', [place]),
    };
  }

  const noSpace = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

  it('that is full leaves the old file whole, and works again with room', async ({ skip }) => {
    const before = (name: string, args: unknown[]) =>
      name === 'write' && (args[4] as number) > 2 ** 20 ? noSpace : undefined;
    const disk = mount('size=1m', { before });
    if (disk === undefined) return skip();
    const out = join(disk.folder, 'out');
    try {
      const large = bytesOf(3 * 2 ** 20);
      writeFileSync(at('large'), large);
      await encryptFile(at('large'), at('large.sealed'), { privateKey });
      writeFileSync(out, OLD);
      for (const work of [
        () => encryptFile(at('large'), out, { privateKey }),
        () => decryptFile(at('large.sealed'), out, { publicKey }),
        () => encryptFile(at('large'), join(disk.folder, 'new'), { privateKey }),
      ]) {
        const error = await rejection(disk.on(work), 'ERR_FILE');
        expect((error.cause as NodeJS.ErrnoException).code).toBe('ENOSPC');
        expect(error.message).toContain('make room');
        expect(readdirSync(disk.folder)).toEqual(['out']);
        expect(readFileSync(out).equals(OLD)).toBe(true);
        expect(openIn(disk.folder)).toEqual([]);
      }
      disk.change('size=8m');
      await disk.on(() => decryptFile(at('large.sealed'), out, { publicKey }));
      expect(Buffer.compare(readFileSync(out), large)).toBe(0);
    } finally {
      disk.remove();
    }
  });

  it.for([
    ['without room for one more name', 'nr_inodes=2', 'ENOSPC'],
    ['that is read-only', 'ro', 'EROFS'],
  ] as const)('%s is refused', async ([, options, code], { skip }) => {
    const fault = Object.assign(new Error(code), { code });
    const before = (name: string, args: unknown[]) =>
      name === 'open' && args[1] === 'wx' ? fault : undefined;
    const disk = mount(options === 'ro' ? 'size=1m' : options, { before });
    if (disk === undefined) return skip();
    const out = join(disk.folder, 'out');
    try {
      writeFileSync(out, OLD);
      if (options === 'ro' && disk.isReal) disk.change('ro');
      const work = () => encryptFile(at('plain'), out, { privateKey });
      const error = await rejection(disk.on(work), 'ERR_FILE');
      expect((error.cause as NodeJS.ErrnoException).code).toBe(code);
      expect(readdirSync(disk.folder)).toEqual(['out']);
      expect(readFileSync(out).equals(OLD)).toBe(true);
    } finally {
      disk.remove();
    }
  });

  it.skipIf(process.platform === 'win32')(
    'that accepts no file of this size keeps the old one',
    async () => {
      const large = bytesOf(3 * 2 ** 20);
      writeFileSync(at('large'), large);
      await encryptFile(at('large'), at('large.sealed'), { privateKey });
      const jobs = [
        ['encryptFile', 'large', 'out', { privateKey }],
        ['decryptFile', 'large.sealed', 'out', { publicKey }],
        ['encryptFile', 'large', 'new', { privateKey }],
        ['encryptFile', 'plain', 'small', { privateKey }],
      ].map(([call, input, output, options]) => ({
        call: call as 'encryptFile',
        input: at(input as string),
        output: at(output as string),
        options: options as object,
      }));
      const before = snapshot(here());
      const answer = await startChild(module, { jobs }, 2 ** 20).ended;
      const codes = answer?.errors.map((error) => [error?.code, error?.cause]);
      const tooLarge = ['ERR_FILE', 'EFBIG'];
      expect(codes).toEqual([tooLarge, tooLarge, tooLarge, [undefined, undefined]]);
      rmSync(at('small'));
      expect(snapshot(here())).toEqual(before);
    },
  );

  it('that another user owns does not change', async ({ skip }) => {
    if (process.getuid?.() !== 0) {
      console.warn('Files of another user: skipped, as only root can become one.');
      return skip();
    }
    const NOBODY = 65_534;
    chmodSync(dirname(here()), 0o755);
    chmodSync(at('plain'), 0o644);
    mkdirSync(at('open'));
    mkdirSync(at('shared'));
    mkdirSync(at('drop'));
    chmodSync(at('drop'), 0o733);
    chmodSync(at('open'), 0o777);
    chmodSync(at('shared'), 0o1777);
    writeFileSync(at('secret'), plain, { mode: 0o600 });
    writeFileSync(join(at('shared'), 'out'), OLD);
    const jobs = [
      // The input is not theirs to read, the folder not theirs to write, the file not theirs to replace.
      ['secret', 'open/new'],
      ['plain', 'new'],
      ['plain', 'out'],
      ['plain', 'shared/out'],
      ['plain', 'open/new'],
      // A folder that others may write into and not look into.
      ['plain', 'drop/new'],
    ].map(([input, output]) => ({
      call: 'encryptFile' as const,
      input: at(input as string),
      output: at(output as string),
      options: { privateKey },
    }));
    const before = snapshot(here());
    const answer = await startChild(module, { jobs, user: NOBODY }).ended;
    const codes = answer?.errors.map((error) => error && [error.code, error.cause]);
    expect(codes?.slice(0, 3)).toEqual(Array(3).fill(['ERR_FILE', 'EACCES']));
    expect(codes?.[3]).toEqual(['ERR_FILE', 'EPERM']);
    expect(codes?.slice(4)).toEqual([null, null]);
    expect(answer?.errors[0]?.message).toContain('permissions');
    for (const name of ['open', 'drop']) expect(readdirSync(at(name))).toEqual(['new']);
    expect(readdirSync(at('shared'))).toEqual(['out']);
    expect(readFileSync(join(at('shared'), 'out')).equals(OLD)).toBe(true);
    expect(snapshot(here())).toEqual(before);
  });

  it('holds files of any size in the same memory', async () => {
    emptyFile('small', 2 ** 22);
    emptyFile('large', 200 * 2 ** 20);
    const memoryFor = async (name: string) => {
      const [sealedName, openedName] = [`${name}.sealed`, `${name}.opened`];
      const jobs = [
        {
          call: 'encryptFile' as const,
          input: at(name),
          output: at(sealedName),
          options: { privateKey },
        },
        {
          call: 'decryptFile' as const,
          input: at(sealedName),
          output: at(openedName),
          options: { publicKey },
        },
      ];
      const answer = await startChild(module, { jobs }).ended;
      expect(answer?.errors).toEqual([null, null]);
      for (const done of [sealedName, openedName]) rmSync(at(done));
      return (answer?.maxMemory ?? Number.NaN) / 1024;
    };
    const [small, large] = [await memoryFor('small'), await memoryFor('large')];
    // In MiB. The second thread of the large one has a heap of its own, and the collector of garbage takes its time if the
    // machine is busy.
    expect(large - small).toBeLessThan(150);
  });
});
