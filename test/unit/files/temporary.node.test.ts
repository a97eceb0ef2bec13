// Names of temporary files: which process wrote a file, and whether the next call may remove it. As on Linux, which says
// when a process started.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { holdFolder } from '../../../src/files/held-folder.ts';
import {
  cleanTemporaries,
  cutName,
  fateOfTemporary,
  forgetTemporary,
  isTemporary,
  nameTemporary,
  temporariesOf,
} from '../../../src/files/temporary.ts';
import { makeFolder } from '../../support/files.ts';

const SUFFIX = '.bundleseal-tmp';
const HOUR = 60 * 60 * 1000;
const NAME = 'app.sealed';

const isLinux = process.platform === 'linux';
const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** When a process started, as Linux says it. */
function startOf(pid: number): string {
  if (!isLinux) return '0';
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.replace(/^.*\) /s, '').split(' ')[19] as string;
}

interface Parts {
  readonly place: string;
  readonly boot: string;
  readonly start: string;
  readonly pid: string;
  readonly thread: string;
}

const made = await nameTemporary(NAME);
forgetTemporary(made);
const PARTS =
  /^\.app\.sealed\.([0-9a-f]{16})_([0-9a-f]{16})_([0-9a-f]+)_(\d+)-(\d+)-(\d+)-[0-9a-f]{12}\.bundleseal-tmp$/;
const [, hash, place, boot, start, pid, thread] = PARTS.exec(made) as unknown as string[];
const own = { place, boot, start, pid, thread } as unknown as Parts;

/** The temporary name that another process would make. */
function nameOf(changes: Partial<Parts>): string {
  const { place, boot, start, pid, thread } = { ...own, ...changes };
  return `.${NAME}.${hash}_${place}_${boot}_${start}-${pid}-${thread}-0123456789ab${SUFFIX}`;
}

// A process that runs as long as its input is open.
const child = spawn('sh', ['-c', 'read line'], { stdio: ['pipe', 'ignore', 'ignore'] });
afterAll(() => child.stdin.end());
const running = { pid: String(child.pid), start: startOf(child.pid as number) };
// Above the largest number of a process on Linux.
const nobody = { pid: String(2 ** 22 + 1) };

describe('a temporary name', () => {
  it('names its process and thread, is unique, and is known as one', async () => {
    expect(own.pid).toBe(String(process.pid));
    if (isLinux) expect(own.start).toBe(startOf(process.pid));
    if (isLinux) expect(own.boot).toMatch(/^[0-9a-f]{12}$/);
    const other = await nameTemporary(NAME);
    expect(other).not.toBe(made);
    expect([isTemporary(other), isTemporary(NAME)]).toEqual([true, false]);
    expect(isTemporary(`app${SUFFIX}`)).toBe(false);
    expect(isTemporary('.app.txt')).toBe(false);
    forgetTemporary(other);
  });

  it.each(['x'.repeat(255), 'ü'.repeat(127), `x${'🙂'.repeat(63)}`])(
    'of a long name has at most 255 bytes, and no half character: %s',
    async (long) => {
      const name = await nameTemporary(long);
      forgetTemporary(name);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(name).not.toContain('\uFFFD');
      expect(long.startsWith(cutName(long))).toBe(true);
      expect(Buffer.byteLength(cutName(long))).toBeGreaterThan(116);
      expect(await fateOfTemporary(long, name)).toBe('gone');
      // Another name with the same beginning.
      expect(await fateOfTemporary(long.slice(0, -1), name)).toBe('unknown');
    },
  );
});

describe.runIf(isLinux)('the process that wrote a temporary file', () => {
  const fates: [string, Partial<Parts>, string][] = [
    ['of this thread, which has ended its work, is gone', {}, 'gone'],
    ['of another thread of this process is unknown', { thread: '999' }, 'unknown'],
    [
      'with the number of this process, but of another start, is gone',
      { thread: '999', start: '1' },
      'gone',
    ],
    ['that runs is alive', running, 'alive'],
    ['whose number another process has now is gone', { ...running, start: '1' }, 'gone'],
    ['that runs and whose start is not known is unknown', { ...running, start: '0' }, 'unknown'],
    ['that has ended is gone', nobody, 'gone'],
    ['that has ended and whose start is not known is gone', { ...nobody, start: '0' }, 'gone'],
    ['of another machine is unknown', { ...nobody, place: '0123456789abcdef' }, 'unknown'],
    ['that ran before a restart is gone', { ...running, boot: '0123456789ab' }, 'gone'],
    ['that does not know of a restart is alive if it runs', { ...running, boot: '0' }, 'alive'],
    ['that has no number is unknown', { pid: 'x' }, 'unknown'],
  ];

  it.each(fates)('%s', async (_, changes, fate) => {
    expect(await fateOfTemporary(NAME, nameOf(changes))).toBe(fate);
  });

  it('is alive while this thread writes the file', async () => {
    const name = await nameTemporary(NAME);
    expect(await fateOfTemporary(NAME, name)).toBe('alive');
    forgetTemporary(name);
    expect(await fateOfTemporary(NAME, name)).toBe('gone');
  });

  it('is unknown if the name is another one', async () => {
    const name = nameOf(nobody);
    for (const other of [
      name.replace(NAME, 'other'),
      name.replace(SUFFIX, '.bundleseal-not'),
      `x${name}`,
      name.replace(`_${own.place}`, `_x${own.place}`),
      name.replace('-0123456789ab', '-0123456789a'),
      name.replace('-0123456789ab', '-0123456789abc'),
    ]) {
      expect(await fateOfTemporary(NAME, other)).toBe('unknown');
    }
    expect(await fateOfTemporary('other', name)).toBe('unknown');
  });
});

describe.runIf(isLinux)('the next call that writes the same file', () => {
  beforeEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });

  const put = (name: string, hours = 0) => {
    writeFileSync(join(folder, name), 'left');
    const then = new Date(Date.now() - hours * HOUR);
    utimesSync(join(folder, name), then, then);
  };

  it('removes the files of ended processes, and old ones of unknown processes', async () => {
    const gone = nameOf(nobody);
    const living = nameOf(running);
    const distant = nameOf({ place: '0123456789abcdef' });
    const older = nameOf({ place: '0123456789abcdee' });
    const others = [gone.replace(NAME, 'other'), `.${NAME}.mine${SUFFIX}`, nameOf({ pid: 'x' })];
    const mine = await nameTemporary(NAME);
    put(gone);
    put(living, 1000);
    put(distant, 23);
    put(older, 25);
    put(mine, 1000);
    for (const name of others) put(name, 1000);
    const held = await holdFolder(folder, folder);
    try {
      const all = [gone, living, distant, older, mine, nameOf({ pid: 'x' })];
      expect((await temporariesOf(held, NAME)).sort()).toEqual(all.sort());
      await cleanTemporaries(held, NAME);
      const kept = [living, distant, mine, ...others];
      expect(readdirSync(folder).sort()).toEqual(kept.sort());
    } finally {
      forgetTemporary(mine);
      await held.close();
    }
  });

  it('goes on if one of them cannot be removed', async () => {
    const names = [nameOf(nobody), nameOf({ ...nobody, thread: '7' })];
    for (const name of names) put(name);
    const held = await holdFolder(folder, folder);
    const asked: string[] = [];
    await cleanTemporaries(held, NAME, async (name) => {
      asked.push(name);
      throw new Error('EPERM');
    });
    await held.close();
    expect(asked.sort()).toEqual(names.sort());
  });
});
