// Publishing where the present state is read from another place: a web server, or another folder.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  listReleases,
  promote,
  publishKeys,
  publishRelease,
  refresh,
  verifyStore,
} from '../../../src/node.ts';
import { httpPlace } from '../../../src/publish/http-place.ts';
import {
  APP,
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
import { serveStore } from '../../support/store-server.ts';

const upload = (out: string, store: string) => cpSync(out, store, { recursive: true });

describe('a store on a web server', () => {
  it('is continued, and only new files are written', async () => {
    const store = newFolder();
    const { url, requests } = await serveStore(store);
    const first = newFolder();
    await expect(publishBuild(first, 1, { from: url })).rejects.toThrow(
      'publish to it with create: true',
    );
    await publishBuild(first, 1, { from: url, create: true });
    upload(first, store);
    for (const n of [2, 3]) {
      const out = newFolder();
      const { written, index, release } = await publishBuild(out, n, { from: url });
      expect(index.sequence).toBe(n);
      expect(release.patches.length).toBe(n - 1);
      expect(written.length).toBe(n + 1);
      expect(objectsOf(out).length).toBe(n);
      upload(out, store);
    }
    await expectWholeStore(store);
    for (const { headers } of requests) expect(headers['cache-control']).toBe('no-cache');
    await expect(publishBuild(newFolder(), 4, { from: url, create: true })).rejects.toThrow(
      'leave create out',
    );
  });

  it('is refused as the folder to write, before a folder of that name is made', async () => {
    const store = 'https://example.com/app';
    const dir = await writeBuild(buildOf(1));
    const options = channelOf(store);
    const keys = { store, appId: APP, recoveryKey: privateKey, publicKeys: publicKey };
    for (const call of [
      publishRelease(dir, { ...options, version: '1.0.0' }),
      refresh(options),
      publishKeys(keys),
    ]) {
      await expect(call).rejects.toThrow('pass the address as options.from');
    }
    expect(existsSync('https:')).toBe(false);
  });

  it('is read without keeping each piece of an answer', async () => {
    const piece = new Uint8Array(1);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent === 200) controller.close();
          // Reuses the same memory, so code that keeps the piece without copying it has only the last byte.
          else controller.enqueue(piece.fill(sent++));
        },
      },
      { highWaterMark: 0 },
    );
    const place = httpPlace('https://example.com/', 'from', async () => new Response(body));
    const file = await place.read('keys.sealed', { limit: 1000 });
    expect([...(file?.bytes ?? [])]).toEqual(Array.from({ length: 200 }, (_, at) => at));
  });

  it('is verified with its headers', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2);
    const options = { appId: APP, publicKey, channels: ['production'], now: NOW };
    const good = await serveStore(store);
    expect((await verifyStore({ ...options, from: good.url })).problems).toEqual([]);
    const bad = await serveStore(store, undefined, (path) =>
      path.startsWith('/objects/') ? 'no-cache' : 'public, max-age=3600',
    );
    const { problems } = await verifyStore({ ...options, from: `${bad.url}/` });
    // One problem for the index, and one for all objects.
    expect(problems.map(({ code }) => code)).toEqual(['cache', 'cache']);
    expect(problems[0]?.message).toContain('needs "no-cache"');
    expect(problems[1]?.message).toMatch(
      /^objects\/[0-9a-f]+\.sealed and 2 other objects have Cache-Control "no-cache" and need /,
    );
    await expect(verifyStore({ appId: APP, publicKey, from: good.url })).rejects.toThrow(
      'options.channels',
    );
    const missing = await verifyStore({ ...options, from: good.url, channels: ['beta'] });
    expect(missing.problems.map(({ code }) => code)).toEqual(['index']);
  });

  it('that answers 403 for missing files can start a channel, but does not restart one', async () => {
    const store = newFolder();
    const hide = (path: string, response: import('node:http').ServerResponse) => {
      if (readdirSync(store).length > 0 && !path.includes('keys')) return false;
      response.writeHead(403).end();
      return true;
    };
    const { url } = await serveStore(store, hide);
    await expect(publishBuild(newFolder(), 1, { from: url })).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.stringMatching(
        /403: .* If the channel is new, publish to it with create: true$/,
      ),
    });
    const out = newFolder();
    await publishBuild(out, 1, { from: url, create: true });
    upload(out, store);
    expect((await publishBuild(newFolder(), 2, { from: url })).index.sequence).toBe(2);
  });

  it('is read again after a temporary failure, and abandoned after the third', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    let failures = 2;
    const { url } = await serveStore(store, (_, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    });
    const options = { appId: APP, publicKey, channel: 'production' };
    expect((await listReleases({ ...options, from: url })).index.sequence).toBe(1);
    failures = Number.POSITIVE_INFINITY;
    await expect(listReleases({ ...options, from: url })).rejects.toMatchObject({
      ...{ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('status 503') },
    });
  });

  it('is refused if it sends an endless index', async () => {
    const store = newFolder();
    let sent = 0;
    const { url } = await serveStore(store, (path, response) => {
      if (!path.startsWith('/channels/')) return false;
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
      return true;
    });
    await expect(
      listReleases({ appId: APP, publicKey, channel: 'production', from: url }),
    ).rejects.toMatchObject({ code: 'ERR_STORE' });
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('does not show a token of its address in messages', async () => {
    const { url } = await serveStore(newFolder());
    const from = `${url}/?token=secret`;
    const failing = listReleases({ appId: APP, publicKey, channel: 'production', from });
    await expect(failing).rejects.toThrow(/^(?!.*secret)/);
  });
});

