// What a device does with an index that is not meant for it, or that the thief of a key signed.

import { describe, expect, it } from 'vitest';
import { sealKeys } from '../../src/release.ts';
import { AFTER, BEFORE, type Files } from '../support/release.ts';
import {
  APP,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
  updatedDevice,
} from '../support/update.ts';
import { keyA, keyB } from '../support/vectors.ts';
import { utf8 } from '../support/zip.ts';

const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };
describe('a device whose store offers releases that are not for it', () => {
  it('refuses an index that another key signed', async () => {
    const publisher = createPublisher(keyA.pkcs8);
    await publisher.offer([await publisher.make(AFTER)]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    expect(await updater.check()).toMatchObject({
      status: 'current',
      isStale: true,
      error: { code: 'ERR_KEY_MISMATCH' },
    });
  });

  it.each([
    ['another app', { appId: 'com.example.other' }],
    ['another channel', { channel: 'beta' }],
  ])('refuses an index of %s', async (_, options) => {
    const publisher = createPublisher();
    await publisher.offer([]);
    publisher.store.set('channels/beta.sealed', publisher.store.get(INDEX) as Uint8Array);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), options);
    await updater.start();
    expect(await updater.check()).toMatchObject({ error: { code: 'ERR_EXPECTATION_FAILED' } });
  });

  it('does not install a release for another runtime', async () => {
    const publisher = createPublisher();
    await publisher.offer([await publisher.make(AFTER, [], { runtime: ['4'] })]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { runtime: '3' });
    await updater.start();
    expect(await updater.check()).toEqual({ status: 'current', isStale: false });
  });
});

describe('a stolen build key', () => {
  const keysOf = (epoch: number) =>
    sealKeys(
      {
        format: 'bundleseal-keys',
        version: 1,
        appId: APP,
        epoch,
        publicKeys: [keyA.spki],
        retiredKeys: [keyB.spki],
      },
      { recoveryKey: keyA.pkcs8 },
    );

  it('is left behind by the next epoch of the recovery key, even if it signed the highest sequence', async () => {
    const thief = createPublisher(keyB.pkcs8);
    const bad = await thief.make(AFTER);
    await thief.offer([bad], { sequence: Number.MAX_SAFE_INTEGER });
    const request = fetchFrom(thief.store);
    const options = { recoveryPublicKey: keyA.spki };
    const { updater } = await updatedDevice(BEFORE, request, options);

    const owner = createPublisher(keyA.pkcs8, thief.store);
    const good = await owner.make(THIRD);
    thief.store.set('keys.sealed', await keysOf(1));
    await owner.offer([good], { epoch: 1, sequence: 1, withdrawn: [bad.entry.id] });
    expect(await updater.check()).toMatchObject({ status: 'available', id: good.entry.id });

    // What the thief signs from now on is not taken.
    await thief.offer([bad], { sequence: Number.MAX_SAFE_INTEGER });
    expect(await updater.check()).toMatchObject({ isStale: true });
  });

  it('causes no request for a list of keys if the app has no built-in recovery key', async () => {
    const publisher = createPublisher();
    await publisher.offer([]);
    publisher.store.set('keys.sealed', await keysOf(1));
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    await updater.check();
    expect(request.paths).toEqual([INDEX]);
  });
});
