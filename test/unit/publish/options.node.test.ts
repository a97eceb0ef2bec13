// What every call of a publisher does with a wrong option: it is named, and nothing is written.

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  listReleases,
  promote,
  prune,
  publishKeys,
  publishRelease,
  refresh,
  setRollout,
  stampRelease,
  verifyStore,
  withdraw,
} from '../../../src/node.ts';
import {
  APP,
  buildOf,
  channelOf,
  newFolder,
  publicKey,
  writeBuild,
} from '../../support/publish.ts';
import { keyA } from '../../support/vectors.ts';

type Wrong = [option: object, message: string];

/** Calls with each wrong option, and expects its message and an untouched store. */
async function expectRefused(
  call: (store: string, wrong: object) => Promise<unknown>,
  cases: readonly Wrong[],
): Promise<void> {
  const store = newFolder();
  for (const [wrong, message] of cases) {
    const error: unknown = await call(store, wrong).then(
      () => 'accepted',
      (thrown: unknown) => thrown,
    );
    expect(error, message).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(message);
    expect([TypeError, RangeError]).toContain((error as Error).constructor);
  }
  expect(readdirSync(store)).toEqual([]);
}

const MINUTE = 60_000;
const LONGEST = 3650 * 24 * 60 * MINUTE;
const expiry = `options.expiresIn expected an integer from ${MINUTE} to ${LONGEST}`;

