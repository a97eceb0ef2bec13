// Objects that another program deletes while prune runs, and objects that cannot be deleted.
// @vitest-environment-options { "own": "prune-races" }

import { utimesSync, writeFileSync } from 'node:fs';
import type * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { prune } from '../../../src/node.ts';
import { rejection } from '../../support/errors.ts';
import { APP, NOW, newFolder, objectsOf, publicKey, publishBuild } from '../../support/publish.ts';

/** The failure of the next deletion of an object. */
const deletion = vi.hoisted(() => ({ failure: undefined as string | undefined }));

vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const unlink: typeof fs.unlink = async (path) => {
    if (!String(path).endsWith('.sealed') || deletion.failure === undefined) {
      return real.unlink(path);
    }
    if (deletion.failure === 'ENOENT') await real.unlink(path);
    throw Object.assign(new Error(deletion.failure), { code: deletion.failure });
  };
  return { ...real, unlink, default: { ...real, unlink } as never };
});

afterEach(() => {
  deletion.failure = undefined;
});

async function storeWithStray() {
  const store = newFolder();
  await publishBuild(store, 1);
  const stray = `${'a'.repeat(64)}.sealed`;
  writeFileSync(join(store, 'objects', stray), 'abc');
  utimesSync(join(store, 'objects', stray), 0, 0);
  return { store, stray, options: { store, appId: APP, publicKey, now: NOW } };
}

describe('an object that prune deletes', () => {
  it('counts as deleted if another program deletes it first', async () => {
    const { store, stray, options } = await storeWithStray();
    deletion.failure = 'ENOENT';
    expect(await prune(options)).toEqual({ deleted: [`objects/${stray}`], size: 3, kept: 1 });
    expect(objectsOf(store)).not.toContain(stray);
  });

  it('is named if it cannot be deleted', async () => {
    const { store, stray, options } = await storeWithStray();
    deletion.failure = 'EACCES';
    const error = await rejection(prune(options), 'ERR_FILE');
    expect(error.message).toContain(
      `${JSON.stringify(join(store, 'objects', stray))} can't be deleted`,
    );
    expect(objectsOf(store)).toContain(stray);
  });
});
