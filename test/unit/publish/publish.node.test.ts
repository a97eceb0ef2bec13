// Publishing to a folder: new files, files that are not made again, and refusals.

import { execFileSync } from 'node:child_process';
import { constants, createHash, privateEncrypt } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inspectBundle } from '../../../src/index.ts';
import { publishRelease, stampRelease } from '../../../src/node.ts';
import { releaseId } from '../../../src/release.ts';
import {
  buildOf,
  channelOf,
  expectWholeStore,
  indexBytes,
  NOW,
  newFolder,
  objectsOf,
  privateKey,
  publicKey,
  publishBuild,
  readIndexOf,
  writeBuild,
} from '../../support/publish.ts';
import { utf8 } from '../../support/zip.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('publishRelease', () => {
  it('creates a store in an empty folder', async () => {
    const store = join(newFolder(), 'new', 'store');
    const { changed, release, index, written } = await publishBuild(store, 1);
    expect(changed).toBe(true);
    expect(release).toEqual({
      id: await releaseId(buildOf(1)),
      version: '1.0.1',
      createdAt: '2026-11-26T09:00:00Z',
      size: Object.values(buildOf(1)).reduce((sum, { length }) => sum + length, 0),
      files: 3,
      bundle: { sha256: expect.any(String), size: expect.any(Number) },
      patches: [],
    });
    expect(index).toMatchObject({
      ...{ channel: 'production', epoch: 0, sequence: 1 },
      ...{ issuedAt: '2026-11-26T09:00:00Z', expiresAt: '2026-12-26T09:00:00Z' },
    });
    expect(written).toEqual([
      `objects/${release.bundle.sha256}.sealed`,
      'channels/production.sealed',
    ]);
    expect(await expectWholeStore(store)).toEqual(index);
    expect(existsSync(join(store, '.publish.lock'))).toBe(false);
  });

  it('refuses a pipe in place of an index, and an endless file as a stamp', async () => {
    const store = newFolder();
    mkdirSync(join(store, 'channels'));
    execFileSync('mkfifo', [join(store, 'channels', 'production.sealed')]);
    const isFile = { code: 'ERR_FILE' };
    await expect(publishBuild(store, 1)).rejects.toMatchObject(isFile);
    const other = { builtIn: ['/dev/zero'] };
    await expect(publishBuild(newFolder(), 1, other)).rejects.toMatchObject(isFile);
    const large = join(newFolder(), 'large');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 24 + 1);
    await expect(publishBuild(newFolder(), 1, { builtIn: [large] })).rejects.toThrow('too large');
  });

  it('refuses a meta that is nested deeper than devices accept', async () => {
    let meta: { [name: string]: object } = {};
    for (let i = 0; i < 4; i++) meta = { a: meta };
    const { release } = await publishBuild(newFolder(), 1, { meta } as never);
    expect(release.meta).toEqual(meta);
    for (let i = 0; i < 40_000; i++) meta = { a: meta };
    const options = { meta } as never;
    await expect(publishBuild(newFolder(), 1, options)).rejects.toThrow('options.meta expected');
    await expect(publishBuild(newFolder(), 1, { meta: { a: meta['a'] } } as never)).rejects.toThrow(
      RangeError,
    );
  });

  it('writes only the app id into the metadata of bundles and patches', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2);
    for (const name of objectsOf(store)) {
      const bytes = readFileSync(join(store, 'objects', name));
      expect(inspectBundle(bytes).metadata).toEqual({ appId: 'com.example.app' });
      expect(name).toBe(`${createHash('sha256').update(bytes).digest('hex')}.sealed`);
    }
    expect(inspectBundle(indexBytes(store)).metadata).toEqual({
      ...{ appId: 'com.example.app', channel: 'production', sequence: 2 },
    });
  });

  it('makes patches from the last releases that the channel offers, and no more', async () => {
    const store = newFolder();
    for (const n of [1, 2, 3, 4]) await publishBuild(store, n, { patches: 2 });
    const { releases } = await expectWholeStore(store);
    expect(releases.map(({ version }) => version)).toEqual(['1.0.4', '1.0.3', '1.0.2', '1.0.1']);
    const [newest, third, second] = releases.map(({ id }) => id);
    expect(releases[0]?.patches.map(({ from }) => from)).toEqual([third, second]);
    expect(releases[0]?.id).toBe(newest);
    for (const { bundle, patches } of releases) {
      for (const { size } of patches) expect(size).toBeLessThan(0.9 * bundle.size);
    }
  });

  it('keeps no patch that saves less than a tenth of the bundle', async () => {
    const store = newFolder();
    const options = { ...channelOf(store), version: '1' };
    await publishRelease(await writeBuild({ 'index.html': utf8('<p>') }), options);
    const { release, skipped } = await publishRelease(
      await writeBuild({ 'index.html': utf8('<b>') }),
      { ...options, version: '2' },
    );
    expect(release.patches).toEqual([]);
    expect(skipped).toEqual([{ from: expect.any(String), reason: 'no gain' }]);
    expect(objectsOf(store).length).toBe(2);
  });

  it('changes nothing if the same folder is published twice', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2);
    const before = { index: indexBytes(store), objects: objectsOf(store) };
    const { changed, written, release, index } = await publishBuild(store, 2, {
      now: new Date(NOW.getTime() + DAY),
    });
    expect({ changed, written }).toEqual({ changed: false, written: [] });
    expect(release).toEqual(index.releases[0]);
    expect({ index: indexBytes(store), objects: objectsOf(store) }).toEqual(before);
    expect((await publishBuild(store, 1)).changed).toBe(false);
  });

  it('updates the entry of a known release and writes no object', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { rollout: 50, note: 'First', runtime: '3' });
    await publishBuild(store, 2);
    const before = objectsOf(store);
    const meta = { ticket: 7 };
    const { index } = await publishBuild(store, 1, { rollout: 1000, mandatory: true, meta });
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.2', '1.0.1']);
    expect(index.releases[1]).toMatchObject({
      note: 'First',
      runtime: ['3'],
      mandatory: true,
      meta,
    });
    expect(index.releases[1]).not.toHaveProperty('rollout');
    expect(index.sequence).toBe(3);
    expect(objectsOf(store)).toEqual(before);
    const cleared = await publishBuild(store, 1, { note: '', runtime: [], mandatory: false });
    for (const name of ['note', 'runtime', 'mandatory']) {
      expect(cleared.release).not.toHaveProperty(name);
    }
  });

  it('moves a release to the front on request, with patches from the releases that are offered now', async () => {
    const store = newFolder();
    for (const n of [1, 2, 3]) await publishBuild(store, n);
    const { index } = await publishBuild(store, 1, { first: true });
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.1', '1.0.3', '1.0.2']);
    const [, third, second] = index.releases.map(({ id }) => id);
    expect(index.releases[0]?.patches.map(({ from }) => from)).toEqual([third, second]);
    await expectWholeStore(store);
    expect((await publishBuild(store, 1, { first: true })).changed).toBe(false);
  });

  it('makes a patch from a build that an app is shipped with, given as a folder or a stamp', async () => {
    const store = newFolder();
    const shipped = await writeBuild(buildOf(0));
    const { release } = await publishBuild(store, 1, { builtIn: [shipped] });
    expect(release.patches.map(({ from }) => from)).toEqual([await releaseId(buildOf(0))]);
    const stamp = join(newFolder(), 'bundleseal-release.json');
    writeFileSync(
      stamp,
      JSON.stringify({
        ...{ format: 'bundleseal-stamp', version: 1, createdAt: '2026-11-26T09:00:00Z' },
        id: release.id,
      }),
    );
    for (const n of [2, 3, 4])
      await publishBuild(store, n, { patches: 1, keep: 1, builtIn: [stamp] });
    const index = await expectWholeStore(store);
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.4', '1.0.1']);
    expect(index.releases[0]?.patches.map(({ from }) => from)).toContain(release.id);
  });

  it('makes no patch from a release whose bundle is missing or was replaced', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    writeFileSync(join(store, 'objects', `${release.bundle.sha256}.sealed`), 'something else');
    const second = await publishBuild(store, 2);
    expect(second.skipped).toEqual([
      {
        from: release.id,
        reason: 'unreadable',
        message: expect.stringContaining('is not the file'),
      },
    ]);
  });

  it('signs with an external signer', async () => {
    const store = newFolder();
    const signer = {
      publicKey,
      sign: async (payload: Uint8Array) =>
        privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, payload),
    };
    await publishBuild(store, 1, { privateKey: signer });
    await publishBuild(store, 2, { privateKey: signer });
    expect((await expectWholeStore(store)).releases[0]?.patches.length).toBe(1);
  });

  it('leaves the stamp out of the release', async () => {
    const files = { ...buildOf(1), 'bundleseal-release.json': utf8('{}') };
    const dir = await writeBuild(files);
    const store = newFolder();
    const { release } = await publishRelease(dir, { ...channelOf(store), version: '1' });
    expect(release.id).toBe(await releaseId(buildOf(1)));
    expect(release.files).toBe(3);
    await expectWholeStore(store);
  });

  it('refuses links and private keys in the build, and writes nothing', async () => {
    const store = newFolder();
    const dir = await writeBuild(buildOf(1));
    symlinkSync('index.html', join(dir, 'link.html'));
    const options = { ...channelOf(store), version: '1' };
    await expect(publishRelease(dir, options)).rejects.toMatchObject({
      ...{ code: 'ERR_ARCHIVE_INVALID', path: 'link.html' },
    });
    const leaky = await writeBuild({ ...buildOf(1), 'x.txt': utf8(options.privateKey as string) });
    await expect(publishRelease(leaky, options)).rejects.toMatchObject({
      ...{ code: 'ERR_ARCHIVE_INVALID', path: 'x.txt' },
    });
    expect(objectsOf(store)).toEqual([]);
  });

  it('writes nothing on a dry run, and reports the files that it would write', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const before = { index: indexBytes(store), objects: objectsOf(store) };
    const { written, release, changed } = await publishBuild(store, 2, { dryRun: true });
    expect(changed).toBe(true);
    expect(written.length).toBe(3);
    expect(release.patches.length).toBe(1);
    expect({ index: indexBytes(store), objects: objectsOf(store) }).toEqual(before);
  });

  it('reports progress, and rejects on an abort without a new index', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const told: number[] = [];
    let total = 0;
    await publishBuild(store, 2, {
      onProgress: (progress) => {
        told.push(progress.done);
        total = progress.total;
      },
    });
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(total);
    const before = indexBytes(store);
    const stop = new AbortController();
    const publishing = publishBuild(store, 3, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(publishing).rejects.toThrow('enough');
    expect(indexBytes(store)).toEqual(before);
    expect(existsSync(join(store, '.publish.lock'))).toBe(false);
  });

  it('refuses to sign an index larger than 1 MiB', async () => {
    const store = newFolder();
    const meta = { text: 'x'.repeat(600_000) };
    await publishBuild(store, 1, { meta });
    await expect(publishBuild(store, 2, { meta })).rejects.toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
      limit: 'keep',
      message: expect.stringMatching(
        /^the index would have 120\d{4} bytes, but devices accept at most 1048576: keep fewer releases or patches, or shorten notes and meta$/,
      ),
    });
    expect((await readIndexOf(store)).sequence).toBe(1);
  });

  it('refuses wrong options by name', async () => {
    const dir = await writeBuild(buildOf(1));
    const options = { ...channelOf(newFolder()), version: '1' };
    const wrong: [object, string][] = [
      [{ channel: '../x' }, 'options.channel'],
      [{ channel: 'con' }, 'and no name that Windows reserves, such as "con"'],
      [{ appId: '' }, 'options.appId'],
      [{ version: '' }, 'options.version'],
      [{ rollout: 0.25 }, 'options.rollout'],
      [{ expiresIn: 5 }, 'options.expiresIn'],
      [{ keep: 0 }, 'options.keep'],
      [{ patches: -1 }, 'options.patches'],
      [{ out: 'old' }, 'options.out'],
      [{ runtime: [3] }, 'options.runtime'],
      [{ store: 'https://example.com' }, 'options.store'],
      [{ from: 's3://bucket' }, 'options.from'],
      [{ chanel: 'x' }, '"chanel"'],
    ];
    for (const [one, name] of wrong) {
      await expect(publishRelease(dir, { ...options, ...one })).rejects.toThrow(name);
    }
  });
});