/** Of every call that makes an index. */
const ofChannels = (call: string): readonly Wrong[] => [
  [{ appId: '' }, "options.appId expected the app's id as a string, got an empty one"],
  ...['../x', undefined, '', 'con', '.x', 'x y', 'x'.repeat(65)].map(
    (channel): Wrong => [
      { channel },
      'options.channel expected 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit, and no name that Windows reserves, such as "con"',
    ],
  ),
  [{ expiresIn: MINUTE - 1 }, expiry],
  [{ expiresIn: LONGEST + 1 }, expiry],
  [{ expiresIn: 90_000.5 }, expiry],
  [{ expiresIn: '1' }, expiry],
  [{ out: 'old' }, "options.out expected 'new' or 'full'"],
  [{ earlierEpoch: 'forget' }, "options.earlierEpoch expected 'keep' or 'drop'"],
  [{ create: 1 }, 'options.create expected a boolean, got a number'],
  [{ force: 'yes' }, 'options.force expected a boolean, got a string'],
  [{ dryRun: 1 }, 'options.dryRun expected a boolean, got a number'],
  [{ otherChannels: 'beta' }, 'options.otherChannels expected an array of channels, got a string'],
  [{ otherChannels: ['beta', 'a/b'] }, 'options.otherChannels expected'],
  [{ now: 'today' }, 'options.now expected a Date or milliseconds since 1970, got a string'],
  [{ now: new Date('x') }, 'options.now expected a Date or milliseconds since 1970, got a Date'],
  [{ fetch: 1 }, 'options.fetch expected a function, got a number'],
  [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
  [{ onProgress: true }, 'options.onProgress expected a function, got a boolean'],
  [{ stor: 'x' }, `${call} does not know the option "stor"`],
];

const ofReleases: readonly Wrong[] = [
  [{ runtime: '' }, 'options.runtime expected a text that is not empty, got an empty one'],
  [{ runtime: ['3', 4] }, 'options.runtime expected a text that is not empty, got a number'],
  [{ runtime: 3 }, 'options.runtime expected an array of texts, got a number'],
  [{ requires: 'camera' }, 'options.requires expected an array of texts, got a string'],
  [{ requires: [''] }, 'options.requires expected a text that is not empty, got an empty one'],
  [{ rollout: -1 }, 'options.rollout expected an integer from 0 to 1000'],
  [{ rollout: 1001 }, 'options.rollout expected an integer from 0 to 1000'],
  [{ mandatory: 1 }, 'options.mandatory expected a boolean, got a number'],
  [{ note: 5 }, 'options.note expected a string, got a number'],
  [{ meta: 'x' }, 'options.meta expected an object, got a string'],
  [{ meta: null }, 'options.meta expected an object, got null'],
  [{ meta: [1] }, 'options.meta expected an object, got an array'],
  [{ patches: -1 }, 'options.patches expected an integer from 0 to 1000'],
  [{ patches: 1001 }, 'options.patches expected an integer from 0 to 1000'],
  [{ keep: 0 }, 'options.keep expected an integer from 1 to 1000'],
  [{ keep: 1001 }, 'options.keep expected an integer from 1 to 1000'],
  [{ first: 1 }, 'options.first expected a boolean, got a number'],
  [{ reinstate: 1 }, 'options.reinstate expected a boolean, got a number'],
];

const id = 'a'.repeat(64);

describe('a wrong option', () => {
  it('of publishRelease is refused by name', async () => {
    const dir = await writeBuild(buildOf(1));
    await expectRefused(
      (store, wrong) => publishRelease(dir, { ...channelOf(store), version: '1', ...wrong }),
      [
        ...ofChannels('publishRelease'),
        ...ofReleases,
        [{ version: '' }, 'options.version expected a text that is not empty, got an empty one'],
        [{ version: 1 }, 'options.version expected a text that is not empty, got a number'],
      ],
    );
    const wrongDir = publishRelease('', { ...channelOf(newFolder()), version: '1' });
    await expect(wrongDir).rejects.toThrow('dir expected a path, got an empty string');
  });

  it('of promote is refused by name', async () => {
    await expectRefused(
      (store, wrong) =>
        promote({ ...channelOf(store), fromChannel: 'beta', release: '1', ...wrong }),
      [
        ...ofChannels('promote'),
        ...ofReleases,
        [{ fromChannel: 'a/b' }, 'options.fromChannel'],
        [{ release: '' }, 'options.release expected a text that is not empty, got an empty one'],
      ],
    );
  });

  it('of withdraw is refused by name', async () => {
    await expectRefused(
      (store, wrong) => withdraw({ ...channelOf(store), release: id, ...wrong }),
      [
        ...ofChannels('withdraw'),
        [{ release: 1 }, 'options.release expected a text that is not empty, got a number'],
        [{ useBuiltIn: 1 }, 'options.useBuiltIn expected a boolean, got a number'],
      ],
    );
  });

  it('of setRollout is refused by name', async () => {
    await expectRefused(
      (store, wrong) => setRollout({ ...channelOf(store), release: id, rollout: 1, ...wrong }),
      [
        ...ofChannels('setRollout'),
        [{ rollout: -1 }, 'options.rollout expected an integer from 0 to 1000'],
        [{ rollout: 1001 }, 'options.rollout expected an integer from 0 to 1000'],
        [{ rollout: 0.5 }, 'options.rollout expected an integer from 0 to 1000'],
        [{ release: '' }, 'options.release expected a text that is not empty, got an empty one'],
      ],
    );
  });

  it('of refresh is refused by name', async () => {
    await expectRefused(
      (store, wrong) => refresh({ ...channelOf(store), ...wrong }),
      [
        ...ofChannels('refresh'),
        [{ useBuiltIn: 'no' }, 'options.useBuiltIn expected a boolean, got a string'],
      ],
    );
  });

  it('of prune is refused by name', async () => {
    await expectRefused(
      (store, wrong) => prune({ store, appId: APP, publicKey, ...wrong } as never),
      [
        [{ appId: '' }, "options.appId expected the app's id as a string, got an empty one"],
        [{ dryRun: 1 }, 'options.dryRun expected a boolean, got a number'],
        [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [{ dryrun: true }, 'prune does not know the option "dryrun"'],
      ],
    );
  });

  it('of publishKeys is refused by name', async () => {
    const keys = { appId: APP, recoveryKey: keyA.pkcs8, publicKeys: publicKey };
    await expectRefused(
      (store, wrong) => publishKeys({ store, ...keys, ...wrong }),
      [
        [{ appId: '' }, "options.appId expected the app's id as a string, got an empty one"],
        [{ dryRun: 1 }, 'options.dryRun expected a boolean, got a number'],
        [{ fetch: 1 }, 'options.fetch expected a function, got a number'],
        [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [{ publicKey }, 'publishKeys does not know the option "publicKey"'],
      ],
    );
  });

  it('of stampRelease is refused by name', async () => {
    await expectRefused(
      (dir, wrong) => stampRelease(dir, wrong),
      [
        [{ runtime: '' }, 'options.runtime expected a text that is not empty, got an empty one'],
        [{ files: 1 }, 'options.files expected a boolean, got a number'],
        [{ now: 'x' }, 'options.now expected a Date or milliseconds since 1970, got a string'],
        [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [{ runtimes: '3' }, 'stampRelease does not know the option "runtimes"'],
      ],
    );
  });

  it('of listReleases and verifyStore is refused by name', async () => {
    const reading = { appId: APP, publicKey, channel: 'production' };
    await expectRefused(
      (from, wrong) => listReleases({ from, ...reading, ...wrong }),
      [
        [{ channel: '../x' }, 'options.channel'],
        [{ channel: undefined }, 'options.channel'],
        [{ appId: '' }, "options.appId expected the app's id as a string, got an empty one"],
        [{ fetch: 1 }, 'options.fetch expected a function, got a number'],
        [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [{ channels: ['x'] }, 'listReleases does not know the option "channels"'],
      ],
    );
    const address = 'https://updates.example.com/';
    const get = async () => new Response('', { status: 404 });
    await expect(verifyStore({ from: address, appId: APP, publicKey, fetch: get })).rejects.toThrow(
      'options.channels is required for an address, because a web server cannot be listed',
    );
    await expectRefused(
      (from, wrong) => verifyStore({ from, appId: APP, publicKey, ...wrong }),
      [
        [{ channels: [] }, 'options.channels expected an array of at least one channel'],
        [{ channels: 'beta' }, 'options.channels expected an array of at least one channel'],
        [{ channels: ['a/b'] }, 'options.channels expected'],
        [{ fetch: 1 }, 'options.fetch expected a function, got a number'],
        [{ signal: {} }, 'options.signal expected an AbortSignal, got an object'],
        [{ channel: 'x' }, 'verifyStore does not know the option "channel"'],
      ],
    );
  });
});
