// Every call to the file system fails once, in every release command that writes. Each run ends with a documented error,
// and leaves a store that devices can use: the old index or the new one, with all its objects.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishRelease, verifyStore } from '../../../../src/node.ts';
import { DOCUMENTED_CODES, makeFaultBench } from '../../../support/cli-faults.ts';
import { APP, buildOf, channelOf, NOW, privateKey, publicKey } from '../../../support/publish.ts';
import { runs } from '../../../support/scope.ts';
import { keyA } from '../../../support/vectors.ts';

// A run that takes away what it made can't do so when that is the call that fails, or the one that tells it to be its own.
const REMOVALS = /^(rm|unlink|rmdir|lstat|readFile)$/;
// Of each command; EVERY_CALL=1 in the environment runs all.
const MAX_RUNS = runs(6);

const { template, folder, run, each, remove } = makeFaultBench();

beforeAll(async () => {
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(join(template, name, '..'), { recursive: true });
    writeFileSync(join(template, name), content);
  };
  put('.bundleseal_key', privateKey);
  put('.bundleseal_key.pub', publicKey);
  put('recovery', keyA.pkcs8);
  put('capacitor.config.json', JSON.stringify({ appId: APP }));
  put('package.json', '{ "version": "2.0.0" }');
  for (const n of [1, 2]) {
    for (const [path, bytes] of Object.entries(buildOf(n))) put(`build${n}/${path}`, bytes);
  }
  const store = join(template, 'store');
  await publishRelease(join(template, 'build1'), { ...channelOf(store), version: '1.0.0' });
  // Nothing names it, and it is older than the seven days for which an object may wait for its index.
  put(`store/objects/${'0'.repeat(64)}.sealed`, 'x');
});

afterAll(remove);

const STORE = ['--store', 'store'];
const CHANNEL = [...STORE, '--channel', 'production'];

describe('a call to the file system that fails', () => {
  it.each<[string, readonly string[]]>([
    ['publish', ['publish', 'build2', ...CHANNEL]],
    [
      'publish in full',
      [
        'publish',
        'build2',
        '--store',
        'out',
        '--from',
        'store',
        '--channel',
        'production',
        '--out',
        'full',
      ],
    ],
    [
      'keys',
      [
        'keys',
        '--store',
        'keys',
        '--recovery-key',
        'recovery',
        '--public-key',
        '.bundleseal_key.pub',
      ],
    ],
    ['rollout', ['rollout', '25%', ...CHANNEL]],
    ['withdraw', ['withdraw', '1.0.0', ...CHANNEL]],
    ['promote', ['promote', '--from-channel', 'production', ...STORE, '--channel', 'beta']],
    ['refresh', ['refresh', ...CHANNEL]],
    ['list', ['list', '--from', 'store', '--channel', 'production']],
    ['verify', ['verify', '--from', 'store']],
    ['prune', ['prune', ...STORE]],
    ['stamp', ['stamp', 'build2', ...CHANNEL]],
    ['id', ['id', 'build2']],
  ])('in release %s leaves a store that devices can use', async (_, command) => {
    const args = ['release', ...command];
    const whole = await run(args, 0, '');
    expect(whole.exit, whole.said).toBe(0);
    await each(args, whole.calls, MAX_RUNS, async ({ exit, said, failed }, told) => {
      expect([0, 1], told).toContain(exit);
      expect(said, told).not.toMatch(/\n\s+at |node:internal|simulated|PRIVATE KEY/);
      const [, name] = /^ {2}(ERR_[A-Z_]+)$/m.exec(said) ?? [];
      // What verify finds is a result and no error.
      if (exit === 1 && !args.includes('verify')) expect(DOCUMENTED_CODES, told).toContain(name);
      await expectUsable(told);
      if (!REMOVALS.test(failed)) expect(leftovers(), told).toEqual([]);
    });
  });
});

async function expectUsable(told: string): Promise<void> {
  const options = { from: join(folder, 'store'), appId: APP, publicKey, now: NOW };
  expect((await verifyStore(options)).problems, told).toEqual([]);
}

function leftovers(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.bundleseal-tmp$|\.publish\.lock$|^tmp\/./.test(name));
}
