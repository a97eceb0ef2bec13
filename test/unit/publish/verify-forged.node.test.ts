// Stores whose index does not fit its objects, as a faulty tool of the publisher could make them.

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encryptObject } from '../../../src/bundle/encrypt.ts';
import { verifyStore } from '../../../src/node.ts';
import { createPatch, type ReleaseIndex, sealIndex } from '../../../src/release.ts';
import {
  APP,
  buildOf,
  NOW,
  newFolder,
  privateKey,
  publicKey,
  publishBuild,
  readIndexOf,
} from '../../support/publish.ts';
import { keyA } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

/** A store with the second build and a patch to it from the first one, which can be altered. */
async function storeWithPatch(options: { readonly keep?: number } = {}) {
  const store = newFolder();
  await publishBuild(store, 1);
  await publishBuild(store, 2, options);
  const index = await readIndexOf(store);
  const replace = async (
    change: (releases: ReleaseIndex['releases']) => ReleaseIndex['releases'],
  ) => {
    const sealed = await sealIndex(
      { ...index, releases: change(index.releases), sequence: index.sequence + 1 },
      { privateKey },
    );
    writeFileSync(join(store, 'channels', 'production.sealed'), sealed);
  };
  const put = (bytes: Uint8Array) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(store, 'objects', `${sha256}.sealed`), bytes);
    return { sha256, size: bytes.length };
  };
  const verify = () => verifyStore({ from: store, appId: APP, publicKey, now: NOW });
  return { store, index, replace, put, verify };
}

describe('a store that does not fit its index', () => {
  it.each<[string, { readonly size?: number; readonly files?: number }]>([
    ['the number of files', { files: 4 }],
    ['the number of bytes', { size: 20_001 }],
  ])('has a problem if the index has another value for %s of a release', async (_, wrong) => {
    const { index, replace, verify } = await storeWithPatch();
    await replace(([first, ...others]) => [{ ...first, ...wrong } as never, ...others]);
    const [newest] = index.releases;
    const { size, files } = { ...newest, ...wrong } as { size: number; files: number };
    expect(await verify()).toMatchObject({ releases: 2, patches: 1 });
    expect((await verify()).problems).toEqual([
      {
        ...{ code: 'release', channel: 'production' },
        path: `objects/${newest?.bundle.sha256}.sealed`,
        message: `release 1.0.2 has 3 files of ${newest?.size} bytes, but the index says ${files} files of ${size} bytes: publish it again`,
      },
    ]);
  });

  it('has a problem if a bundle contains another release', async () => {
    const { index, replace, verify } = await storeWithPatch();
    const [newest, oldest] = index.releases;
    await replace(([first, last]) => [
      { ...first, bundle: (last as (typeof index.releases)[0]).bundle } as never,
      last as never,
    ]);
    const { problems, releases, patches, notApplied } = await verify();
    expect(problems).toEqual([
      {
        ...{ code: 'release', channel: 'production' },
        path: `objects/${oldest?.bundle.sha256}.sealed`,
        message: `the bundle of release ${newest?.id} contains the files of another release: withdraw release ${newest?.id}`,
      },
    ]);
    expect({ releases, patches, notApplied }).toEqual({ releases: 1, patches: 1, notApplied: 0 });
  });

  it('has a problem if a patch makes another release', async () => {
    const { replace, put, verify } = await storeWithPatch();
    const { from, bytes } = await createPatch(buildOf(1), buildOf(3), { privateKey, appId: APP });
    const patch = { from, ...put(bytes) };
    await replace(([first, ...others]) => [{ ...first, patches: [patch] } as never, ...others]);
    const { problems, patches } = await verify();
    expect(problems).toEqual([
      {
        ...{ code: 'release', channel: 'production' },
        path: `objects/${patch.sha256}.sealed`,
        message: 'the patch to 1.0.2 makes another release: publish it again',
      },
    ]);
    expect(patches).toBe(0);
  });

  it('has a problem if a patch starts from another release than the index names', async () => {
    const { index, replace, put, verify } = await storeWithPatch();
    const { bytes } = await createPatch(buildOf(3), buildOf(2), { privateKey, appId: APP });
    const patch = { from: index.releases[1]?.id, ...put(bytes) };
    await replace(([first, ...others]) => [{ ...first, patches: [patch] } as never, ...others]);
    const { problems, patches } = await verify();
    expect(problems).toMatchObject([
      { code: 'release', channel: 'production', path: `objects/${patch.sha256}.sealed` },
    ]);
    expect(patches).toBe(0);
  });

  it('has a problem if a patch is sealed with another key or is no patch, even if its base is away', async () => {
    const { store, index, replace, put, verify } = await storeWithPatch({ keep: 1 });
    expect(index.releases).toHaveLength(1);
    expect(await verify()).toMatchObject({ problems: [], patches: 0, notApplied: 1 });
    const foreign = await createPatch(buildOf(1), buildOf(2), {
      ...{ privateKey: keyA.pkcs8, appId: APP },
    });
    const sealedIndex = readFileSync(join(store, 'channels', 'production.sealed'));
    const other = await encryptObject(
      utf8('x'),
      { privateKey, metadata: { appId: 'com.example.other' } },
      'patch',
    );
    for (const [bytes, message] of [
      [foreign.bytes, /key/],
      [new Uint8Array(sealedIndex), /patch/],
      [other.bytes, /com\.example\.other/],
    ] as const) {
      const patch = { from: foreign.from, ...put(bytes) };
      await replace(([first]) => [{ ...first, patches: [patch] } as never]);
      const { problems, notApplied } = await verify();
      expect(problems).toMatchObject([
        {
          ...{ code: 'release', channel: 'production' },
          path: `objects/${patch.sha256}.sealed`,
          message: expect.stringMatching(message),
        },
      ]);
      expect(notApplied).toBe(0);
    }
  });

  it('counts only the releases and patches that it has', async () => {
    const { store, index, verify } = await storeWithPatch();
    const [newest, oldest] = index.releases;
    const remove = (sha256: string | undefined) =>
      rmSync(join(store, 'objects', `${sha256}.sealed`));
    const counts = async () => {
      const { releases, patches, notApplied, problems } = await verify();
      return [releases, patches, notApplied, problems.length];
    };
    expect(await counts()).toEqual([2, 1, 0, 0]);
    remove(oldest?.bundle.sha256);
    expect(await counts()).toEqual([1, 0, 1, 1]);
    remove(newest?.patches[0]?.sha256);
    expect(await counts()).toEqual([1, 0, 0, 2]);
    const other = await storeWithPatch();
    const [patch] = other.index.releases[0]?.patches ?? [];
    rmSync(join(other.store, 'objects', `${patch?.sha256}.sealed`));
    expect(await other.verify()).toMatchObject({ releases: 2, patches: 0, notApplied: 0 });
  });

  it('is not verified after an abort', async () => {
    const { store } = await storeWithPatch();
    const options = { from: store, appId: APP, publicKey, now: NOW };
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(verifyStore({ ...options, signal })).rejects.toThrow('enough');
    const { signal: idle } = new AbortController();
    expect((await verifyStore({ ...options, signal: idle })).problems).toEqual([]);
  });
});
