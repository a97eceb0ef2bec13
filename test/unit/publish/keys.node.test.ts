// The list of keys: what each call adds, what it refuses, and what publishers do with an index of another epoch.

import { constants, privateEncrypt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listReleases, publishKeys, refresh, verifyStore, withdraw } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { sealingPair } from '../../support/pairs.ts';
import { APP, channelOf, NOW, newFolder, publicKey, publishBuild } from '../../support/publish.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const recovery = sealingPair(0);
const third = sealingPair(1);
const trust = { recoveryPublicKey: recovery.publicKey };
const listOf = (store: string) => ({ store, appId: APP, recoveryKey: recovery.privateKey });

describe('publishKeys', () => {
  it('retires every key of the list before that it does not trust, and raises the epoch', async () => {
    const store = newFolder();
    const lists = [];
    for (const keys of [
      { publicKeys: [publicKey, keyA.spki] },
      { publicKeys: keyA.spki, retiredKeys: third.publicKey },
      { publicKeys: [third.publicKey] },
    ]) {
      const { keys: list, written } = await publishKeys({ ...listOf(store), ...keys });
      expect(written).toEqual(['keys.sealed']);
      lists.push(list);
    }
    expect(lists).toEqual([
      {
        ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch: 1 },
        ...{ publicKeys: [publicKey, keyA.spki], retiredKeys: [] },
      },
      {
        ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch: 2 },
        ...{ publicKeys: [keyA.spki], retiredKeys: [third.publicKey, publicKey] },
      },
      {
        ...{ format: 'bundleseal-keys', version: 1, appId: APP, epoch: 3 },
        ...{ publicKeys: [third.publicKey], retiredKeys: [keyA.spki, publicKey] },
      },
    ]);
  });

  it('makes the folder of the store if it is missing', async () => {
    const store = join(newFolder(), 'new', 'store');
    await publishKeys({ ...listOf(store), publicKeys: publicKey });
    expect(readdirSync(store)).toEqual(['keys.sealed']);
  });

  it('writes nothing on a dry run, and makes no folder', async () => {
    const store = join(newFolder(), 'new');
    const dry = await publishKeys({ ...listOf(store), publicKeys: publicKey, dryRun: true });
    expect(dry.written).toEqual([]);
    expect(dry.keys.epoch).toBe(1);
    expect(existsSync(store)).toBe(false);
  });

  it('rejects with the reason of an abort while the recovery key signs, on a dry run too', async () => {
    for (const dryRun of [false, true]) {
      const store = newFolder();
      const stop = new AbortController();
      const recoveryKey = {
        publicKey: keyB.spki,
        sign: async (payload: Uint8Array) => {
          stop.abort(new Error('enough'));
          return privateEncrypt({ key: keyB.pkcs8, padding: constants.RSA_PKCS1_PADDING }, payload);
        },
      };
      const list = { store, appId: APP, recoveryKey, publicKeys: keyA.spki };
      const work = publishKeys({ ...list, dryRun, signal: stop.signal });
      await expect(work).rejects.toThrow('enough');
      expect(existsSync(join(store, 'keys.sealed'))).toBe(false);
    }
  });

  it('continues the list at another place', async () => {
    const [from, store] = [newFolder(), newFolder()];
    await publishKeys({ ...listOf(from), publicKeys: publicKey });
    const { keys } = await publishKeys({ ...listOf(store), from, publicKeys: keyA.spki });
    expect(keys).toMatchObject({ epoch: 2, retiredKeys: [publicKey] });
    // The folder has a list that waits for its upload.
    const later = await publishKeys({ ...listOf(store), from, publicKeys: keyA.spki });
    expect(later.keys.epoch).toBe(3);
  });

  it('names the key that it refuses, and the options that have it', async () => {
    const keys = { publicKeys: publicKey, retiredKeys: [third.publicKey, publicKey] };
    const both = await rejection(publishKeys({ ...listOf(newFolder()), ...keys }), 'ERR_STORE');
    expect(both.message).toMatch(
      /^the key \S+ is in both publicKeys and retiredKeys: remove it from one of them$/,
    );
    const own = publishKeys({ ...listOf(newFolder()), publicKeys: recovery.publicKey });
    expect((await rejection(own, 'ERR_STORE')).message).toMatch(
      /^the recovery key \S+ signs only this list: remove it from publicKeys and retiredKeys, and make another pair for builds$/,
    );
    for (const name of ['publicKeys', 'retiredKeys']) {
      const wrong = { ...listOf(newFolder()), publicKeys: publicKey, [name]: 5 };
      await expect(publishKeys(wrong as never)).rejects.toThrow(`options.${name} expected`);
    }
  });
});

