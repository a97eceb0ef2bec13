// What verifyStore says about headers and times, and which values it takes for good.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stampRelease, verifyStore } from '../../../src/node.ts';
import {
  APP,
  buildOf,
  NOW,
  newFolder,
  publicKey,
  publishBuild,
  writeBuild,
} from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';
const HOUR = 3_600_000;

/** The problems of a store with one release, by the headers that its server sends. */
async function problemsWith(headers: { readonly index?: string; readonly objects?: string }) {
  const store = newFolder();
  const { release } = await publishBuild(store, 1);
  const { url } = await serveStore(store, undefined, (path) => {
    return path.startsWith('/objects/')
      ? (headers.objects ?? IMMUTABLE)
      : (headers.index ?? 'no-cache');
  });
  const options = { appId: APP, publicKey, channels: ['production'], now: NOW };
  const { problems } = await verifyStore({ ...options, from: url });
  return { problems, object: `objects/${release.bundle.sha256}.sealed` };
}

describe('the Cache-Control of an index', () => {
  it.each([
    'no-cache',
    'no-store',
    'max-age=0',
    'public, no-cache',
    'private,MAX-AGE=0,no-transform',
  ])('is right if it is %s', async (index) =>
    expect((await problemsWith({ index })).problems).toEqual([]),
  );

  it.each([
    ['public, max-age=3600', 'Cache-Control "public, max-age=3600"'],
    ['max-age=01', 'Cache-Control "max-age=01"'],
    ['x-no-cache', 'Cache-Control "x-no-cache"'],
    ['no-cached', 'Cache-Control "no-cached"'],
    ['', 'no Cache-Control'],
  ])('is wrong if it is %j', async (index, shown) => {
    const { problems } = await problemsWith({ index });
    expect(problems).toMatchObject([
      {
        code: 'cache',
        path: 'channels/production.sealed',
        message: `channels/production.sealed has ${shown} and needs "no-cache": devices see new indexes late`,
      },
    ]);
  });
});

describe('the Cache-Control of an object', () => {
  it.each([IMMUTABLE, 'max-age=86400', 'public,MAX-AGE=86400', 'private max-age=1000000'])(
    'is right if it is %s',
    async (objects) => expect((await problemsWith({ objects })).problems).toEqual([]),
  );

  it.each([
    ['max-age=86399', 'Cache-Control "max-age=86399"'],
    ['no-store, max-age=31536000', 'Cache-Control "no-store, max-age=31536000"'],
    ['max-age=31536000, no-cache', 'Cache-Control "max-age=31536000, no-cache"'],
    ['max-age=31536000,no-cache=x', 'Cache-Control "max-age=31536000,no-cache=x"'],
    ['s-max-age=31536000', 'Cache-Control "s-max-age=31536000"'],
    ['', 'no Cache-Control'],
  ])('is wrong if it is %j', async (objects, shown) => {
    const { problems, object } = await problemsWith({ objects });
    expect(problems).toMatchObject([
      {
        code: 'cache',
        path: object,
        message: `${object} has ${shown} and needs "${IMMUTABLE}": devices fetch it again`,
      },
    ]);
  });
});

describe('the Cache-Control of two objects', () => {
  it('is one problem, which names the first one', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    await publishBuild(store, 2, { patches: 0 });
    const header = () => 'no-cache';
    const { url } = await serveStore(store, () => false, header);
    const options = { appId: APP, publicKey, channels: ['production'], now: NOW };
    const { problems } = await verifyStore({ from: url, ...options });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^objects\/[0-9a-f]{64}\.sealed and 1 other object have Cache-Control "no-cache" and need /,
      ),
    ]);
  });
});

describe('an object that a server does not have', () => {
  it('is one problem, and its Cache-Control is not another one', async () => {
    const store = newFolder();
    const { release } = await publishBuild(store, 1);
    rmSync(join(store, 'objects', `${release.bundle.sha256}.sealed`));
    const { url } = await serveStore(store);
    const options = { appId: APP, publicKey, channels: ['production'], now: NOW };
    const { problems } = await verifyStore({ ...options, from: url });
    expect(problems.map(({ code }) => code)).toEqual(['object']);
  });
});

