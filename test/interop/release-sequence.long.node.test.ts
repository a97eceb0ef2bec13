// Twelve versions of a real app, published one after the other: a device on any of them gets to every later one by one patch.

import { describe, expect, it } from 'vitest';
import { filesOf } from '../../bench/pairs.js';
import { publishRelease } from '../../src/node.ts';
import { channelOf, expectWholeStore, NOW, newFolder, writeBuild } from '../support/publish.ts';
import { idByShell } from '../support/release-id.ts';

const PACKAGE = '@signalk/server-admin-ui';
// biome-ignore format: a list
const VERSIONS = [
  '1.31.0', '1.32.0', '1.33.0', '1.34.4', '1.36.0', '1.37.6', '1.38.0', '1.39.0', '1.39.1', '1.39.2', '1.46.0', '2.23.2',
];
const HOUR = 3_600_000;

describe(`twelve versions of ${PACKAGE}`, () => {
  it('are published one after the other, and every version becomes every later one by a patch', async () => {
    const store = newFolder();
    const ids: string[] = [];
    let skips = 0;
    for (const [n, version] of VERSIONS.entries()) {
      const files = filesOf(PACKAGE, 'public', version);
      const { release, skipped } = await publishRelease(await writeBuild(files), {
        ...channelOf(store, { now: new Date(NOW.getTime() + n * HOUR) }),
        version,
        patches: VERSIONS.length,
        keep: VERSIONS.length,
      });
      expect(release.id).toBe(idByShell(files));
      // A base has a patch, unless that would take nearly as much as the bundle.
      for (const { reason } of skipped) expect(reason).toBe('no gain');
      const bases = [...release.patches, ...skipped].map(({ from }) => from);
      expect(bases.sort()).toEqual([...ids].sort());
      skips += skipped.length;
      ids.push(release.id);
    }
    expect(new Set(ids).size).toBe(VERSIONS.length);

    // Opens every bundle, applies every patch to its base, and compares the ids of the results.
    const now = new Date(NOW.getTime() + VERSIONS.length * HOUR);
    const { releases } = await expectWholeStore(store, 'production', now);
    expect(releases.map(({ id }) => id)).toEqual([...ids].reverse());
    const made = releases.reduce((sum, { patches }) => sum + patches.length, 0);
    expect(made + skips).toBe((VERSIONS.length * (VERSIONS.length - 1)) / 2);
    // Every pair is worth a patch, with some room for another coding.
    expect(made).toBeGreaterThan(60);
  }, 3_600_000);
});
