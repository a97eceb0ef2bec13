// What the calls of a store say about places, keys and objects that are wrong.

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listReleases, prune, publishKeys, refresh, verifyStore } from '../../../src/node.ts';
import { withLock } from '../../../src/publish/lock.ts';
import { type Base, makePatches } from '../../../src/publish/patches.ts';
import { rejection } from '../../support/errors.ts';
import { sealingPair } from '../../support/pairs.ts';
import {
  APP,
  channelOf,
  NOW,
  newFolder,
  objectsOf,
  privateKey,
  publicKey,
  publishBuild,
} from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';
import { keyA } from '../../support/vectors.ts';
import { textOf, utf8 } from '../../support/zip.ts';

const pruning = (store: string) => ({ store, appId: APP, publicKey, now: NOW });

describe('a folder of a store', () => {
  it('is refused if something else has its name', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    rmSync(join(store, 'objects'), { recursive: true });
    writeFileSync(join(store, 'objects'), 'a file');
    const error = await rejection(prune(pruning(store)), 'ERR_FILE');
    expect(error.message).toContain(`"${join(store, 'objects')}" can't be listed`);
  });

  it('is refused as the present store if it is a file', async () => {
    const [store, folder] = [newFolder(), newFolder()];
    const from = join(folder, 'file');
    writeFileSync(from, '');
    const error = await rejection(publishBuild(store, 1, { from }), 'ERR_FILE');
    expect(error.message).toContain("can't be read: it is no folder, pass the folder of the store");
  });

  it.skipIf(process.platform === 'win32')('may have no pipe in the place of a file', async () => {
    const store = newFolder();
    mkdirSync(join(store, 'channels'), { recursive: true });
    execFileSync('mkfifo', [join(store, 'channels', 'production.sealed')]);
    const error = await rejection(refresh(channelOf(store)), 'ERR_FILE');
    expect(error.message).toContain('is a pipe, but a store contains only files: remove it');
  });

  it('is named if its lock cannot be made', async () => {
    const missing = join(newFolder(), 'missing');
    const work = withLock(missing, undefined, async () => 1);
    const error = await rejection(work, 'ERR_FILE');
    expect(error.message).toContain('.publish.lock" can\'t be made');
  });
});

describe('a store on a web server', () => {
  it('has a message for an answer that is no file', async () => {
    const { url } = await serveStore(newFolder(), (_, response) => {
      response.writeHead(500).end();
      return true;
    });
    const reading = { from: url, appId: APP, publicKey, channel: 'production' };
    const error = await rejection(listReleases(reading), 'ERR_SOURCE_FAILED');
    expect(error.message).toBe(`${url}/keys.sealed answered with status 500: try again later`);
  });

  it('has one problem for all objects of one header, which names the first one and their number', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2);
    const verify = async () => {
      const { url } = await serveStore(
        store,
        () => false,
        () => 'no-cache',
      );
      const { problems } = await verifyStore({
        from: url,
        appId: APP,
        publicKey,
        now: NOW,
        channels: ['production'],
      });
      return problems;
    };
    const needs = 'Cache-Control "no-cache" and need "public, max-age=31536000, immutable"';
    expect(await verify()).toMatchObject([
      {
        code: 'cache',
        message: expect.stringMatching(/^objects\/[0-9a-f]{64}\.sealed and 2 other objects have /),
      },
    ]);
    await publishBuild(store, 2, { patches: 0 });
    expect((await verify())[0]?.message).toContain(`${needs}: devices fetch them again`);
  });
});

describe('a file of another key', () => {
  it('is refused with its key and every key of the caller', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const other = sealingPair(0);
    const reading = { from: store, appId: APP, channel: 'production' };
    const publicKeys = [keyA.spki, other.publicKey];
    const error = await rejection(
      listReleases({ ...reading, publicKey: publicKeys }),
      'ERR_KEY_MISMATCH',
    );
    expect(error.message).toMatch(
      /^the index of production in ".*" was sealed with the key \S+, but the key here is \S+ or \S+: use the pair that sealed it/,
    );
    expect(error.keyId).toMatch(/^\S+$/);
    expect(error.message).toContain(`sealed with the key ${error.keyId},`);
  });

  it('is refused with both recovery keys if it is the list of keys', async () => {
    const store = newFolder();
    const other = sealingPair(0);
    const list = { store, appId: APP, publicKeys: publicKey };
    await publishKeys({ ...list, recoveryKey: keyA.pkcs8 });
    const again = publishKeys({ ...list, recoveryKey: other.privateKey });
    const error = await rejection(again, 'ERR_KEY_MISMATCH');
    expect(error.message).toMatch(
      /^keys\.sealed in ".*" was sealed with the recovery key \S+, but the recovery key here is \S+: use the recovery key that sealed it$/,
    );
  });
});

