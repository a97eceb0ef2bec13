// Runs that are killed, and runs beside each other: there is always one whole file or the other.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decryptBundle, encryptBundle } from '../../../src/index.ts';
import { decryptFile, encryptFile } from '../../../src/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import {
  buildModule,
  type Child,
  type ChildJob,
  makeFolder,
  openIn,
  startChild,
  temporaries,
} from '../../support/files.ts';
import { runs } from '../../support/scope.ts';
import { keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const ROUNDS = runs(25);

// The sizes differ, so that the size of the output tells which one it is.
const one = bytesOf(2 ** 21 + 1);
const two = bytesOf(2 ** 20 + 2);
const old = bytesOf(1000);

const outside = makeFolder();
const root = makeFolder();
let module: string;
let count = 0;
let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  module = await buildModule(outside);
  for (const [name, plain] of Object.entries({ one, two })) {
    writeFileSync(join(outside, name), plain);
    const { bytes } = await encryptBundle(plain, { privateKey });
    writeFileSync(join(outside, `${name}.sealed`), bytes);
  }
});

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

afterEach(() => expect(openIn(folder)).toEqual([]));

afterAll(() => {
  for (const done of [outside, root]) rmSync(done, { recursive: true, force: true });
});

const CALLS = ['encryptFile', 'decryptFile'] as const;
type Call = (typeof CALLS)[number];

function job(call: Call, name: 'one' | 'two', output = at('out')): ChildJob {
  return call === 'encryptFile'
    ? { call, input: join(outside, name), output, options: { privateKey } }
    : { call, input: join(outside, `${name}.sealed`), output, options: { publicKey } };
}

const here = (call: Call, name: 'one' | 'two', output = at('out')): Promise<unknown> =>
  call === 'encryptFile'
    ? encryptFile(join(outside, name), output, { privateKey })
    : decryptFile(join(outside, `${name}.sealed`), output, { publicKey });

/** Which of the three it holds, whole; anything else fails. */
async function holds(call: Call, path: string): Promise<'old' | 'one' | 'two'> {
  const bytes = readFileSync(path);
  if (bytes.equals(old)) return 'old';
  const plain = call === 'encryptFile' ? await decryptBundle(bytes, { publicKey }) : bytes;
  const name = plain.length === one.length ? 'one' : 'two';
  expect(Buffer.compare(plain, name === 'one' ? one : two)).toBe(0);
  return name;
}

async function kill({ process: child, ended }: Child): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** Waits until a child has stopped itself in the middle of its work. */
async function stopped({ process: child }: Child): Promise<void> {
  for (let i = 0; i < 12_000; i++) {
    if (stateOf(child.pid as number).startsWith('T')) return;
    await sleep(5);
  }
  throw new Error('the child did not stop');
}

function stateOf(pid: number): string {
  if (process.platform === 'linux') {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '');
  }
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
}

