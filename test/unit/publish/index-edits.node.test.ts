// Changes after a first release: withdrawals, rollouts, channels, keys, and retention.

import { existsSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  listReleases,
  prune,
  publishKeys,
  refresh,
  setRollout,
  stampRelease,
  verifyStore,
  withdraw,
} from '../../../src/node.ts';
import { openIndex, openKeys, readStamp, releaseId } from '../../../src/release.ts';
import { sealingPair } from '../../support/pairs.ts';
import {
  APP,
  buildOf,
  channelOf,
  expectWholeStore,
  indexBytes,
  NOW,
  newFolder,
  objectsOf,
  publicKey,
  publishBuild,
  writeBuild,
} from '../../support/publish.ts';
import { indexOf, sealAnything } from '../../support/release-index.ts';
import { keyA, keyB } from '../../support/vectors.ts';

// The recovery key.
const keyC = sealingPair(0);

const DAY = 24 * 3_600_000;
const later = (days: number) => new Date(NOW.getTime() + days * DAY);
const reading = (from: string) => ({ from, appId: APP, publicKey });

describe('withdraw', () => {
  it('lists the release as withdrawn and keeps its entry; reinstating removes it from that list', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const { release } = await publishBuild(store, 2);
    const { index } = await withdraw({ ...channelOf(store), release: '1.0.2', useBuiltIn: true });
    expect(index).toMatchObject({ withdrawn: [release.id], useBuiltIn: true, sequence: 3 });
    expect(index.releases.length).toBe(2);
    const again = await withdraw({ ...channelOf(store), release: release.id });
    expect(again).toMatchObject({ changed: false, written: [] });
    await expect(publishBuild(store, 2)).rejects.toMatchObject({ code: 'ERR_STORE' });
    const back = await publishBuild(store, 2, { reinstate: true });
    expect(back.index.withdrawn).toBeUndefined();
    expect(back.written).toEqual(['channels/production.sealed']);
  });

  it('withdraws a release that is not in the index by its id', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const id = 'a'.repeat(64);
    expect((await withdraw({ ...channelOf(store), release: id })).index.withdrawn).toEqual([id]);
    await expect(withdraw({ ...channelOf(store), release: '9' })).rejects.toThrow('it has 1.0.1');
  });
});

describe('setRollout and refresh', () => {
  it('sign the next index and write no object', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { rollout: 10 });
    const before = objectsOf(store);
    const rolled = await setRollout({ ...channelOf(store), rollout: 500 });
    expect(rolled.index.releases[0]?.rollout).toBe(500);
    expect((await setRollout({ ...channelOf(store), rollout: 500 })).changed).toBe(false);
    const fresh = await refresh({ ...channelOf(store), now: later(3), expiresIn: DAY });
    expect(fresh.index).toMatchObject({ sequence: 3, expiresAt: '2026-11-30T09:00:00Z' });
    // As long as the one before.
    const next = await refresh({ ...channelOf(store), now: later(4) });
    expect(next.index.expiresAt).toBe('2026-12-01T09:00:00Z');
    expect(next.written).toEqual(['channels/production.sealed']);
    expect(objectsOf(store)).toEqual(before);
  });

  it('refuse a channel without an index', async () => {
    const store = newFolder();
    await expect(refresh(channelOf(store))).rejects.toThrow('publish a release first');
    await expect(setRollout({ ...channelOf(store), rollout: 5 })).rejects.toMatchObject({
      code: 'ERR_STORE',
    });
  });
});

