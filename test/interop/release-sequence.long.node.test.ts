// Twelve versions of a real app, published one after the other: a device on any of them gets to every later one by one patch.
//
// Some 6 minutes of computing: 66 patches of 6 MB images are made, and each is applied once. Each version is a test of its own,
// so that a slow machine shows how far it is.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { filesOf } from '../../bench/pairs.js';
import { publishRelease } from '../../src/node.ts';
import { applyPatch, releaseId } from '../../src/release.ts';
import { makeFolder } from '../support/files.ts';
import { APP, channelOf, NOW, publicKey, readIndexOf, writeBuild } from '../support/publish.ts';
import type { Files } from '../support/release.ts';
import { idByShell } from '../support/release-id.ts';

const PACKAGE = '@signalk/server-admin-ui';
// biome-ignore format: a list
const VERSIONS = [
  '1.31.0', '1.32.0', '1.33.0', '1.34.4', '1.36.0', '1.37.6', '1.38.0', '1.39.0', '1.39.1', '1.39.2', '1.46.0', '2.23.2',
];
const HOUR = 3_600_000;

const store = makeFolder();
/** The published versions by their ids, in order. */
const published = new Map<string, Files>();
let made = 0;
let skips = 0;

afterAll(() => rmSync(store, { recursive: true, force: true }));

describe.sequential(`twelve versions of ${PACKAGE}, published one after the other`, () => {
  it.each(VERSIONS.map((version, n) => [version, n] as const))(
    '%s has a patch from every version before it, which makes it',
    async (version, n) => {
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
      expect(bases.sort()).toEqual([...published.keys()].sort());
      for (const { from, sha256, size } of release.patches) {
        const patch = readFileSync(join(store, 'objects', `${sha256}.sealed`));
        expect(patch.length).toBe(size);
        const result = await applyPatch(patch, published.get(from) as Files, {
          ...{ publicKey, appId: APP },
        });
        expect(await releaseId(result)).toBe(release.id);
      }
      made += release.patches.length;
      skips += skipped.length;
      published.set(release.id, files);
    },
    HOUR,
  );

  it('are all offered, the newest first, and nearly every pair is worth a patch', async () => {
    const now = new Date(NOW.getTime() + VERSIONS.length * HOUR);
    const { releases } = await readIndexOf(store, 'production', now);
    expect(releases.map(({ id }) => id)).toEqual([...published.keys()].reverse());
    expect(releases.map(({ version }) => version)).toEqual([...VERSIONS].reverse());
    expect(made + skips).toBe((VERSIONS.length * (VERSIONS.length - 1)) / 2);
    // With some room for another coding.
    expect(made).toBeGreaterThan(60);
  });
});