describe('a publisher to a store with a list of keys', () => {
  it('has to sign with a listed key', async () => {
    const store = newFolder();
    await publishKeys({ ...listOf(store), publicKeys: [third.publicKey, keyA.spki] });
    const error = await rejection(publishBuild(store, 1, trust), 'ERR_KEY_MISMATCH');
    expect(error.message).toBe(
      `keys.sealed does not list the key ${error.keyId}, so devices would refuse its signatures: sign with a listed key, or add this key with the recovery key`,
    );
    const signed = { ...trust, privateKey: keyA.pkcs8 };
    expect((await publishBuild(store, 1, signed)).index.epoch).toBe(1);
  });

  it('has to pass the recovery key that verifies the list', async () => {
    const store = newFolder();
    await publishKeys({ ...listOf(store), publicKeys: publicKey });
    expect((await rejection(publishBuild(store, 1), 'ERR_STORE')).message).toBe(
      `${JSON.stringify(store)} has keys.sealed, but no recovery key was passed to verify it with: pass the public half of the recovery key as recoveryPublicKey`,
    );
  });

  it('begins a new epoch only if it says what becomes of the releases', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    await withdraw({ ...channelOf(store), release: release.id, useBuiltIn: true });
    await publishKeys({ ...listOf(store), publicKeys: publicKey });
    const error = await rejection(refresh({ ...channelOf(store), ...trust }), 'ERR_STORE');
    expect(error.message).toBe(
      "the index of production is of epoch 0 and keys.sealed of epoch 1: the owner of a retired key may have put releases into it. Check them, then pass earlierEpoch: 'keep', or 'drop' to begin with none",
    );
    const next = async (earlierEpoch: 'keep' | 'drop') =>
      (await refresh({ ...channelOf(store), ...trust, earlierEpoch, dryRun: true })).index;
    const kept = await next('keep');
    expect(kept).toMatchObject({ epoch: 1, sequence: 3, withdrawn: [release.id] });
    expect([kept.releases.length, kept.useBuiltIn]).toEqual([1, true]);
    const dropped = await next('drop');
    expect(dropped).toMatchObject({ epoch: 1, sequence: 3, withdrawn: [release.id] });
    expect([dropped.releases.length, dropped.useBuiltIn]).toEqual([0, undefined]);
  });

  it('makes an index of the new epoch even if nothing else changes, and only once', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishKeys({ ...listOf(store), publicKeys: publicKey });
    const options = { ...trust, earlierEpoch: 'keep' } as const;
    expect((await publishBuild(store, 1, options)).changed).toBe(true);
    expect((await publishBuild(store, 1, options)).changed).toBe(false);
  });

  it('refuses an index of a later epoch than that of the list', async () => {
    const store = newFolder();
    await publishKeys({ ...listOf(store), publicKeys: publicKey });
    const older = readFileSync(join(store, 'keys.sealed'));
    expect(older.length).toBeGreaterThan(0);
    await publishBuild(store, 1, trust);
    rmSync(join(store, 'keys.sealed'));
    expect((await rejection(publishBuild(store, 2), 'ERR_STORE')).message).toBe(
      'the index of production is of epoch 1 but keys.sealed is of epoch 0: put the newest keys.sealed into the store, and pass recoveryPublicKey',
    );
  });
});

describe('a reader of a store', () => {
  it('gets the mark of an index, which is the same for every reader', async () => {
    const store = newFolder();
    const { index } = await publishBuild(store, 1);
    const reading = { from: store, appId: APP, publicKey, channel: 'production' };
    const listed = await listReleases(reading);
    expect(listed.index).toEqual(index);
    const { epoch, sequence, issuedAt } = index;
    expect(listed.mark).toEqual({
      ...{ epoch, sequence, issuedAt },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    // The same key twice counts once.
    const twice = { ...reading, publicKey: [publicKey, publicKey] };
    expect(await listReleases(twice)).toEqual(listed);
  });

  it('rejects for a key that is none, instead of reporting a problem of the store', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const options = { from: store, appId: APP, publicKey: 'no key', now: NOW };
    await rejection(verifyStore(options), 'ERR_KEY_INVALID');
    await rejection(publishBuild(store, 2, { privateKey: 'no key' }), 'ERR_KEY_INVALID');
  });
});
