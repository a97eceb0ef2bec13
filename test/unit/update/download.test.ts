// A download whose first way fails, whose release is over a limit, or whose index is replaced meanwhile.

import { describe, expect, it } from 'vitest';
import { checksum, encryptBundle } from '../../../src/index.ts';
import { readStamp } from '../../../src/release.ts';
import { memoryBuiltIn, memoryStore, type ReleaseStore } from '../../../src/update.ts';
import { zipBundle } from '../../../src/zip.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, BEFORE, type Files } from '../../support/release.ts';
import {
  BUILT_IN_TIME,
  CHANNEL,
  createDevice,
  createPublisher,
  fetchFrom,
  INDEX,
} from '../../support/update.ts';
import { published } from '../../support/update-published.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const THIRD: Files = { ...AFTER, 'new.txt': utf8('third') };
const objectOf = ({ sha256 }: { readonly sha256: string }) => `objects/${sha256}.sealed`;

describe('a download whose objects are deleted', () => {
  it('checks again, and installs the release of the next index', async () => {
    const publisher = createPublisher();
    const old = await publisher.make(AFTER, [BEFORE]);
    const next = await publisher.make(THIRD, [BEFORE]);
    await publisher.offer([old]);
    const [oldPatch, nextPatch] = [old.entry.patches[0], next.entry.patches[0]] as const;
    let isReplaced = false;
    const request = fetchFrom(publisher.store, async (path, _, whole) => {
      if (path.startsWith('objects/') && !isReplaced) {
        isReplaced = true;
        for (const object of [old.entry.bundle, oldPatch]) {
          publisher.store.delete(objectOf(object as { sha256: string }));
        }
        await publisher.offer([next]);
      }
      return whole();
    });
    const { updater, events } = await createDevice(BEFORE, request);
    await updater.start();
    expect((await updater.update()).id).toBe(next.entry.id);
    expect(request.paths).toEqual([
      ...[INDEX, objectOf(oldPatch as { sha256: string })],
      ...[INDEX, objectOf(nextPatch as { sha256: string })],
    ]);
    expect(events.flatMap((event) => (event.type === 'way-failed' ? [event] : []))).toEqual([
      {
        ...{ type: 'way-failed', id: old.entry.id },
        way: { kind: 'patch', from: oldPatch?.from, size: oldPatch?.size },
        error: expect.objectContaining({ code: 'ERR_SOURCE_FAILED' }),
      },
    ]);
  });

  it('checks again once, tries each way once, and rejects with the error of the last one', async () => {
    const { publisher, next, request } = await published();
    const [patch] = next.entry.patches;
    for (const object of [next.entry.bundle, patch]) {
      publisher.store.delete(objectOf(object as { sha256: string }));
    }
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    const error = await rejection(updater.update(), 'ERR_SOURCE_FAILED');
    expect(error.message).toContain(`${objectOf(next.entry.bundle)} answered 404`);
    expect(request.paths).toEqual([
      ...[INDEX, objectOf(patch as { sha256: string })],
      ...[INDEX, objectOf(next.entry.bundle)],
    ]);
  });

  it('tries the other ways to the release if the second check gets no answer', async () => {
    const { publisher, next } = await published();
    publisher.store.delete(objectOf(next.entry.patches[0] as { sha256: string }));
    let checks = 0;
    const request = fetchFrom(publisher.store, (path, _, whole) => {
      if (path === INDEX && ++checks > 1) throw new TypeError('no network');
      return whole();
    });
    const { updater } = await createDevice(BEFORE, request);
    await updater.start();
    expect((await updater.update()).id).toBe(next.entry.id);
    expect(request.paths.at(-1)).toBe(objectOf(next.entry.bundle));
  });

  it('counts the bytes of failed ways as moved', async () => {
    const { publisher, next } = await published();
    const patch = next.entry.patches[0] as { readonly sha256: string; readonly size: number };
    const bytes = publisher.store.get(objectOf(patch)) as Uint8Array;
    publisher.store.set(
      objectOf(patch),
      bytes.map((byte) => byte ^ 1),
    );
    const { updater, events } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await updater.start();
    const moved = patch.size + next.entry.bundle.size;
    expect(await updater.download()).toEqual({ id: next.entry.id, moved });
    expect(events.at(-1)).toEqual({ type: 'downloaded', id: next.entry.id, moved });
  });

  it('ends at once if the store of the device fails, and asks for no other object', async () => {
    const { request, next } = await published();
    const releases = { ...memoryStore(), write: () => Promise.reject(new Error('the disk')) };
    const { updater, events } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    const error = await rejection(updater.update(), 'ERR_STORE');
    expect(error.message).toMatch(new RegExp(`^release ${next.entry.id} could not be written: `));
    expect(request.paths.filter((path) => path === INDEX)).toHaveLength(1);
    expect(events.map(({ type }) => type)).not.toContain('way-failed');
  });
});

describe('a download with a signal', () => {
  it('ends with its reason, in the middle of an object', async () => {
    const { publisher } = await published();
    const stop = new AbortController();
    const request = fetchFrom(publisher.store, (path, _, whole) => {
      if (path.startsWith('objects/')) stop.abort(new Error('enough'));
      return whole();
    });
    const { updater, events } = await createDevice(BEFORE, request);
    await updater.start();
    await expect(updater.download({ signal: stop.signal })).rejects.toThrow('enough');
    expect(events.map(({ type }) => type)).not.toContain('way-failed');
    expect(await updater.status()).not.toHaveProperty('ready');
  });
});