describe('the objects that a store keeps', () => {
  it('keeps the objects of a dropped release until every index that named them has expired', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { expiresIn: 60 * DAY });
    const bundle = (await listReleases({ ...reading(store), channel: 'production' })).index
      .releases[0]?.bundle.sha256;
    // A shorter lifetime must not shorten what the index before has promised.
    await publishBuild(store, 2, { expiresIn: DAY });
    const { index } = await publishBuild(store, 3, { keep: 1, now: later(0.5) });
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.3']);
    expect(index.retired).toContainEqual({ sha256: bundle, until: '2027-01-25T09:00:00Z' });
    const next = await refresh({ ...channelOf(store), now: later(60) });
    expect(next.index.retired ?? []).not.toContainEqual(
      expect.objectContaining({ sha256: bundle }),
    );
  });

  it('keeps the newest release that every device of a runtime is offered', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { runtime: '2' });
    await publishBuild(store, 2, { runtime: '3' });
    await publishBuild(store, 3, { runtime: '3', rollout: 50, keep: 1 });
    const { index } = await publishBuild(store, 4, { runtime: '3', rollout: 50, keep: 1 });
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.4', '1.0.2', '1.0.1']);
  });
});

describe('prune', () => {
  const age = (store: string, days: number) => {
    for (const name of objectsOf(store)) {
      const then = new Date(NOW.getTime() - days * DAY);
      utimesSync(join(store, 'objects', name), then, then);
    }
  };

  it('deletes objects that no index names or retires after seven days, and the files of a killed publisher', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const stray = `${'a'.repeat(64)}.sealed`;
    const half = `.${stray}.0000000000000000_0_0_0-1-0-000000000000.bundleseal-tmp`;
    for (const name of [stray, half, 'readme.txt']) {
      writeFileSync(join(store, 'objects', name), 'x');
    }
    const options = { store, appId: APP, publicKey, now: NOW };
    age(store, 6);
    expect((await prune(options)).deleted).toEqual([]);
    age(store, 8);
    expect((await prune({ ...options, dryRun: true })).deleted.length).toBe(2);
    expect(objectsOf(store)).toContain(stray);
    expect(await prune(options)).toEqual({
      deleted: [`objects/${half}`, `objects/${stray}`],
      size: 2,
      kept: 1,
    });
    expect(objectsOf(store)).toContain('readme.txt');
    await expectWholeStore(store);
  });

  it('keeps objects that another channel names and objects that are retired', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { channel: 'beta' });
    await publishBuild(store, 1);
    await publishBuild(store, 2, { keep: 1 });
    age(store, 400);
    const options = { store, appId: APP, publicKey };
    expect((await prune({ ...options, now: NOW })).deleted).toEqual([]);
    const { deleted } = await prune({ ...options, now: later(31) });
    expect(deleted.length).toBe(1);
    await expectWholeStore(store, 'beta');
    await expectWholeStore(store);
  });

  it('deletes nothing if an index cannot be opened or the store has none', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    writeFileSync(join(store, 'objects', `${'a'.repeat(64)}.sealed`), 'x');
    age(store, 8);
    writeFileSync(join(store, 'channels', 'other.sealed'), indexBytes(store));
    const options = { store, appId: APP, publicKey, now: NOW };
    await expect(prune(options)).rejects.toMatchObject({ code: 'ERR_EXPECTATION_FAILED' });
    rmSync(join(store, 'channels', 'other.sealed'));
    symlinkSync('nowhere', join(store, 'channels', 'other.sealed'));
    await expect(prune(options)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringMatching(
        /^channels\/other\.sealed in .* can't be read, so nothing was deleted: put the index back, or remove the file$/,
      ),
    });
    rmSync(join(store, 'channels'), { recursive: true });
    await expect(prune(options)).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringMatching(
        / has no index, so nothing was deleted: pass a copy of the whole store, with its folder channels$/,
      ),
    });
    expect(objectsOf(store).length).toBe(2);
  });
});