describe('a folder beside the store', () => {
  it('holds files that wait for their upload, and the next publisher continues from them', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    const published = { from: store };
    await publishBuild(out, 2, published);
    const { index } = await publishBuild(out, 3, published);
    expect(index.sequence).toBe(3);
    expect(index.releases.map(({ version }) => version)).toEqual(['1.0.3', '1.0.2', '1.0.1']);
    upload(out, store);
    await expectWholeStore(store);
  });

  it('may keep the files that were uploaded, and the next publisher continues', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    await publishBuild(out, 2, { from: store });
    upload(out, store);
    expect((await publishBuild(out, 3, { from: store })).index.sequence).toBe(3);
  });

  it('is refused if somebody else has published the same sequence in the meantime', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    await publishBuild(out, 2, { from: store });
    await publishBuild(store, 3);
    await expect(publishBuild(out, 4, { from: store })).rejects.toThrow('Empty the folder');
    rmSync(out, { recursive: true });
    mkdirSync(out);
    expect((await publishBuild(out, 4, { from: store })).index.sequence).toBe(3);
  });

  it('is ignored if its index is older', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(out, 1);
    upload(out, store);
    await publishBuild(store, 2);
    expect((await publishBuild(out, 3, { from: store })).index.sequence).toBe(3);
  });

  it('gets every object that devices may still fetch, for hosts that delete the rest', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 1, { channel: 'beta' });
    await publishBuild(store, 2, { channel: 'beta' });
    await publishBuild(store, 2, { keep: 1 });
    const out = newFolder();
    const { written } = await publishBuild(out, 3, { from: store, out: 'full' });
    expect(written.at(-1)).toBe('channels/production.sealed');
    const channels = written.filter((path) => !path.startsWith('objects/'));
    expect(channels).toEqual(['channels/beta.sealed', 'channels/production.sealed']);
    await expectWholeStore(out);
    await expectWholeStore(out, 'beta');
    // The bundle of the first release is retired, and devices with an older index still fetch it.
    for (const { sha256 } of (await readIndexOf(out)).retired ?? []) {
      expect(objectsOf(out)).toContain(`${sha256}.sealed`);
    }
    const { url } = await serveStore(store);
    const again = newFolder();
    const options = { ...channelOf(again), from: url, out: 'full' as const };
    await refresh({ ...options, otherChannels: ['beta'] });
    await expectWholeStore(again, 'beta');
    const promoted = newFolder();
    await promote({ ...options, store: promoted, fromChannel: 'beta' });
    await expectWholeStore(promoted);
  });

  it('is written in full even if nothing has changed', async () => {
    const [store, out] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    const { changed } = await publishBuild(out, 1, { from: store, out: 'full' });
    expect(changed).toBe(false);
    expect(indexBytes(out)).toEqual(indexBytes(store));
    await expectWholeStore(out);
  });

  it('keeps an index that somebody copies into it during the call', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const other = readFileSync(join(store, 'channels', 'production.sealed'));
    await publishBuild(store, 2);
    const publishing = publishBuild(store, 3, {
      onProgress: () => writeFileSync(join(store, 'channels', 'production.sealed'), other),
    });
    await expect(publishing).rejects.toThrow('was replaced meanwhile');
    expect(indexBytes(store)).toEqual(other);
  });
});
