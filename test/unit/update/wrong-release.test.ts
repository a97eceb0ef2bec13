// Releases whose download is not what the index says, and builds that lack a file.

import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import {
  fetchBuiltIn,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
} from '../../../src/update.ts';
import { zipBundle } from '../../../src/zip.ts';
import { rejection } from '../../support/errors.ts';
import { AFTER, APP, BEFORE } from '../../support/release.ts';
import { BUILT_IN_TIME, createDevice, createPublisher, fetchFrom } from '../../support/update.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

const sizeOf = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.values(files).reduce((sum, { length }) => sum + length, 0);
const size = sizeOf(AFTER);

describe('a download that is not the release of the index', () => {
  const updateTo = async (
    publish: (publisher: ReturnType<typeof createPublisher>) => Promise<void>,
  ) => {
    const publisher = createPublisher();
    await publish(publisher);
    const releases = memoryStore();
    const { updater } = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    const { id } = await updater.start();
    const error = await rejection(updater.update(), 'ERR_SOURCE_FAILED');
    expect(await releases.list()).toEqual([]);
    expect((await updater.start()).id).toBe(id);
    return error;
  };

  it.each([
    ['fewer bytes', { size: size - 1 }, 'it has more files or bytes', 'ERR_LIMIT_EXCEEDED'],
    ['more bytes', { size: size + 1 }, 'it has fewer files or bytes', undefined],
    ['fewer files', { files: 3 }, 'it has more files or bytes', 'ERR_LIMIT_EXCEEDED'],
    ['more files', { files: 5 }, 'it has fewer files or bytes', undefined],
    ['another id', { id: 'a'.repeat(64) }, 'it has another id', undefined],
  ])('is refused if the index names %s', async (_, more, how, cause) => {
    const error = await updateTo(async (publisher) => {
      await publisher.offer([await publisher.make(AFTER, [], more)]);
    });
    expect(error.message).toBe(
      `the download is not the release that the index names (${how}): publish the release again`,
    );
    expect((error.cause as { code?: string } | undefined)?.code).toBe(cause);
  });

  it.each([
    ['the stamp of another release', 'bundleseal-release.json', 'is the stamp'],
    ['a path that a release cannot have', 'cafe\u0301.js', 'NFC'],
  ])('is refused if the bundle has %s', async (_, path, fault) => {
    const { message } = await updateTo(async (publisher) => {
      const { entry, files } = await publisher.make(AFTER);
      const zip = await zipBundle({ ...AFTER, [path]: utf8('x') });
      const { bytes } = await encryptBundle(zip, {
        ...{ privateKey: keyB.pkcs8, metadata: { appId: APP } },
      });
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
      const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      publisher.store.set(`objects/${sha256}.sealed`, bytes);
      const bundle = { sha256, size: bytes.length };
      await publisher.offer([{ entry: { ...entry, bundle, size: size + 1, files: 5 }, files }]);
    });
    expect(message).toContain(`("${path}" `);
    expect(message).toContain(fault);
  });
});

describe('an installed release whose list was changed', () => {
  it.each([
    ['is no list', async () => utf8('nothing')],
    [
      'is that of another release',
      async () => (await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME })).readStamp(),
    ],
  ])('is not started if the list %s, and the error says that it differs', async (_, listOf) => {
    const publisher = createPublisher();
    const published = await publisher.make(AFTER);
    await publisher.offer([published]);
    const store = memoryStore();
    const first = await createDevice(BEFORE, fetchFrom(publisher.store), { releases: store });
    const shipped = await first.updater.start();
    await first.updater.update();
    const releases: ReleaseStore = {
      ...store,
      async open(id) {
        const { read, ...reader } = await store.open(id);
        const isList = (path: string) => path === 'bundleseal-release.json';
        return { ...reader, read: (path) => (isList(path) ? listOf() : read(path)) };
      },
    };
    const second = await createDevice(BEFORE, fetchFrom(publisher.store), { releases });
    expect((await second.updater.start()).id).toBe(shipped.id);
    const messages = second.events.flatMap((event) =>
      event.type === 'error' ? [(event.error as Error).message] : [],
    );
    expect(messages).toEqual([
      `the list of release ${published.entry.id} differs from the installed file: another program wrote to the store. The updater installs the release again`,
    ]);
  });
});

describe('a build that lacks a file', () => {
  const base = 'https://app.example.com/';
  const lacking = fetchBuiltIn({ base, fetch: async () => new Response('', { status: 404 }) });

  it('is told with the answer of the server, and how to write a missing stamp', async () => {
    expect((await rejection(lacking.files.read('a.js'), 'ERR_STORE')).message).toBe(
      'the build has no "a.js": the server answered 404; upload every file that bundleseal-release.json lists, hidden ones too',
    );
    expect((await rejection(lacking.readStamp(), 'ERR_STORE')).message).toBe(
      'the build has no "bundleseal-release.json": the server answered 404; write it with `npx bundleseal release stamp DIR`',
    );
  });

  it('is told with the path if the build is in memory', async () => {
    const builtIn = await memoryBuiltIn(BEFORE, { createdAt: BUILT_IN_TIME });
    const error = await rejection(builtIn.files.read('a.js'), 'ERR_STORE');
    expect(error).toMatchObject({ message: 'the build has no "a.js"', path: 'a.js' });
  });

  it('asks for names with special characters by their encoded address', async () => {
    const asked: string[] = [];
    const builtIn = fetchBuiltIn({
      base: `${base}app/`,
      fetch: async (url) => {
        asked.push(String(url));
        return new Response('x');
      },
    });
    expect(await builtIn.files.read('a/b c%#?.js')).toEqual(utf8('x'));
    expect(asked).toEqual([`${base}app/a/b%20c%25%23%3F.js`]);
  });
});