describe('a download of another app', () => {
  it('is refused, also if the index names it', async () => {
    const publisher = createPublisher();
    const { entry, files } = await publisher.make(AFTER);
    const sealed = await encryptBundle(await zipBundle(AFTER), {
      privateKey: keyB.pkcs8,
      metadata: { appId: 'com.example.other' },
    });
    const sha256 = await checksum(sealed.bytes);
    const bundle = { sha256, size: sealed.bytes.length };
    publisher.store.set(objectOf(bundle), sealed.bytes);
    await publisher.offer([{ entry: { ...entry, bundle }, files }]);
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store));
    await rejection(updater.update(), 'ERR_EXPECTATION_FAILED');
  });
});

describe('a release that is being fetched', () => {
  it('is in the state before the store has it, so that no other page removes it', async () => {
    const { request, next } = await published();
    const memory = memoryStore();
    const other = await createDevice(BEFORE, request, { releases: memory });
    const releases: ReleaseStore = {
      ...memory,
      async write(id, files) {
        await memory.write(id, files);
        // Another page starts, and removes every release that the state does not name.
        await other.updater.start();
        await other.updater.idle();
      },
    };
    const { updater } = await createDevice(BEFORE, request, { releases });
    await updater.start();
    await updater.update();
    expect(await memory.list()).toEqual([next.entry.id]);
  });
});

describe('the limits of an app', () => {
  const update = async (limits: object, from: readonly Files[] = []) => {
    const publisher = createPublisher();
    const { entry, files } = await publisher.make(AFTER, from);
    await publisher.offer([{ entry, files }]);
    const request = fetchFrom(publisher.store);
    const { updater } = await createDevice(BEFORE, request, { limits });
    await updater.start();
    return { entry, work: updater.update(), request };
  };
  const { length: files } = Object.keys(AFTER);
  const size = Object.values(AFTER).reduce((sum, { length }) => sum + length, 0);

  it('accept a release that is as large as they are', async () => {
    const { entry, work } = await update({ files, releaseSize: size });
    expect(await work).toMatchObject({ id: entry.id });
  });

  it.each([
    [{ files: files - 1 }, `${files} files`, `${files - 1}`, 'files'],
    [{ releaseSize: size - 1 }, `${size} bytes`, `${size - 1}`, 'releaseSize'],
  ])('refuse a release over %j', async (limits, has, most, name) => {
    const { entry, work } = await update(limits);
    const error = await rejection(work, 'ERR_LIMIT_EXCEEDED');
    expect(error).toMatchObject({
      limit: name,
      message: `release ${entry.version} has ${has}, but the app accepts at most ${most}: publish a smaller one, or raise limits.${name} in the app`,
    });
  });

  it('make the device take the bundle of a release that is larger than the largest image', async () => {
    const { entry, work, request } = await update({ patchImage: size - 1 }, [BEFORE]);
    expect(await work).toMatchObject({ id: entry.id });
    expect(request.paths.slice(1)).toEqual([objectOf(entry.bundle)]);
  });
});

describe('the stamp of an installed release', () => {
  const stampOf = async (entryRuntime?: readonly string[], runtime?: string) => {
    const { request, next, index } = await published(
      entryRuntime === undefined ? {} : { runtime: entryRuntime },
    );
    const releases = memoryStore();
    const options = { releases, ...(runtime !== undefined && { runtime }) };
    const { updater } = await createDevice(BEFORE, request, options);
    await updater.start();
    await updater.update();
    const copy = await releases.open(next.entry.id);
    const stamp = readStamp(await copy.read('bundleseal-release.json'));
    return { stamp, releases, request, next: next.entry, index };
  };

  it('has the time of the release, the built-in release and the floors of the device, and every file', async () => {
    const { stamp, next, index } = await stampOf();
    const builtIn = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    expect(stamp).toEqual({
      ...{ format: 'bundleseal-stamp', version: 1, id: next.id, createdAt: next.createdAt },
      builtIn: readStamp(await builtIn.readStamp()).id,
      floors: [
        {
          ...{ channel: CHANNEL, epoch: 0, sequence: index.sequence, issuedAt: index.issuedAt },
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      ],
      files: expect.any(Array),
    });
    const paths = stamp.files?.map(({ path }) => path);
    expect([...(paths ?? [])].sort()).toEqual(Object.keys(AFTER).sort());
  });

  it('has the runtime of the device only if the release names runtimes', async () => {
    expect((await stampOf(['2', '3'], '3')).stamp.runtime).toBe('3');
    expect((await stampOf(undefined, '3')).stamp).not.toHaveProperty('runtime');
  });

  it('keeps a release from another runtime, also after the state was lost', async () => {
    for (const [isLost, runtime, runs] of [
      [false, '4', false],
      [false, '3', true],
      [true, '4', false],
      [true, '3', true],
    ] as const) {
      const { releases, request, next } = await stampOf(['3'], '3');
      if (isLost) {
        await releases.writeState(utf8('lost'));
        const lost = await createDevice(BEFORE, request, { releases, runtime });
        await lost.updater.activate();
      }
      const { updater } = await createDevice(BEFORE, request, { releases, runtime });
      const { id } = await updater.start();
      expect(id === next.id, `${isLost} ${runtime}`).toBe(runs);
    }
  });
});

describe('a base whose files were altered', () => {
  it('is told in the error of the patch', async () => {
    const { request } = await published();
    const shipped = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const read = async (path: string) => new Uint8Array([...(await shipped.files.read(path)), 32]);
    const builtIn = { ...shipped, files: { ...shipped.files, read } };
    const { updater, events } = await createDevice(BEFORE, request, { builtIn });
    await updater.start();
    await updater.update();
    const failed = events.find((event) => event.type === 'way-failed');
    expect((failed as { error: Error }).error.message).toBe(
      'the files of the release that the patch starts from do not give its id: the updater installs the release in another way',
    );
  });
});
