// The fuzzer itself, in a thread of its own.

import { readCorpus } from './corpus.ts';
import { watchCoverage } from './coverage.ts';
import { holds } from './hold.ts';
import { createRandom, mutate } from './mutate.ts';
import { TARGETS } from './targets.ts';

/** The memory that the thread shares with its observer: its position, and the present input. */
export interface Shared {
  /** Inputs tried; and the length of the present one. */
  readonly state: Int32Array;
  readonly input: Uint8Array;
}

export interface Report {
  readonly tried: number;
  readonly reached: number;
  readonly kept: readonly Uint8Array[];
  readonly finding?: { readonly input: Uint8Array; readonly what: string };
}

/** Fuzzes one target until the time is over or something is found. */
export async function fuzz(
  name: string,
  { home, seed, milliseconds }: { home: string; seed: number; milliseconds: number },
  shared: Shared,
): Promise<Report> {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`no such target: ${name}`);
  const random = createRandom(seed);
  const words = (target.words ?? []).map((word) => new TextEncoder().encode(word));
  const coverage = await watchCoverage((url) => url.endsWith('fuzz-bundle.mjs'));
  const pool: Uint8Array[] = [];
  const kept: Uint8Array[] = [];
  let tried = 0;
  let finding: Report['finding'];
  const attempt = async (input: Uint8Array): Promise<boolean> => {
    shared.input.set(input.subarray(0, shared.input.length));
    Atomics.store(shared.state, 1, input.length);
    Atomics.add(shared.state, 0, 1);
    tried++;
    const what = await holds(target, input);
    if (what !== undefined) finding = { input, what };
    return coverage.grew();
  };
  for (const input of [...(await target.seeds()), ...readCorpus(home, name).values()]) {
    await attempt(input);
    pool.push(input);
  }
  const end = Date.now() + milliseconds;
  while (Date.now() < end && finding === undefined) {
    const input = mutate(pool, words, random);
    if (!(await attempt(input))) continue;
    pool.push(input);
    kept.push(input);
  }
  await coverage.stop();
  return { tried, reached: coverage.size, kept, ...(finding && { finding }) };
}
