// Publishers that are killed. Apart from the other tests of locks, because these take a minute.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../../build/inline-worker.js';
import {
  APP,
  buildOf,
  expectWholeStore,
  newFolder,
  privateKey,
  publishBuild,
  readIndexOf,
  writeBuild,
} from '../../support/publish.ts';
import { runs } from '../../support/scope.ts';

describe('a publisher that is killed', () => {
  let program = '';
  beforeAll(async () => {
    // Kept until the tests end: no folder of `newFolder`, which goes with each test.
    const outfile = join(import.meta.dirname, '../../../node_modules/.publisher', 'publisher.mjs');
    await build({
      stdin: {
        contents: `import { publishRelease } from './src/node.ts';
          const [dir, options] = process.argv.slice(2);
          process.stdout.write('begun');
          await publishRelease(dir, JSON.parse(options));`,
        resolveDir: join(import.meta.dirname, '../../..'),
        loader: 'ts',
      },
      ...{ outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' },
      plugins: [inlineWorkers()],
    });
    program = outfile;
  });
  afterAll(() => rmSync(dirname(program), { recursive: true, force: true }));

  it('leaves a store that every device can use, at any moment of the kill', async () => {
    const store = newFolder();
    await publishBuild(store, 0, { now: Date.now() });
    /** Starts a publisher, and waits until it begins to publish. */
    const start = async (round: number) => {
      const options = { store, channel: 'production', privateKey, appId: APP, patches: 2, keep: 3 };
      const args = JSON.stringify({ ...options, version: `1.0.${round}` });
      const child = spawn(process.execPath, [program, await writeBuild(buildOf(round)), args]);
      const ended = once(child, 'close');
      await Promise.race([once(child.stdout, 'data'), ended]);
      return { child, ended };
    };
    const whole = await start(98);
    const begun = performance.now();
    await whole.ended;
    // The moments of the kills reach from the first one to beyond the last, however fast this machine is.
    const span = (performance.now() - begun) * 1.2;
    let last = (await expectWholeStore(store, 'production', new Date())).sequence;
    expect(last).toBe(2);
    let killed = 0;
    const rounds = runs(24);
    for (let round = 1; round <= rounds; round++) {
      const { child, ended } = await start(round);
      await sleep(((round - 1) / rounds) * span);
      if (child.kill('SIGKILL')) killed += 1;
      await ended;
      const index = await expectWholeStore(store, 'production', new Date());
      expect(index.sequence).toBeGreaterThanOrEqual(last);
      last = index.sequence;
    }
    expect(killed).toBeGreaterThan(0);
    const { index } = await publishBuild(store, 99, { now: Date.now() });
    expect(index.sequence).toBe(last + 1);
    expect((await readIndexOf(store, 'production', new Date())).releases[0]?.version).toBe(
      '1.0.99',
    );
  });
});
