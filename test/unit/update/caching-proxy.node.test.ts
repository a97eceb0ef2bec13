// Updates from a static server, through a caching proxy in a process of its own that errs as real CDNs do.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { folderStore } from '../../../src/node.ts';
import { type Cdn, openCdn } from '../../support/cdn.ts';
import { AFTER, BEFORE, type Files } from '../../support/release.ts';
import { createDevice, createPublisher, type Published } from '../../support/update.ts';
import { utf8 } from '../../support/zip.ts';

const INDEX = 'channels/production.sealed';
const THIRD: Files = { ...AFTER, 'new.txt': utf8('third'.repeat(300)) };

const root = mkdtempSync(join(tmpdir(), 'bundleseal-proxy-'));
// The store of all tests: the proxy has the address of its server.
const files = new Map<string, Uint8Array>();
let origin: Cdn;
let proxy: ChildProcess;
let address: string;
let made = 0;

beforeAll(async () => {
  origin = await openCdn(files);
  const program = join(import.meta.dirname, '../../support/caching-proxy.js');
  proxy = spawn(process.execPath, [program, origin.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  address = await new Promise<string>((resolve, reject) => {
    proxy.stdout?.once('data', (line) => resolve(String(line).trim()));
    proxy.once('exit', (code) => reject(new Error(`the proxy ended with ${code}`)));
  });
}, 60_000);

afterAll(() => {
  proxy.kill();
  origin.close();
  rmSync(root, { recursive: true, force: true });
});

/** Empties the cache of one behaviour, or all caches. */
const purge = (name = '') => fetch(`${address}purge/${name}`);

beforeEach(async () => {
  await purge();
  files.clear();
  origin.asked.length = 0;
});

/** A device in a folder of the disk, whose mirrors are the proxy that errs in these ways. */
function deviceBehind(...names: readonly string[]) {
  const dir = join(root, String(made++));
  const launch = async (behind: readonly string[]) => {
    const device = await createDevice(BEFORE, fetch, {
      store: behind.map((name) => `${address}${name}/`),
      releases: folderStore(dir),
      retries: 4,
    });
    const release = await device.updater.start();
    await device.updater.confirm(release.id);
    return { ...device, release };
  };
  /** Launches the device, compares every file of the release that runs, and updates. */
  const update = async (runs: Files, behind = names) => {
    const { updater, events, release } = await launch(behind);
    for (const [path, bytes] of Object.entries(runs)) {
      expect(new Uint8Array(await release.files.read(path)), path).toEqual(bytes);
    }
    const result = await updater.update().catch((error: unknown) => ({ error }));
    const failed = events.flatMap((event) => (event.type === 'way-failed' ? event.way.kind : []));
    return { result, failed, id: release.id };
  };
  return { update };
}

/** The path of the object of a patch or bundle. */
const objectOf = ({ sha256 }: { readonly sha256: string }) => `objects/${sha256}.sealed`;
const askedFor = (path: string) => origin.asked.filter((asked) => asked.path === path);

async function publishAfter() {
  const publisher = createPublisher(undefined, files);
  const next = await publisher.make(AFTER, [BEFORE]);
  await publisher.offer([next]);
  const [patch] = next.entry.patches as [Published['entry']['patches'][number]];
  return { publisher, next, patch };
}

describe('a device behind a caching proxy', () => {
  it('updates, and the next device gets the patch from the cache', async () => {
    const { next, patch } = await publishAfter();
    for (let n = 0; n < 2; n++) {
      const device = deviceBehind('sound');
      expect(await device.update(BEFORE)).toMatchObject({
        result: { id: next.entry.id, moved: patch.size },
        failed: [],
      });
      expect(await device.update(AFTER)).toMatchObject({
        result: { check: { status: 'current' } },
      });
    }
    expect(askedFor(objectOf(patch))).toHaveLength(1);
    // The proxy asks the server whether the index has changed.
    expect(askedFor(INDEX).map(({ status }) => status)).toEqual([200, 304, 304, 304]);
  });

  it.each([
    ['whole', 'answers a range with the whole object and status 200'],
    ['cut', 'breaks the connection after 300 bytes of each object'],
    ['bare', 'takes away the validators and the lengths of ranges'],
    ['compressed', 'compresses every answer and breaks the first one of each object'],
  ])('that errs as "%s" updates by the patch: it %s', async (name) => {
    const { next } = await publishAfter();
    const device = deviceBehind(name);
    expect(await device.update(BEFORE)).toMatchObject({
      result: { id: next.entry.id },
      failed: [],
    });
    expect((await device.update(AFTER)).id).toBe(next.entry.id);
  });

  it('that has kept half of an object updates all the same', async () => {
    const { next } = await publishAfter();
    const device = deviceBehind('truncated');
    expect(await device.update(BEFORE)).toMatchObject({ result: { id: next.entry.id } });
    expect((await device.update(AFTER)).id).toBe(next.entry.id);
  });

  it('that serves a stale index stays where it is, without an error, until the cache is emptied', async () => {
    const publisher = createPublisher(undefined, files);
    await publisher.offer([await publisher.make(BEFORE)]);
    const device = deviceBehind('stale');
    const first = await device.update(BEFORE);
    expect(first.result).toMatchObject({ check: { status: 'current', isStale: false } });
    const next = await publisher.make(AFTER, [BEFORE]);
    await publisher.offer([next]);
    expect((await device.update(BEFORE)).result).toEqual(first.result);
    await purge('stale');
    expect((await device.update(BEFORE)).result).toMatchObject({ id: next.entry.id });
    expect((await device.update(AFTER)).id).toBe(next.entry.id);
  });

  it('that goes back to an older index keeps the release that runs, and reports the rollback', async () => {
    const publisher = createPublisher(undefined, files);
    const one = await publisher.make(AFTER, [BEFORE]);
    await publisher.offer([one]);
    await fetch(`${address}stale/${INDEX}`);
    const third = await publisher.make(THIRD, [BEFORE]);
    await publisher.offer([third, one]);
    const device = deviceBehind('stale', 'sound');
    expect((await device.update(BEFORE)).result).toMatchObject({ id: third.entry.id });
    expect((await device.update(THIRD, ['stale'])).result).toMatchObject({
      check: { status: 'current', isStale: true, error: { code: 'ERR_INDEX_ROLLED_BACK' } },
    });
    expect((await device.update(THIRD)).id).toBe(third.entry.id);
  });

  it('that keeps the 404 of a channel is offline until the cache is emptied', async () => {
    const device = deviceBehind('negative');
    expect((await device.update(BEFORE)).result).toMatchObject({ check: { status: 'offline' } });
    const { next } = await publishAfter();
    expect((await device.update(BEFORE)).result).toMatchObject({ check: { status: 'offline' } });
    await purge('negative');
    expect((await device.update(BEFORE)).result).toMatchObject({ id: next.entry.id });
  });

  it('that keeps the 404 of a patch takes the bundle', async () => {
    const { next, patch } = await publishAfter();
    const bytes = files.get(objectOf(patch)) as Uint8Array;
    files.delete(objectOf(patch));
    // Another device has asked before the patch was uploaded.
    expect((await fetch(`${address}negative/${objectOf(patch)}`)).status).toBe(404);
    files.set(objectOf(patch), bytes);
    const device = deviceBehind('negative');
    expect(await device.update(BEFORE)).toMatchObject({
      result: { id: next.entry.id },
      failed: ['patch'],
    });
    expect((await device.update(AFTER)).id).toBe(next.entry.id);
  });

  it('that mixes an old index with a store whose old objects are deleted stays whole, and gets on later', async () => {
    const { publisher, next, patch } = await publishAfter();
    await fetch(`${address}stale/${INDEX}`);
    const third = await publisher.make(THIRD, [BEFORE, AFTER]);
    await publisher.offer([third]);
    for (const object of [patch, next.entry.bundle]) files.delete(objectOf(object));
    const device = deviceBehind('stale');
    const { result, failed } = await device.update(BEFORE);
    expect(result).toMatchObject({ error: { code: 'ERR_SOURCE_FAILED' } });
    expect(failed).toEqual(['patch', 'bundle']);
    await purge('stale');
    expect((await device.update(BEFORE)).result).toMatchObject({ id: third.entry.id });
    expect((await device.update(THIRD)).id).toBe(third.entry.id);
  });

  it('that serves one object under the name of another installs nothing of it, and asks the other mirror', async () => {
    const { publisher, next, patch } = await publishAfter();
    const third = await publisher.make(THIRD, [BEFORE]);
    await fetch(`${address}mixed/${objectOf(patch)}`);
    await publisher.offer([third, next]);
    const device = deviceBehind('mixed');
    const { result, failed } = await device.update(BEFORE);
    expect(result).toMatchObject({ error: { code: 'ERR_SOURCE_FAILED' } });
    expect(failed).toEqual(['patch', 'bundle']);
    expect(await device.update(BEFORE, ['mixed', 'sound'])).toMatchObject({
      result: { id: third.entry.id },
      failed: ['patch'],
    });
    expect((await device.update(THIRD)).id).toBe(third.entry.id);
  });
});
