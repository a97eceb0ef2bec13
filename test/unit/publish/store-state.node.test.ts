// The present state of a store, as the next index sees it: where it is read, its times, and the files to upload.

import { constants, privateEncrypt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import {
  listReleases,
  promote,
  publishKeys,
  publishRelease,
  refresh,
  setRollout,
  verifyStore,
  withdraw,
} from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import {
  APP,
  buildOf,
  channelOf,
  indexBytes,
  NOW,
  newFolder,
  objectsOf,
  privateKey,
  publicKey,
  publishBuild,
  writeBuild,
} from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';
import { treeOf } from '../../support/tree.ts';
import { keyA } from '../../support/vectors.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const INDEX = 'channels/production.sealed';
const shown = (folder: string) => JSON.stringify(folder);

describe('the creation of a channel', () => {
  it('is refused if the folder or the present store has it already', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1, { create: true });
    for (const options of [{ store }, { store: out, from: store }]) {
      const error = await rejection(
        publishBuild(options.store, 2, { ...options, create: true }),
        'ERR_STORE',
      );
      expect(error.message).toBe(
        `${shown(store)} already has an index of the channel production: leave create out to add to this channel`,
      );
    }
    expect(existsSync(join(out, INDEX))).toBe(false);
  });

  it('has to be ordered if the present store is an address, and not if it is a folder', async () => {
    const [store, out] = [newFolder(), newFolder()];
    const { url } = await serveStore(store);
    expect((await rejection(publishBuild(out, 1, { from: url }), 'ERR_STORE')).message).toBe(
      `${url}/ has no index of the channel production: check the address. If the channel is new, publish to it with create: true`,
    );
    expect((await publishBuild(out, 1, { from: store })).index.sequence).toBe(1);
    // The folder has an index that waits for its upload.
    expect((await publishBuild(out, 2, { from: url })).index.sequence).toBe(2);
  });
});

describe('two indexes of one sequence', () => {
  it('are refused if they differ, with both places', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    await publishBuild(out, 2, { from: store });
    await publishBuild(store, 3);
    const error = await rejection(publishBuild(out, 4, { from: store }), 'ERR_STORE');
    expect(error.message).toBe(
      `${shown(out)} holds an index 2 of production that differs from the one at ${shown(store)}: somebody else has published in the meantime. Empty the folder and run this again`,
    );
  });
});

describe('an index that cannot be opened', () => {
  it.each([
    ['is empty', () => new Uint8Array(0), 'ERR_LENGTH_INVALID'],
    ['was cut', (bytes) => bytes.subarray(0, 100), 'ERR_LENGTH_INVALID'],
    ['was compressed', (bytes) => gzipSync(bytes), 'ERR_HEADER_INVALID'],
    ['has more bytes at its end', (bytes) => Buffer.concat([bytes, bytes]), 'ERR_LENGTH_INVALID'],
    ['was altered', (bytes) => Buffer.from(bytes).fill(0, bytes.length - 1), 'ERR_CHUNK_INVALID'],
  ] as [string, (bytes: Uint8Array) => Uint8Array, ErrorCode][])(
    'is named by the error if it %s',
    async (_, change, code) => {
      const store = newFolder();
      await publishBuild(store, 1);
      const path = join(store, INDEX);
      writeFileSync(path, change(readFileSync(path)));
      const { url } = await serveStore(store);
      for (const [from, name] of [
        [store, shown(store)],
        [url, `${url}/`],
      ] as const) {
        const listing = { from, appId: APP, publicKey, channel: 'production' };
        const error = await rejection(listReleases(listing), code);
        const { message } = error;
        expect(Object.keys(error)).not.toContain('actual');
        expect(message).toContain(`the index of production in ${name} is damaged, or is another`);
        expect(message).toMatch(/\): put the published file back$/);
      }
      expect((await rejection(publishBuild(store, 2), code)).message).toContain(shown(store));
    },
  );
});

describe('a folder that is named in two ways', () => {
  it('is one store', async () => {
    const [store, links] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    const from = join(links, 'link');
    symlinkSync(store, from);
    const { written } = await publishBuild(store, 2, { from, out: 'full' });
    // A store that is complete gets only new files.
    expect(written).toHaveLength(3);
    const missing = join(links, 'missing');
    await rejection(publishBuild(store, 3, { from: missing }), 'ERR_FILE');
    await rejection(publishBuild(join(links, 'new'), 3, { from: missing }), 'ERR_FILE');
  });
});