describe('publishKeys', () => {
  it('raises the epoch, and indexes of the new epoch are signed with the new key', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const recovery = { recoveryKey: keyC.privateKey, store, appId: APP };
    const first = await publishKeys({ ...recovery, publicKeys: keyA.spki, retiredKeys: publicKey });
    expect(first).toMatchObject({ written: ['keys.sealed'], keys: { epoch: 1 } });
    const trust = { recoveryPublicKey: keyC.publicKey };
    await expect(publishBuild(store, 2)).rejects.toThrow('no recovery key was passed');
    await expect(publishBuild(store, 2, trust)).rejects.toMatchObject({ code: 'ERR_KEY_MISMATCH' });
    const renewed = { ...trust, privateKey: keyA.pkcs8 };
    await expect(publishBuild(store, 2, renewed)).rejects.toThrow("earlierEpoch: 'keep'");
    const { index } = await publishBuild(store, 2, { ...renewed, earlierEpoch: 'keep' });
    expect(index).toMatchObject({ epoch: 1, sequence: 2 });
    expect(index.releases.length).toBe(2);
    const keys = await openKeys(readFileSync(join(store, 'keys.sealed')), {
      ...{ recoveryPublicKey: keyC.publicKey, appId: APP },
    });
    await openIndex(indexBytes(store), {
      ...{ publicKey: keys.publicKeys, appId: APP, channel: 'production', epoch: 1, now: NOW },
    });
    expect(
      await verifyStore({ ...reading(store), ...trust, publicKey: keyA.spki, now: NOW }),
    ).toMatchObject({ problems: [], releases: 2, patches: 1 });
    const second = await publishKeys({ ...recovery, publicKeys: keyB.spki });
    expect(second.keys).toMatchObject({ epoch: 2, retiredKeys: [keyA.spki] });
  });

  it('starts without releases if the releases of the earlier epoch are dropped', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    await publishKeys({
      ...{ store, appId: APP, recoveryKey: keyC.privateKey },
      ...{ publicKeys: keyA.spki, retiredKeys: publicKey },
    });
    const { index } = await publishBuild(store, 2, {
      ...{ recoveryPublicKey: keyC.publicKey, privateKey: keyA.pkcs8, earlierEpoch: 'drop' },
    });
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.2']);
    expect(index.retired?.map(({ sha256 }) => sha256)).toEqual([release.bundle.sha256]);
  });

  it('refuses an index of this epoch that a retired key has signed', async () => {
    const store = newFolder();
    const recovery = { store, appId: APP, recoveryKey: keyC.privateKey };
    await publishKeys({ ...recovery, publicKeys: [keyA.spki, publicKey] });
    const trust = { recoveryPublicKey: keyC.publicKey };
    await publishBuild(store, 1, trust);
    const stolen = indexBytes(store);
    await publishKeys({ ...recovery, publicKeys: keyA.spki, retiredKeys: publicKey });
    const forged = await sealAnything(JSON.stringify(indexOf({ epoch: 2, sequence: 9 })), {
      ...{ appId: APP, channel: 'production', sequence: 9 },
    });
    writeFileSync(join(store, 'channels', 'production.sealed'), forged);
    const renewed = { ...trust, privateKey: keyA.pkcs8, earlierEpoch: 'keep' as const };
    await expect(publishBuild(store, 2, renewed)).rejects.toMatchObject({
      code: 'ERR_KEY_MISMATCH',
    });
    writeFileSync(join(store, 'channels', 'production.sealed'), stolen);
    expect((await publishBuild(store, 2, renewed)).index.epoch).toBe(2);
  });

  it('refuses to trust the recovery key for builds', async () => {
    const store = newFolder();
    const list = { store, appId: APP, recoveryKey: keyC.privateKey };
    for (const keys of [
      { publicKeys: [keyA.spki, keyC.publicKey] },
      { publicKeys: keyA.spki, retiredKeys: keyC.publicKey },
    ]) {
      await expect(publishKeys({ ...list, ...keys })).rejects.toThrow(/signs only this list/);
    }
    expect(existsSync(join(store, 'keys.sealed'))).toBe(false);
  });

  it('refuses a key that is trusted and retired at once', async () => {
    const keys = { publicKeys: publicKey, retiredKeys: publicKey };
    await expect(
      publishKeys({ store: newFolder(), appId: APP, recoveryKey: keyC.privateKey, ...keys }),
    ).rejects.toMatchObject({ code: 'ERR_STORE' });
  });
});

