// Twelve versions of a real app, published one after the other: a device on any of them gets to every later one by patches.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf } from '../../bench/pairs.js';
import { publishRelease } from '../../src/node.ts';
import { applyPatch, releaseId } from '../../src/release.ts';
import {
  APP,
  channelOf,
  expectWholeStore,
  NOW,
  newFolder,
  publicKey,
  writeBuild,
} from '../support/publish.ts';
import { idByShell } from '../support/release-id.ts';

const PACKAGE = '@signalk/server-admin-ui';
// biome-ignore format: a list
const VERSIONS = [
  '1.31.0', '1.32.0', '1.33.0', '1.34.4', '1.36.0', '1.37.6', '1.38.0', '1.39.0', '1.39.1', '1.39.2', '1.46.0', '2.23.2',
];
const HOUR = 3_600_000;

describe(`twelve versions of ${PACKAGE}`, () => {
  it('are published one after the other, and every version becomes every later one by patches', async () => {
    const store = newFolder();
    const ids: string[] = [];
    for (const [n, version] of VERSIONS.entries()) {
      const files = filesOf(PACKAGE, 'public', version);
      const { release } = await publishRelease(await writeBuild(files), {
        ...channelOf(store, { now: new Date(NOW.getTime() + n * HOUR) }),
        version,
        patches: 2,
        keep: VERSIONS.length,
      });
      expect(release.id).toBe(idByShell(files));
      ids.push(release.id);
    }
    expect(new Set(ids).size).toBe(VERSIONS.length);

    const now = new Date(NOW.getTime() + VERSIONS.length * HOUR);
    const { releases } = await expectWholeStore(store, 'production', now);
    expect(releases.map(({ id }) => id)).toEqual([...ids].reverse());
    let made = 0;
    for (const [start, version] of VERSIONS.entries()) {
      let here = new Map<string, Uint8Array>(Object.entries(filesOf(PACKAGE, 'public', version)));
      let at = start;
      // One release further each time, so that the device comes by every later one.
      for (const id of ids.slice(start + 1)) {
        const patches = releases.find((one) => one.id === id)?.patches ?? [];
        const patch = patches.find(({ from }) => from === ids[at]);
        // No patch is kept that would take nearly as much as the bundle: the device fetches that.
        const next = VERSIONS[at + 1] as string;
        if (patch === undefined) {
          here = new Map(Object.entries(filesOf(PACKAGE, 'public', next)));
        } else {
          const bytes = readFileSync(join(store, 'objects', `${patch.sha256}.sealed`));
          here = await applyPatch(bytes, here, { publicKey, appId: APP });
          made += 1;
        }
        at += 1;
        expect(await releaseId(here)).toBe(id);
      }
    }
    expect(made).toBeGreaterThan(33);
  }, 1_800_000);
});
