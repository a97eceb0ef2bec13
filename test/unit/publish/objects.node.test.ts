// The objects that a store has to keep, where an object is read from, and the names of its files.

import { describe, expect, it } from 'vitest';
import { namedBy, readObject, retire } from '../../../src/publish/objects.ts';
import { channelPath, isChannel, nameOfFile, objectPath } from '../../../src/publish/paths.ts';
import type { FetchedFile, StorePlace } from '../../../src/publish/store-place.ts';
import { rejection } from '../../support/errors.ts';
import { digestOf, entryOf, indexOf, timeOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

const patchOf = (from: number, n: number) => ({
  ...{ from: digestOf(from), sha256: digestOf(n), size: 10 },
});
/** A release of two objects: its bundle and a patch. */
const releaseOf = (n: number) => entryOf(n, { patches: [patchOf(1, 2000 + n)] });
const objects = (n: number) => [1000 + n, 2000 + n].map(digestOf);
const until = (n: number, time: number) =>
  objects(n).map((sha256) => ({ sha256, until: timeOf(time) }));

describe('the objects that the next index retires', () => {
  const present = (expiresAt: number, rest = {}) =>
    indexOf({ expiresAt: timeOf(expiresAt), releases: [releaseOf(1), releaseOf(2)], ...rest });
  const next = (releases: readonly number[], issuedAt: number, expiresAt: number) => ({
    releases: releases.map(releaseOf),
    ...{ issuedAt: timeOf(issuedAt), expiresAt: timeOf(expiresAt) },
  });

  it('are none for the first index', () => {
    expect(retire(undefined, next([1], 1, 9))).toEqual([]);
  });

  it('are those that it no longer names, until the index before expires', () => {
    expect(retire(present(5), next([2], 1, 9))).toEqual(until(1, 5));
    expect(retire(present(5), next([2], 4, 9))).toEqual(until(1, 5));
    expect(retire(present(5), next([2], 5, 9))).toEqual([]);
  });

  it('are all objects of the index before if it expires first', () => {
    const both = [...until(1, 5), ...until(2, 5)].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
    expect(retire(present(5), next([1, 2], 1, 4))).toEqual(both);
    expect(retire(present(5), next([1, 2], 1, 5))).toEqual([]);
  });

  it('stay retired until their own time, or until a later one', () => {
    const [bundle, patch] = objects(1) as [string, string];
    const retired = [
      { sha256: digestOf(7), until: timeOf(3) },
      { sha256: digestOf(8), until: timeOf(4) },
      { sha256: bundle, until: timeOf(8) },
      { sha256: patch, until: timeOf(4) },
    ];
    expect(retire(present(5, { retired }), next([2], 3, 9))).toEqual([
      { sha256: digestOf(8), until: timeOf(4) },
      { sha256: bundle, until: timeOf(8) },
      { sha256: patch, until: timeOf(5) },
    ]);
  });

  it('are bundles and patches', () => {
    expect([...namedBy([releaseOf(1), releaseOf(2)])]).toEqual([...objects(1), ...objects(2)]);
  });
});

describe('an object', () => {
  const bytes = utf8('the object');
  const sha256 = '5a4b6d9d';
  const placeOf = (name: string, content: Uint8Array | undefined) => {
    const asked: unknown[] = [];
    const place: StorePlace = {
      name,
      read: async (path, options): Promise<FetchedFile | undefined> => {
        asked.push([path, options.limit, options.hidesMissing]);
        return content && { bytes: content };
      },
    };
    return { place, asked };
  };
  const digest = async () =>
    Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString(
      'hex',
    );

  it('is read from the first place that has it, and no other place is asked', async () => {
    const object = { sha256: await digest(), size: bytes.length };
    const [missing, wrong, right, last] = [
      placeOf('one', undefined),
      placeOf('two', utf8('other text')),
      placeOf('three', bytes),
      placeOf('four', bytes),
    ] as const;
    const places = [missing, wrong, right, last].map(({ place }) => place);
    expect((await readObject(object, { places })).bytes).toEqual(bytes);
    for (const { asked } of [missing, wrong, right]) {
      expect(asked).toEqual([[`objects/${object.sha256}.sealed`, bytes.length, true]]);
    }
    expect(last.asked).toEqual([]);
  });

  it('must have the size and the digest of the index', async () => {
    const { place } = placeOf('the store', bytes);
    for (const object of [
      { sha256: await digest(), size: bytes.length + 1 },
      { sha256, size: bytes.length },
    ]) {
      const error = await rejection(readObject(object, { places: [place] }), 'ERR_STORE');
      expect(error.message).toBe(
        `objects/${object.sha256}.sealed in the store is not the file that the index names: put the published file back`,
      );
    }
  });
});

describe('the name of a file in a store', () => {
  it('is that of a channel or object with an ending', () => {
    expect(channelPath('beta')).toBe('channels/beta.sealed');
    expect(objectPath('abc')).toBe('objects/abc.sealed');
    expect(nameOfFile('beta.sealed')).toBe('beta');
    for (const other of ['beta', '.beta.sealed', 'beta.sealed.tmp', 'sealed']) {
      expect(nameOfFile(other), other).toBeUndefined();
    }
  });

  it.each<[unknown, boolean]>([
    ['a', true],
    ['1', true],
    ['a._-Z9', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['', false],
    ['.a', false],
    ['-a', false],
    ['_a', false],
    ['a/b', false],
    ['a b', false],
    ['ä', false],
    ['a\n', false],
    // A name that Windows reserves.
    ['con', false],
    [undefined, false],
    [5, false],
    [['a'], false],
  ])('may be that of a channel %o: %s', (channel, expected) => {
    expect(isChannel(channel)).toBe(expected);
  });
});