describe('the time of an index', () => {
  it('may be an hour behind that of the index before, and no more', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const time = NOW.getTime();
    expect((await refresh({ ...channelOf(store), now: time - HOUR })).index.issuedAt).toBe(
      '2026-11-26T09:00:00Z',
    );
    const early = refresh({ ...channelOf(store), now: time - HOUR - 1000 });
    expect((await rejection(early, 'ERR_STORE')).message).toBe(
      'the previous index was signed at 2026-11-26T09:00:00Z, but this clock says 2026-11-26T07:59:59Z: one of the two clocks is wrong. Set this clock, or pass force: true',
    );
  });

  it('is followed by the lifetime of the index before, unless another one is given', async () => {
    const store = newFolder();
    const end = async (n: number, expiresIn?: number) =>
      (await publishBuild(store, n, expiresIn === undefined ? {} : { expiresIn })).index.expiresAt;
    expect(await end(1)).toBe('2026-12-26T09:00:00Z');
    expect(await end(2, DAY)).toBe('2026-11-27T09:00:00Z');
    expect(await end(3)).toBe('2026-11-27T09:00:00Z');
    expect(await end(4, 60_000)).toBe('2026-11-26T09:01:00Z');
  });
});

describe('the members of an index', () => {
  it('are left out if they are empty', async () => {
    const store = newFolder();
    const { index, release } = await publishBuild(store, 1);
    expect(Object.keys(index)).toEqual([
      ...['format', 'version', 'appId', 'channel', 'epoch', 'sequence'],
      ...['issuedAt', 'expiresAt', 'releases'],
    ]);
    expect(index).toMatchObject({ format: 'bundleseal-index', version: 1, appId: APP });
    const withdrawn = await withdraw({ ...channelOf(store), release: '1.0.1', useBuiltIn: true });
    expect(withdrawn.index).toMatchObject({ withdrawn: [release.id], useBuiltIn: true });
    const back = await refresh({ ...channelOf(store), useBuiltIn: false });
    expect(back.index).not.toHaveProperty('useBuiltIn');
    expect(back.index.withdrawn).toEqual([release.id]);
    expect((await refresh(channelOf(store))).changed).toBe(true);
  });
});

describe('an abort while the key signs', () => {
  it('ends the call with its reason, on a dry run too', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const before = indexBytes(store);
    for (const dryRun of [false, true]) {
      const stop = new AbortController();
      const signer = {
        publicKey,
        sign: async (payload: Uint8Array) => {
          stop.abort(new Error('enough'));
          return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, payload);
        },
      };
      const options = { ...channelOf(store), privateKey: signer, dryRun, signal: stop.signal };
      await expect(refresh(options)).rejects.toThrow('enough');
    }
    expect(indexBytes(store)).toEqual(before);
    expect(readdirSync(store).sort()).toEqual(['channels', 'objects']);
  });
});

describe('a release that is published again', () => {
  it('reports its version before, and the other releases of its version', async () => {
    const store = newFolder();
    const first = await publishBuild(store, 1);
    expect(first).not.toHaveProperty('renamedFrom');
    expect(first.sameVersion).toEqual([]);
    const second = await publishBuild(store, 2, { version: '1.0.1' });
    expect(second.sameVersion).toEqual([first.release.id]);
    const renamed = await publishBuild(store, 2, { version: '2.0.0' });
    expect(renamed).toMatchObject({ changed: true, renamedFrom: '1.0.1', sameVersion: [] });
    expect(renamed.written).toEqual([INDEX]);
  });

  it('keeps its version with keepVersion, and a release that is new takes the given one', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { version: '1.0.1', keepVersion: true });
    const before = treeOf(store);
    const again = await publishBuild(store, 1, { version: '1.0.2', keepVersion: true });
    expect(again).toMatchObject({ changed: false, release: { version: '1.0.1' }, written: [] });
    expect(again).not.toHaveProperty('renamedFrom');
    expect(treeOf(store)).toEqual(before);
    const wrong = { keepVersion: 'yes' as unknown as boolean };
    await expect(publishBuild(store, 1, wrong)).rejects.toThrow(/keepVersion/);
  });

  it('counts the bytes of the release and of each patch as work', async () => {
    const store = newFolder();
    const told: { done: number; total: number }[] = [];
    const onProgress = (progress: { done: number; total: number }) => void told.push(progress);
    const { release } = await publishBuild(store, 1, { onProgress });
    const { size } = release;
    const [first] = told;
    // An image has the bytes of the files, and a table of them.
    expect(first?.done).toBeGreaterThanOrEqual(size);
    expect(told).toEqual([{ done: first?.done, total: first?.done }]);
    told.length = 0;
    await publishBuild(store, 2, { onProgress });
    expect(told[0]).toEqual({ done: first?.done, total: 2 * (first?.done as number) });
    expect(told.at(-1)?.done).toBe(told[0]?.total);
  });

  it('must not be in the folder of the store', async () => {
    const dir = await writeBuild(buildOf(1));
    for (const store of [dir, join(dir, 'store'), join(dir, 'assets', 'new')]) {
      const options = { ...channelOf(store), version: '1' };
      expect((await rejection(publishRelease(dir, options), 'ERR_FILE')).message).toBe(
        `${shown(store)} is inside the build that is published: choose a folder outside of the build`,
      );
    }
    expect(readdirSync(dir).sort()).toEqual(['assets', 'index.html']);
  });
});

