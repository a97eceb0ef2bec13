// Publishers in any order: whatever they do, every device can use the store, and no release is lost.

import { cpSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  promote,
  prune,
  publishRelease,
  refresh,
  setRollout,
  verifyStore,
  withdraw,
} from '../../src/node.ts';
import type { ReleaseIndex } from '../../src/release.ts';
import {
  APP,
  buildOf,
  channelOf,
  indexBytes,
  NOW,
  newFolder,
  publicKey,
  readIndexOf,
  writeBuild,
} from '../support/publish.ts';
import { runs } from '../support/scope.ts';

const CHANNELS = ['production', 'beta'] as const;
const BUILDS = 5;
const DAY = 24 * 3_600_000;

interface Step {
  readonly kind: 'publish' | 'promote' | 'withdraw' | 'rollout' | 'refresh' | 'prune' | 'wait';
  readonly channel: (typeof CHANNELS)[number];
  readonly build: number;
  readonly share: number;
  readonly keep: number;
  readonly days: number;
  /** Whether the publisher writes into an empty folder of its own, which is copied into the store afterwards. */
  readonly isApart: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['publish', 'publish', 'publish', 'promote', 'withdraw', 'rollout'] as const),
    ...(['refresh', 'prune', 'wait'] as const),
  ),
  channel: fc.constantFrom(...CHANNELS),
  build: fc.integer({ min: 1, max: BUILDS }),
  share: fc.constantFrom(0, 250, 1000),
  keep: fc.integer({ min: 1, max: 4 }),
  days: fc.integer({ min: 1, max: 40 }),
  isApart: fc.boolean(),
});

it('a store stays consistent after any sequence of changes', async () => {
  const builds: string[] = [];
  for (let n = 0; n <= BUILDS; n++) builds.push(await writeBuild(buildOf(n)));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
      const store = newFolder();
      let clock = NOW.getTime();
      const seen = new Map<string, ReleaseIndex[]>(CHANNELS.map((name) => [name, []]));
      for (const one of steps) {
        if (one.kind === 'wait') clock += one.days * DAY;
        else await change(store, one, builds, clock);
        for (const channel of CHANNELS) await checkChannel(store, channel, clock, seen);
      }
      const verified = verifyStore({ from: store, appId: APP, publicKey, now: NOW });
      if ([...seen.values()].every((indexes) => indexes.length === 0)) {
        await expect(verified).rejects.toThrow(/has no index of any channel/);
        return;
      }
      expect((await verified).problems).toEqual([]);
    }),
    { numRuns: runs(30) },
  );
}, 600_000);

/** Does the step; where the store's state does not allow it, nothing may have changed. */
async function change(
  store: string,
  { kind, channel, build, share, keep, isApart }: Step,
  builds: readonly string[],
  clock: number,
): Promise<void> {
  const version = `1.0.${build}`;
  const before = stateOf(store);
  const out = isApart ? newFolder() : store;
  const options = { ...channelOf(out, { channel, now: clock }), ...(isApart && { from: store }) };
  const other = channel === 'beta' ? 'production' : 'beta';
  try {
    switch (kind) {
      case 'publish':
        await publishRelease(builds[build] as string, {
          ...options,
          version,
          keep,
          rollout: share,
        });
        break;
      case 'promote':
        await promote({ ...options, fromChannel: other, keep });
        break;
      case 'withdraw':
        await withdraw({ ...options, release: version });
        break;
      case 'rollout':
        await setRollout({ ...options, rollout: share });
        break;
      case 'refresh':
        await refresh({ ...options, expiresIn: (keep * 10 + 1) * DAY });
        break;
      case 'prune':
        for (const name of readdirSync(join(store, 'objects'))) {
          utimesSync(join(store, 'objects', name), 0, 0);
        }
        await prune({ store, appId: APP, publicKey, now: clock });
        break;
      case 'wait':
    }
    if (isApart) cpSync(out, store, { recursive: true });
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(ERR_STORE|ENOENT)$/) });
    expect(stateOf(store)).toEqual(before);
  }
}

function stateOf(store: string): readonly string[] {
  return readdirSync(store, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.sealed'))
    .sort();
}

async function checkChannel(
  store: string,
  channel: string,
  clock: number,
  seen: Map<string, ReleaseIndex[]>,
): Promise<void> {
  try {
    indexBytes(store, channel);
  } catch {
    return;
  }
  const index = await readIndexOf(store, channel, NOW);
  const earlier = seen.get(channel) as ReleaseIndex[];
  const before = earlier.at(-1);
  if (before !== undefined && before.sequence === index.sequence) expect(index).toEqual(before);
  else {
    expect(index.sequence).toBe((before?.sequence ?? 0) + 1);
    expect(index.issuedAt >= (before?.issuedAt ?? '')).toBe(true);
    for (const id of before?.withdrawn ?? []) expect(index.withdrawn).toContain(id);
    earlier.push(index);
  }
  // A device may still have any index that has not expired.
  const objects = new Set(stateOf(store));
  const now = new Date(clock).toISOString();
  for (const { releases } of earlier.filter((one) => one === index || one.expiresAt > now)) {
    for (const { bundle, patches } of releases) {
      for (const { sha256 } of [bundle, ...patches]) {
        expect(objects).toContain(join('objects', `${sha256}.sealed`));
      }
    }
  }
}