describe('the order of indexes', () => {
  it('signs at the later of the clock and the time of the previous index', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const { index } = await publishBuild(store, 2, { now: NOW.getTime() - HOUR + 1000 });
    expect(index.issuedAt).toBe('2026-11-26T09:00:00Z');
  });

  it('refuses to continue an index that is more than an hour ahead of the clock, unless forced', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const now = NOW.getTime() - HOUR - 1000;
    await expect(publishBuild(store, 2, { now })).rejects.toMatchObject({ code: 'ERR_STORE' });
    const { index } = await publishBuild(store, 2, { now, force: true });
    expect(index.issuedAt).toBe('2026-11-26T09:00:00Z');
  });

  it('needs a clock that was set, for an index and for a stamp', async () => {
    const dir = await writeBuild(buildOf(1));
    vi.useFakeTimers({ toFake: ['Date'], now: 1000 });
    try {
      const { now: _, ...options } = channelOf(newFolder());
      const error = {
        code: 'ERR_STORE',
        message:
          'the clock of this machine says 1970-01-01T00:00:01Z: set it, because devices compare the times of indexes and releases',
      };
      await expect(publishRelease(dir, { ...options, version: '1' })).rejects.toMatchObject(error);
      await expect(stampRelease(dir)).rejects.toMatchObject(error);
    } finally {
      vi.useRealTimers();
    }
  });

  it('continues an index that has expired', async () => {
    const store = newFolder();
    await publishBuild(store, 1, { expiresIn: HOUR });
    const { index } = await publishBuild(store, 2, { now: NOW.getTime() + 5 * DAY });
    expect(index).toMatchObject({ sequence: 2, expiresAt: '2026-12-01T10:00:00Z' });
  });
});