describe('a file of another app or channel', () => {
  it('is refused with its own name and the expected one', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const other = 'com.example.other';
    const error = await rejection(
      listReleases({ from: store, appId: other, publicKey, channel: 'production' }),
      'ERR_EXPECTATION_FAILED',
    );
    expect(error).toMatchObject({ expectation: 'appId', expected: other, actual: APP });
    expect(error.message).toBe(
      `the index of production in ${JSON.stringify(store)} belongs to the app "${APP}", but options.appId is "${other}": check both. Each app needs a store of its own`,
    );
    expect(error).not.toHaveProperty('keyId');
    renameSync(
      join(store, 'channels', 'production.sealed'),
      join(store, 'channels', 'beta.sealed'),
    );
    const moved = await rejection(
      listReleases({ from: store, appId: APP, publicKey, channel: 'beta' }),
      'ERR_EXPECTATION_FAILED',
    );
    expect(moved).toMatchObject({ expectation: 'channel', expected: 'beta', actual: 'production' });
    expect(moved.message).toBe(
      `the index of beta in ${JSON.stringify(store)} is the index of the channel "production": it was copied to the wrong name. Put the right index there`,
    );
  });
});

describe('an index of an earlier epoch', () => {
  it('is a problem, because devices refuse it', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const recoveryPublicKey = keyA.spki;
    await publishKeys({ store, appId: APP, publicKeys: publicKey, recoveryKey: keyA.pkcs8 });
    const reading = { from: store, appId: APP, publicKey, recoveryPublicKey, now: NOW };
    expect((await verifyStore(reading)).problems).toMatchObject([
      {
        code: 'index',
        path: 'channels/production.sealed',
        message:
          'the index is of epoch 0 and keys.sealed of epoch 1, so devices refuse it: refresh it',
      },
    ]);
  });
});

describe('an object that the index names', () => {
  it('is told to be missing, or to be another file, with every place that was asked', async () => {
    const [store, out] = [newFolder(), newFolder()];
    const { release } = await publishBuild(store, 1);
    const object = join(store, 'objects', `${release.bundle.sha256}.sealed`);
    writeFileSync(object, 'another file');
    const publish = async (n: number) => (await publishBuild(out, n, { from: store })).skipped;
    const named = `objects/${release.bundle.sha256}.sealed`;
    expect(await publish(2)).toMatchObject([
      {
        from: release.id,
        reason: 'unreadable',
        message: `${named} in ${JSON.stringify(out)} and ${JSON.stringify(store)} is not the file that the index names: put the published file back`,
      },
    ]);
    rmSync(object);
    expect(objectsOf(store)).toEqual([]);
    const places = `${JSON.stringify(out)} and ${JSON.stringify(store)}`;
    expect(await publish(3)).toContainEqual(
      expect.objectContaining({
        from: release.id,
        message: `${named} is missing in ${places}, but the index names it: put it back`,
      }),
    );
  });
});

describe('a patch that is not made', () => {
  const options = { privateKey, appId: APP, threads: 0, onBytes: () => {} };
  const fileOf = (path: string, bytes: Uint8Array) => ({ path, name: utf8(path), bytes });
  const baseOf = (bytes: Uint8Array): Base => ({
    id: '0'.repeat(64),
    load: async () => [fileOf('a', bytes)],
  });
  // Only the length of this content exists.
  const huge = { length: 2 ** 28 } as Uint8Array;

  it('would start from or make an image of over 256 MiB', async () => {
    const skipped = [{ from: '0'.repeat(64), reason: 'too large' }];
    const small = utf8('small');
    expect(await makePatches([fileOf('a', huge)], 1e9, [baseOf(small)], options)).toEqual({
      ...{ patches: [], objects: [], skipped },
    });
    expect(await makePatches([fileOf('a', small)], 1e9, [baseOf(huge)], options)).toEqual({
      ...{ patches: [], objects: [], skipped },
    });
  });

  it('would take 90 % of the bundle or more, sealed or not', async () => {
    const files = [fileOf('a', textOf(5000))];
    const make = (bundleSize: number) =>
      makePatches(files, bundleSize, [baseOf(utf8('nothing alike'))], options);
    const { objects } = await make(1e6);
    const size = objects[0]?.bytes.length as number;
    const least = Math.floor(size / 0.9) + 1;
    expect((await make(least)).patches).toHaveLength(1);
    const skipped = [{ from: '0'.repeat(64), reason: 'no gain' }];
    expect(await make(least - 1)).toEqual({ patches: [], objects: [], skipped });
    expect(await make(1)).toEqual({ patches: [], objects: [], skipped });
  });
});