describe.each(CALLS)('%s, killed', (call) => {
  it('at any moment leaves the old or the new file complete, and the next run cleans up', async () => {
    writeFileSync(at('out'), old, { mode: 0o600 });
    const found = new Set<string>();
    let left = 0;
    // Further on a slow machine, until a whole run has been seen too.
    const isEnough = () => found.size > 1 && left > 0;
    for (let round = 0; round < ROUNDS || (!isEnough() && round < 20 * ROUNDS); round++) {
      const orders = { jobs: [job(call, 'one'), job(call, 'two')], forever: true };
      const child = startChild(module, orders);
      await child.started;
      await sleep(Math.random() * 2 * (round + 1) * Math.max(1, round / ROUNDS) ** 2);
      await kill(child);
      const names = temporaries(folder);
      // One at the most: each run has taken away what the one before left.
      expect(names.length).toBeLessThanOrEqual(1);
      for (const name of names) {
        left++;
        expect(name).toMatch(/^\.out\..+\.bundleseal-tmp$/);
        // Not yet anyone else's to read; at the very end, of the mode of a file that is about to be there.
        expect(statSync(at(name)).mode & 0o077).toBe(0);
      }
      expect(readdirSync(folder).filter((name) => name !== 'out')).toEqual(names);
      found.add(await holds(call, at('out')));
    }
    // Else nothing was tried.
    expect(left).toBeGreaterThan(0);
    expect(found.size).toBeGreaterThan(1);
    await here(call, 'two');
    expect(await holds(call, at('out'))).toBe('two');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('without a previous file leaves no file or a complete one under the name', async () => {
    for (const stopAt of [0.2, 0.6, 1]) {
      const child = startChild(module, { jobs: [job(call, 'one')], stopAt });
      await stopped(child);
      await kill(child);
      expect(temporaries(folder).length).toBe(1);
      expect(readdirSync(folder)).toEqual(temporaries(folder));
    }
    await here(call, 'one');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('is cleaned up only by the next run for the same file', async () => {
    mkdirSync(at('sub'));
    const child = startChild(module, { jobs: [job(call, 'one')], stopAt: 0.5 });
    await stopped(child);
    await kill(child);
    const [name] = temporaries(folder);
    for (const other of ['out2', 'ou', 'out.x', 'x.out', '.out', join('sub', 'out')]) {
      await here(call, 'two', at(other));
      expect(temporaries(folder)).toEqual([name]);
    }
    // Also when that one is given by a link, or fails.
    symlinkSync(at('out'), at('link'));
    writeFileSync(at('out'), old);
    await here(call, 'two', at('link'));
    expect(temporaries(folder)).toEqual([]);
    expect(await holds(call, at('out'))).toBe('two');
  });
});

describe.each(CALLS)('%s beside another', (call) => {
  it('keeps the temporary file of a running process, and the last one wins', async () => {
    writeFileSync(at('out'), old);
    const child = startChild(module, { jobs: [job(call, 'one')], stopAt: 0.5 });
    await stopped(child);
    const [name] = temporaries(folder);
    expect(name).toBeDefined();
    expect(statSync(at(name as string)).mode & 0o777).toBe(0o600);
    await here(call, 'two');
    expect(await holds(call, at('out'))).toBe('two');
    expect(temporaries(folder)).toEqual([name]);
    child.process.kill('SIGCONT');
    const answer = await child.ended;
    expect(answer?.errors).toEqual([null]);
    expect(await holds(call, at('out'))).toBe('one');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('in many processes at once ends with one whole file', async () => {
    writeFileSync(at('out'), old);
    const jobs = Array.from({ length: 4 }, (_, i) => job(call, i % 2 === 0 ? 'one' : 'two'));
    const children = [1, 2, 3].map(() => startChild(module, { jobs }));
    const answers = await Promise.all(children.map(({ ended }) => ended));
    for (const answer of answers) expect(answer?.errors).toEqual([null, null, null, null]);
    expect(await holds(call, at('out'))).not.toBe('old');
    expect(readdirSync(folder)).toEqual(['out']);
  });
});

describe('a process', () => {
  it('ends as soon as its files are written', async () => {
    const jobs = [job('encryptFile', 'one'), job('decryptFile', 'two', at('opened'))];
    const child = startChild(module, { jobs });
    await child.started;
    // It does not end where a thread or a timer is left.
    const [code] = await once(child.process, 'exit');
    expect(code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['opened', 'out']);
  });

  it('of another user does not stop the run', async ({ skip }) => {
    if (process.getuid?.() !== 0) {
      console.warn('Files of another user: skipped, as only root can become one.');
      return skip();
    }
    // A folder where everyone may write and only the owner may remove, such as /tmp.
    for (const open of [outside, root, folder]) chmodSync(open, 0o755);
    mkdirSync(at('shared'));
    chmodSync(at('shared'), 0o1777);
    const output = join(at('shared'), 'out');
    const child = startChild(module, { jobs: [job('decryptFile', 'one', output)], stopAt: 0.5 });
    await stopped(child);
    await kill(child);
    const [name] = temporaries(at('shared'));
    expect(name).toBeDefined();
    const other = startChild(module, { jobs: [job('decryptFile', 'two', output)], user: 65_534 });
    expect((await other.ended)?.errors).toEqual([null]);
    expect(await holds('decryptFile', output)).toBe('two');
    expect(readdirSync(at('shared')).sort()).toEqual([name, 'out']);
    await here('decryptFile', 'one', output);
    expect(readdirSync(at('shared'))).toEqual(['out']);
  });
});