describe('the expiry of an index', () => {
  const END = '2026-12-26T09:00:00Z';
  const end = Date.parse(END);
  const check = async (now: number, expiresWithin?: number) => {
    const store = newFolder();
    await publishBuild(store, 1);
    const options = { from: store, appId: APP, publicKey, now };
    const { problems } = await verifyStore({
      ...options,
      ...(expiresWithin !== undefined && { expiresWithin }),
    });
    return problems.map(({ code, message }) => `${code}: ${message}`);
  };
  const expiring = `expiring: the index expires at ${END}: refresh it`;
  const expired = `expired: the index expired at ${END}: refresh it`;

  it('is a problem from a quarter of its time on, and from its second on', async () => {
    const margin = (30 * 24 * HOUR) / 4;
    expect(await check(end - margin)).toEqual([]);
    expect(await check(end - margin + 1)).toEqual([expiring]);
    expect(await check(end - 1)).toEqual([expiring]);
    expect(await check(end)).toEqual([expired]);
  });

  it('is a problem within the time that is asked for', async () => {
    expect(await check(end - HOUR, HOUR)).toEqual([]);
    expect(await check(end - HOUR + 1, HOUR)).toEqual([expiring]);
    expect(await check(end - 1, 0)).toEqual([]);
    expect(await check(end, 0)).toEqual([expired]);
  });

  it.each([-1, 0.5, Number.NaN, '1', 2 ** 53])('is not asked for as %o', async (expiresWithin) => {
    await expect(check(NOW.getTime(), expiresWithin as number)).rejects.toThrow(
      new RangeError(
        `options.expiresWithin expected an integer from 0 to ${2 ** 53 - 1}, got ${typeof expiresWithin === 'string' ? 'a string' : expiresWithin}`,
      ),
    );
  });
});

describe('a store that lacks something', () => {
  const verify = async (store: string, channels?: readonly string[]) => {
    const { problems } = await verifyStore({
      ...{ from: store, appId: APP, publicKey, now: NOW },
      ...(channels !== undefined && { channels }),
    });
    return problems;
  };

  it('is reported with the path of the missing index', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    expect(await verify(store, ['beta'])).toMatchObject([
      {
        code: 'index',
        path: 'channels/beta.sealed',
        message: expect.stringMatching(
          /^channels\/beta\.sealed is missing in .*bundleseal-store-.*: publish to the channel, or check its name and/,
        ),
      },
    ]);
  });

  it('is reported at an address without the path of the website with a hint at that path', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const { url } = await serveStore(store);
    const [problem, ...others] = await verify(`${url}/updates/`, ['production']);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'index', path: 'channels/production.sealed' });
    expect(problem?.message).toContain(
      `is missing in ${url}/updates/: publish to the channel, or check its name and the address, which includes the path of the website: `,
    );
  });

  it('is reported with the patch that is missing or cut', async () => {
    const store = newFolder();
    await publishBuild(store, 1);
    const { release } = await publishBuild(store, 2);
    const object = join(store, 'objects', `${release.patches[0]?.sha256}.sealed`);
    const bytes = readFileSync(object);
    rmSync(object);
    expect(await verify(store)).toMatchObject([{ code: 'object' }]);
    writeFileSync(object, bytes.subarray(0, -1));
    expect(await verify(store)).toMatchObject([{ code: 'object' }]);
    writeFileSync(object, bytes);
    expect(await verify(store)).toEqual([]);
  });
});

describe('a built-in release of which only the stamp is known', () => {
  it('opens the patches from it, and applies none', async () => {
    const store = newFolder();
    const shipped = await writeBuild(buildOf(0));
    await publishBuild(store, 1, { builtIn: [shipped] });
    await stampRelease(shipped, { now: NOW });
    const builtIn = [join(shipped, 'bundleseal-release.json')];
    const options = { from: store, appId: APP, publicKey, now: NOW, builtIn };
    expect(await verifyStore(options)).toMatchObject({ problems: [], patches: 0, notApplied: 1 });
  });
});
