// The files of a full output: what it reads, and which retired objects it has.

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { promote, refresh } from '../../../src/node.ts';
import { channelOf, newFolder, publishBuild, readIndexOf } from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';

const DAY = 24 * 3_600_000;
const objectPath = (sha256: string) => `objects/${sha256}.sealed`;

describe('a full output', () => {
  it('has the retired objects of another channel until their time is over', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const beta = { channel: 'beta', patches: 0, expiresIn: 40 * DAY };
    const { release } = await publishBuild(store, 2, { ...beta, expiresIn: 2 * DAY });
    await publishBuild(store, 3, { ...beta, keep: 1 });
    const [retired] = (await readIndexOf(store, 'beta')).retired ?? [];
    expect(retired?.sha256).toBe(release.bundle.sha256);
    const end = Date.parse(retired?.until as string);
    const writtenAt = async (now: number) => {
      const out = newFolder();
      const options = { ...channelOf(out), from: store, out: 'full' as const, now };
      const { written } = await refresh(options);
      rmSync(out, { recursive: true });
      return written.includes(objectPath(release.bundle.sha256));
    };
    expect(await writtenAt(end - 1000)).toBe(true);
    expect(await writtenAt(end)).toBe(false);
  });

  it('reads each object once, also if several channels name it', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    for (const channel of ['beta', 'gamma']) {
      await promote({ ...channelOf(store), fromChannel: 'production', channel });
    }
    // Retired in one channel, and still offered in two.
    await publishBuild(store, 2, { channel: 'beta', patches: 0, keep: 1 });
    const [retired] = (await readIndexOf(store, 'beta')).retired ?? [];
    expect(retired?.sha256).toBe(release.bundle.sha256);
    const { url, requests } = await serveStore(store);
    const otherChannels = ['beta', 'gamma', 'production'];
    const options = { from: url, out: 'full', otherChannels } as const;
    const { written } = await refresh({ ...channelOf(newFolder()), ...options });
    expect(written).toContain(objectPath(release.bundle.sha256));
    const objects = written.filter((path) => path.startsWith('objects/'));
    const asked = requests.map((request) => request.url?.slice(1) ?? '');
    for (const path of objects) expect(asked.filter((one) => one === path)).toHaveLength(1);
    expect(asked.filter((path) => path.startsWith('objects/'))).toHaveLength(objects.length);
  });
});