describe('a key that was rotated without a recovery key', () => {
  it('continues an index that the previous key signed, if that key is passed', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const renewed = { privateKey: keyA.pkcs8 };
    await expect(publishBuild(store, 2, renewed)).rejects.toMatchObject({
      code: 'ERR_KEY_MISMATCH',
    });
    const { index } = await publishBuild(store, 2, { ...renewed, previousKeys: publicKey });
    expect(index.releases[0]?.patches.length).toBe(1);
    const both = { publicKey: [keyA.spki, publicKey], now: NOW };
    expect((await verifyStore({ ...reading(store), ...both })).problems).toEqual([]);
  });
});

describe('verifyStore', () => {
  it('finds an object that is missing, altered, or of another release, and an index that expires', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    const second = await publishBuild(store, 2);
    const verify = (now: Date) => verifyStore({ ...reading(store), now });
    expect(await verify(NOW)).toEqual({
      ...{ problems: [], channels: ['production'], releases: 2, patches: 1, notApplied: 0 },
    });
    const codes = async (now: Date) => (await verify(now)).problems.map(({ code }) => code);
    expect(await codes(later(23))).toEqual(['expiring']);
    expect(await codes(later(30))).toEqual(['expired']);
    const path = (sha256: string) => join(store, 'objects', `${sha256}.sealed`);
    const [patch] = second.release.patches;
    writeFileSync(path(patch?.sha256 as string), 'altered');
    expect(await codes(NOW)).toEqual(['object']);
    rmSync(path(release.bundle.sha256));
    expect(await codes(NOW)).toEqual(['object', 'object']);
    writeFileSync(join(store, 'channels', 'production.sealed'), 'nothing');
    expect(await codes(NOW)).toEqual(['index']);
  });

  it('finds a bundle whose key devices no longer have, though the caller has it', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const recovery = { recoveryPublicKey: keyC.publicKey };
    const list = { store, appId: APP, recoveryKey: keyC.privateKey, publicKeys: keyA.spki };
    await publishKeys(list);
    await refresh({
      ...channelOf(store, { ...recovery, privateKey: keyA.pkcs8, previousKeys: publicKey }),
      earlierEpoch: 'keep',
    });
    const options = { ...reading(store), ...recovery, publicKey: [keyA.spki, publicKey], now: NOW };
    expect((await verifyStore(options)).problems.map(({ code }) => code)).toEqual(['release']);
  });

  it('applies patches that start from a build which apps are shipped with', async () => {
    const store = newFolder();
    const shipped = await writeBuild(buildOf(0));
    await publishBuild(store, 1, { builtIn: [shipped] });
    const options = { ...reading(store), now: NOW };
    expect(await verifyStore(options)).toMatchObject({ patches: 0, notApplied: 1 });
    expect(await verifyStore({ ...options, builtIn: [shipped] })).toMatchObject({
      ...{ patches: 1, notApplied: 0, problems: [] },
    });
  });
});

describe('stampRelease', () => {
  it('writes the id of the build into the stamp, and does not change the id', async () => {
    const dir = await writeBuild(buildOf(1));
    const floors = [
      {
        channel: 'production',
        epoch: 0,
        sequence: 3,
        issuedAt: '2026-11-26T09:00:00Z',
        sha256: 'a'.repeat(64),
      },
    ];
    const stamp = await stampRelease(dir, { runtime: '3', floors, now: NOW });
    expect(stamp).toMatchObject({ id: await releaseId(buildOf(1)), runtime: '3', floors });
    expect(stamp.files?.map(({ path }) => path)).toEqual(Object.keys(buildOf(1)).sort());
    expect(readStamp(readFileSync(join(dir, 'bundleseal-release.json')))).toEqual(stamp);
    const again = await stampRelease(dir, { files: false, now: later(1) });
    expect(again.id).toBe(stamp.id);
    expect(again.files).toBeUndefined();
  });
});
