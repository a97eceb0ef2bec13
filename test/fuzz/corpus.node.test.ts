// Every input that was kept, and changes of them that are the same in every run.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runs } from '../support/scope.ts';
import { readCorpus } from './corpus.ts';
import { holds } from './hold.ts';
import { createRandom, mutate } from './mutate.ts';
import { TARGETS, type Target } from './targets.ts';

const HOME = join(import.meta.dirname, 'corpus');
const CHANGES = runs(300);

describe.each(Object.entries(TARGETS))('the target %s', (name, target) => {
  const corpus = readCorpus(HOME, name);

  it('has a corpus and passes on all of it', async () => {
    expect(corpus.size).toBeGreaterThan(0);
    for (const [file, input] of corpus) expect(await holds(target, input), file).toBeUndefined();
  });

  it('passes on its seeds and on mutations of them', async () => {
    const seeds = await target.seeds();
    for (const seed of seeds) expect(await holds(target, seed)).toBeUndefined();
    const random = createRandom(name.length);
    const words = (target.words ?? []).map((word) => new TextEncoder().encode(word));
    const pool = [...seeds, ...corpus.values()];
    for (let i = 0; i < (target.isSlow ? CHANGES / 10 : CHANGES); i++) {
      const input = mutate(pool, words, random);
      expect(await holds(target, input), Buffer.from(input).toString('base64')).toBeUndefined();
    }
  });
});

describe('the properties of every target', () => {
  const target = (run: () => unknown): Target => ({
    run,
    seeds: async () => [],
    memory: () => 1000,
  });
  const input = new Uint8Array(10);

  it.each<[string, () => unknown, RegExp | undefined]>([
    ['nothing', () => {}, undefined],
    ['a RangeError', () => Promise.reject(new RangeError('options.x')), undefined],
    [
      'an error of another kind',
      () => {
        throw new SyntaxError('x');
      },
      /threw SyntaxError/,
    ],
    ["a fault of the language's", () => (undefined as unknown as () => void)(), /threw TypeError/],
    [
      'too much recursion',
      function again(): unknown {
        return [again()];
      },
      /threw RangeError/,
    ],
    ['much memory', () => new Uint8Array(1001), /asked for 1001 bytes/],
    [
      'much memory, later',
      async () => {
        await undefined;
        return new Uint8Array(1001);
      },
      /asked for 1001/,
    ],
    [
      'much time',
      () => {
        const start = process.cpuUsage();
        for (let used = 0; used < 1_010_000; ) {
          const { user, system } = process.cpuUsage(start);
          used = user + system;
        }
      },
      /took \d+ ms/,
    ],
  ])('tells of %s', async (_, run, said) => {
    const found = await holds(target(run), input);
    if (said === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(said);
  });
});