describe('setRollout', () => {
  it('changes the named release, or the first one that is not withdrawn', async () => {
    const store = newFolder();
    for (const n of [1, 2]) await publishBuild(store, n);
    const shares = async (options: { rollout: number; release?: string }) =>
      (await setRollout({ ...channelOf(store), ...options })).index.releases.map(
        ({ rollout }) => rollout,
      );
    expect(await shares({ rollout: 5 })).toEqual([5, undefined]);
    expect(await shares({ rollout: 0, release: '1.0.1' })).toEqual([5, 0]);
    await withdraw({ ...channelOf(store), release: '1.0.2' });
    expect(await shares({ rollout: 1000 })).toEqual([5, undefined]);
  });
});

describe('a full output', () => {
  it('has the list of keys, and all channels of the present folder', async () => {
    const [store, out] = [newFolder(), newFolder()];
    const recovery = { recoveryPublicKey: keyA.spki };
    await publishKeys({ store, appId: APP, recoveryKey: keyA.pkcs8, publicKeys: publicKey });
    await publishBuild(store, 1, { ...recovery, channel: 'beta' });
    await publishBuild(store, 1, recovery);
    const options = { ...channelOf(out), ...recovery, from: store, out: 'full' as const };
    const dry = await refresh({ ...options, dryRun: true });
    expect(dry.written).toEqual([INDEX]);
    expect(readdirSync(out)).toEqual([]);
    const { written } = await refresh(options);
    expect(written.slice(0, -3).sort()).toEqual(objectsOf(store).map((name) => `objects/${name}`));
    expect(written.slice(-3)).toEqual(['channels/beta.sealed', 'keys.sealed', INDEX]);
    expect(indexBytes(out, 'beta')).toEqual(indexBytes(store, 'beta'));
    expect(
      (await verifyStore({ from: out, appId: APP, publicKey, ...recovery, now: NOW })).problems,
    ).toEqual([]);
  });

  it('has the other channels also if the channel itself is new', async () => {
    const [store, out] = [newFolder(), newFolder()];
    const { release } = await publishBuild(store, 1, { channel: 'beta' });
    const { written } = await publishBuild(out, 2, { from: store, out: 'full' });
    expect(written).toContain(`objects/${release.bundle.sha256}.sealed`);
    expect(written.slice(-2)).toEqual(['channels/beta.sealed', INDEX]);
  });

  it('is refused if another channel is missing', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    const options = { ...channelOf(out), from: store, out: 'full' as const };
    const error = await rejection(refresh({ ...options, otherChannels: ['beta'] }), 'ERR_STORE');
    expect(error.message).toBe(
      `${shown(store)} has no index of the channel beta: it has production`,
    );
    // The channel of the call is no other channel.
    expect((await refresh({ ...options, otherChannels: ['production'] })).changed).toBe(true);
  });

  it('leaves out a retired object that is missing, damaged, or no longer needed', async () => {
    const [store, out] = [newFolder(), newFolder()];
    const { release } = await publishBuild(store, 1);
    await publishBuild(store, 2, { keep: 1, patches: 0 });
    const retired = `objects/${release.bundle.sha256}.sealed`;
    const options = { ...channelOf(out), from: store, out: 'full' as const };
    const written = async (more = {}) => {
      const result = await refresh({ ...options, ...more });
      rmSync(join(out, 'objects'), { recursive: true });
      rmSync(join(out, 'channels'), { recursive: true });
      return result.written.includes(retired);
    };
    expect(await written()).toBe(true);
    expect(await written({ now: NOW.getTime() + 31 * DAY })).toBe(false);
    rmSync(join(store, retired));
    expect(await written()).toBe(false);
  });
});

describe('promote', () => {
  it('takes the newer of two indexes of the other channel', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1, { channel: 'beta' });
    // This index waits for its upload.
    await publishBuild(out, 2, { channel: 'beta', from: store });
    const options = { ...channelOf(out), from: store, fromChannel: 'beta' };
    expect((await promote(options)).release.version).toBe('1.0.2');
    await publishBuild(store, 3, { channel: 'beta' });
    await publishBuild(store, 4, { channel: 'beta' });
    expect((await promote(options)).release.version).toBe('1.0.4');
  });
});
