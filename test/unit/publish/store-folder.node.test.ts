// The folder of a store: links in it, and folders that are missing or cannot be made.

import {
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prune, publishKeys, verifyStore } from '../../../src/node.ts';
import { APP, NOW, newFolder, objectsOf, publicKey, publishBuild } from '../../support/publish.ts';
import { keyA } from '../../support/vectors.ts';

describe('a link in a store', () => {
  const INDEX = 'channels/production.sealed';

  it('is followed to an object, and kept by prune', async () => {
    const [store, elsewhere] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    const [object] = readdirSync(join(store, 'objects')) as [string];
    renameSync(join(store, 'objects', object), join(elsewhere, object));
    symlinkSync(join(elsewhere, object), join(store, 'objects', object));
    const { release } = await publishBuild(store, 2);
    expect(release.patches).toHaveLength(1);
    const later = new Date(NOW.getTime() + 365 * 24 * 3_600_000);
    await prune({ store, appId: APP, publicKey, now: later });
    expect(readdirSync(join(store, 'objects'))).toContain(object);
  });

  it('is not written through', async () => {
    const [store, elsewhere] = [newFolder(), newFolder()];
    await publishBuild(store, 1);
    renameSync(join(store, INDEX), join(elsewhere, 'index'));
    symlinkSync(join(elsewhere, 'index'), join(store, INDEX));
    const before = readFileSync(join(elsewhere, 'index'));
    await expect(publishBuild(store, 2)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: expect.stringMatching(
        /production\.sealed" is a link, but a publisher writes only to files: remove the link$/,
      ),
    });
    expect(readFileSync(join(elsewhere, 'index'))).toEqual(before);
    expect(lstatSync(join(store, INDEX)).isSymbolicLink()).toBe(true);
  });
});

describe('a folder that cannot be made', () => {
  it.runIf(process.platform === 'linux')(
    'is refused where the system has no folders to make',
    async () => {
      await expect(publishBuild('/proc/bundleseal', 1)).rejects.toMatchObject({ code: 'ERR_FILE' });
    },
  );

  it('is named, with the reason', async () => {
    const store = newFolder();
    writeFileSync(join(store, 'objects'), '');
    await expect(publishBuild(store, 1)).rejects.toThrow(
      /objects" can't be made, or is no folder to write to: something else has that name/,
    );
  });
});

describe('a folder that does not exist', () => {
  it('does not count as a new store, and not as a complete one', async () => {
    const [store, folder] = [newFolder(), newFolder()];
    const from = join(folder, 'misspelt');
    const missing = { code: 'ERR_FILE', path: from };
    await expect(publishBuild(store, 1, { from })).rejects.toMatchObject(missing);
    const recoveryKey = keyA.pkcs8;
    const keys = { store, from, appId: APP, recoveryKey, publicKeys: publicKey };
    await expect(publishKeys(keys)).rejects.toMatchObject(missing);
    for (const empty of [from, folder]) {
      await expect(verifyStore({ from: empty, appId: APP, publicKey })).rejects.toMatchObject({
        ...{
          code: 'ERR_STORE',
          message: expect.stringMatching(
            / has no index of any channel: check the name of the folder$/,
          ),
        },
      });
    }
    expect(objectsOf(store)).toEqual([]);
  });
});
