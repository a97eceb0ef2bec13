// The reader of an installed release: which files it verifies, when, and what it does about a damaged one.

import { describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/backend/select.ts';
import { toHex } from '../../../src/bytes.ts';
import { openInstalled, provenReader } from '../../../src/update/installed.ts';
import { memoryBuiltIn } from '../../../src/update.ts';
import { rejection } from '../../support/errors.ts';
import { BEFORE } from '../../support/release.ts';
import { digestOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

/** A reader of one file, whose bytes in the store can be changed, and the errors that it reports. */
async function readerOf(verify: Parameters<typeof provenReader>[2]) {
  const backend = await selectBackend('auto');
  const sound = utf8('sound');
  const store = { bytes: sound as Uint8Array | Error };
  const digests = [{ path: 'a.js', size: 5, sha256: toHex(await backend.sha256(sound)) }];
  const damages: unknown[] = [];
  const reader = provenReader(
    {
      digests,
      reader: {
        list: async () => [],
        read: async () => {
          if (store.bytes instanceof Error) throw store.bytes;
          return store.bytes;
        },
      },
    },
    backend,
    verify,
    (error) => damages.push(error),
  );
  return { reader, store, digests, damages };
}

const ALTERED =
  '"a.js" differs from the installed file: another program wrote to the store. The updater installs the release again';

describe('the reader of a release', () => {
  it('lists the files of the stamp', async () => {
    const { reader, digests } = await readerOf('first');
    expect(await reader.list()).toEqual(digests);
    expect(await reader.list()).not.toBe(digests);
  });

  it.each(['first', 'always'] as const)(
    'that verifies "%s" rejects for other bytes, of the same length or not',
    async (verify) => {
      for (const bytes of [utf8('SOUND'), utf8('sound and more'), utf8('')]) {
        const { reader, store, damages } = await readerOf(verify);
        store.bytes = bytes;
        const error = await rejection(reader.read('a.js'), 'ERR_STORE');
        expect(error.message).toBe(ALTERED);
        expect(damages).toEqual([error]);
        store.bytes = utf8('sound');
        expect(await reader.read('a.js')).toEqual(utf8('sound'));
      }
    },
  );

  it('verifies a file once, every time, or never', async () => {
    for (const [verify, isNoticed] of [
      ['first', false],
      ['always', true],
    ] as const) {
      const { reader, store, damages } = await readerOf(verify);
      await reader.read('a.js');
      store.bytes = utf8('other');
      const read = reader.read('a.js');
      if (isNoticed) await rejection(read, 'ERR_STORE');
      else expect(await read).toEqual(utf8('other'));
      expect(damages).toHaveLength(isNoticed ? 1 : 0);
    }
    const { reader, store, damages } = await readerOf('never');
    store.bytes = utf8('other');
    expect(await reader.read('a.js')).toEqual(utf8('other'));
    expect(damages).toEqual([]);
  });

  it('reports a file that the store cannot read, and not one that the release does not have', async () => {
    const { reader, store, damages } = await readerOf('never');
    const missing = await rejection(reader.read('b.js'), 'ERR_STORE');
    expect(missing).toMatchObject({ message: 'the release has no file "b.js"', path: 'b.js' });
    expect(damages).toEqual([]);
    store.bytes = new Error('the disk');
    const error = await rejection(reader.read('a.js'), 'ERR_STORE');
    expect(error.message).toMatch(/^"a\.js" could not be read: the member cause/);
    expect(damages).toEqual([error]);
  });
});

describe('the opening of a release', () => {
  const open = async (id: string, read: () => Promise<Uint8Array>) =>
    openInstalled(async () => ({ list: async () => [], read }), id, await selectBackend('auto'));
  const listed = async () => {
    const builtIn = await memoryBuiltIn(BEFORE, { createdAt: '2026-11-26T08:55:00Z' });
    const stamp = await builtIn.readStamp();
    return { stamp, id: JSON.parse(new TextDecoder().decode(stamp)).id as string };
  };

  it('gives the digests of its list, which gives its id', async () => {
    const { stamp, id } = await listed();
    const opened = await open(id, async () => stamp);
    expect(opened.isShipped).toBe(false);
    expect(opened.stamp.id).toBe(id);
    expect(opened.digests).toEqual(opened.stamp.files);
  });

  it('names the release that cannot be opened, or has another list', async () => {
    const { stamp, id } = await listed();
    const other = digestOf(1);
    const renamed = utf8(new TextDecoder().decode(stamp).replaceAll(id, other));
    const altered =
      'differs from the installed file: another program wrote to the store. The updater installs the release again';
    for (const [wanted, bytes] of [
      [other, stamp],
      [other, renamed],
      [id, utf8('no list')],
    ] as const) {
      const error = await rejection(
        open(wanted, async () => bytes),
        'ERR_STORE',
      );
      expect(error.message).toBe(`the list of release ${wanted} ${altered}`);
    }
    const unread = open(id, () => Promise.reject(new Error('the disk')));
    expect((await rejection(unread, 'ERR_STORE')).message).toMatch(
      new RegExp(`^the list of release ${id} could not be read: `),
    );
    const closed = openInstalled(
      () => Promise.reject(new Error('the disk')),
      id,
      await selectBackend('auto'),
    );
    expect((await rejection(closed, 'ERR_STORE')).message).toMatch(
      new RegExp(`^release ${id} could not be opened: `),
    );
  });
});
