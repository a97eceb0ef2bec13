// Which files the command line replaces, and what it leaves after a failure.

import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, rename, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

useCli();

const ENCRYPT = ['bundle', 'encrypt', 'a.zip', '--no-project', '--key', 'k'];
const RESEAL = ['bundle', 'reseal', '--from', 'k.pub', '--key', 'n'];

/** A project with an old key `k`, a new key `n`, a zip and its sealed bundle. */
async function withBundle(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    const zip = await zipBundle({ 'index.html': utf8('<p>') });
    const { bytes } = await encryptBundle(zip, { privateKey: keyB.pkcs8 });
    for (const [name, content] of Object.entries({
      k: keyB.pkcs8,
      'k.pub': keyB.spki,
      n: keyA.pkcs8,
      'n.pub': keyA.spki,
      'a.zip': zip,
      'a.sealed': bytes,
    })) {
      await project.write(name, content);
    }
    await work(project);
  });
}

const read = ({ path }: Project, name: string) => readFileSync(path(name));
const opens = async ({ run }: Project, key: string, ...files: string[]) =>
  (await run(['bundle', 'verify', ...files, '--key', key])).code === 0;

describe('an existing output', () => {
  const MINE = 'what somebody has written';

  it.each([
    ['decrypt', ['bundle', 'decrypt', 'a.sealed', '--key', 'k.pub', '--out', 'mine']],
    ['encrypt', [...ENCRYPT, '--out', 'mine']],
    ['encrypt --detached', [...ENCRYPT, '--detached', '--out', 'mine']],
    ['zip', ['bundle', 'zip', 'd', '--out', 'mine']],
    ['reseal', [...RESEAL, 'a.sealed', '--out', 'mine']],
  ])('is kept by %s unless --force is given', async (_, args) => {
    await withBundle(async (project) => {
      await project.write('mine', MINE);
      await project.write('d/index.html', '<p>');
      const refused = await project.json(args);
      expect(refused).toMatchObject({ code: 'ERR_FILE', path: 'mine' });
      expect(refused['message']).toContain('--force');
      expect(read(project, 'mine').toString()).toBe(MINE);
      expect((await project.run([...args, '--force'])).code).toBe(0);
      expect(read(project, 'mine').toString()).not.toBe(MINE);
    });
  });

  it('is replaced if the command has written it before, or if it is empty', async () => {
    await withBundle(async (project) => {
      await project.write('empty', '');
      await project.write('d/index.html', '<p>');
      for (const args of [
        [...ENCRYPT, '--out', 'a.sealed'],
        [...ENCRYPT, '--out', 'empty'],
        [...ENCRYPT, '--detached', '--out', 'body'],
        [...ENCRYPT, '--detached', '--out', 'body'],
        ['bundle', 'zip', 'd', '--out', 'a.zip'],
      ]) {
        expect((await project.run(args)).code).toBe(0);
      }
    });
  });

  it('is kept by decrypt even if it is a bundle', async () => {
    await withBundle(async (project) => {
      const args = ['bundle', 'decrypt', 'a.sealed', '--key', 'k.pub', '--out', 'a.zip'];
      const refused = await project.json(args);
      expect(refused).toMatchObject({ code: 'ERR_FILE', path: 'a.zip' });
    });
  });
});

describe('bundle decrypt --extract --overwrite', () => {
  it('refuses the folder that contains the bundle, and deletes nothing', async () => {
    await withBundle(async (project) => {
      await project.write('www/a.sealed', read(project, 'a.sealed'));
      await project.write('keys/k.pub', keyB.spki);
      await symlink('www', project.path('link'));
      for (const [file, key, dir] of [
        ['www/a.sealed', 'k.pub', 'www'],
        ['link/a.sealed', 'k.pub', 'www'],
        ['a.sealed', 'keys/k.pub', 'keys'],
      ] as const) {
        const args = ['bundle', 'decrypt', file, '--key', key, '--extract', dir, '--overwrite'];
        const refused = await project.json(args);
        expect(refused).toMatchObject({ code: 'ERR_FILE' });
        expect(refused['message']).toContain('--overwrite');
      }
      expect(readdirSync(project.path('www'))).toEqual(['a.sealed']);
      expect(readdirSync(project.path('keys'))).toEqual(['k.pub']);
    });
  });
});

describe('bundle reseal', () => {
  it('follows a link, and leaves a file called NAME.resealed alone', async () => {
    await withBundle(async (project) => {
      await symlink('a.sealed', project.path('link.sealed'));
      await project.write('link.sealed.resealed', 'mine');
      await project.write('a.sealed.resealed', 'mine');
      await chmod(project.path('a.sealed'), 0o640);
      expect((await project.run([...RESEAL, 'link.sealed'])).code).toBe(0);
      expect(lstatSync(project.path('link.sealed')).isSymbolicLink()).toBe(true);
      expect(statSync(project.path('a.sealed')).mode & 0o777).toBe(0o640);
      expect(await opens(project, 'n.pub', 'a.sealed')).toBe(true);
      for (const name of ['link.sealed.resealed', 'a.sealed.resealed']) {
        expect(read(project, name).toString()).toBe('mine');
      }
    });
  });

  it('follows a link to a seal too', async () => {
    await withBundle(async (project) => {
      await project.run([...ENCRYPT, '--detached', '--out', 'body']);
      await symlink('body.seal', project.path('link.seal'));
      expect((await project.run([...RESEAL, 'link.seal'])).code).toBe(0);
      expect(lstatSync(project.path('link.seal')).isSymbolicLink()).toBe(true);
      expect(await opens(project, 'n.pub', 'body', '--seal', 'body.seal')).toBe(true);
    });
  });

  it('replaces none of several files if one of them is refused', async () => {
    await withBundle(async (project) => {
      await project.write('other.sealed', read(project, 'a.zip'));
      const before = read(project, 'a.sealed');
      expect((await project.run([...RESEAL, 'a.sealed', 'other.sealed'])).code).toBe(1);
      expect(read(project, 'a.sealed')).toEqual(before);
    });
  });
});

describe('bundle encrypt --detached', () => {
  it('does not change body and seal if the seal cannot be written', async () => {
    await withBundle(async (project) => {
      const args = [...ENCRYPT, '--detached', '--out', 'body'];
      mkdirSync(project.path('body.seal'));
      expect((await project.run(args)).code).toBe(1);
      expect(readdirSync(project.folder)).not.toContain('body');
      await project.run([...ENCRYPT, '--detached', '--out', 'other']);
      await project.write('body', read(project, 'other'));
      expect((await project.run([...args, '--force'])).code).toBe(1);
      expect(read(project, 'body')).toEqual(read(project, 'other'));
      const left = readdirSync(project.folder).filter((name) => name.includes('tmp'));
      expect(left).toEqual([]);
    });
  });

  it('writes a pair that belongs together over an older one', async () => {
    await withBundle(async (project) => {
      const args = [...ENCRYPT, '--detached', '--out', 'body'];
      await project.run(args);
      const before = read(project, 'body');
      expect((await project.run(args)).code).toBe(0);
      expect(read(project, 'body')).not.toEqual(before);
      expect(await opens(project, 'k.pub', 'body', '--seal', 'body.seal')).toBe(true);
    });
  });
});

describe('writeDetached', () => {
  it('restores the old body if the seal fails after it', async () => {
    const { writeDetached } = await import('../../../src/cli/detached.ts');
    await withProject(async (project) => {
      await project.write('body', 'old');
      await project.write('body.seal', 'old seal');
      const signal = AbortSignal.abort(new Error('stopped'));
      const context = { signal } as Parameters<typeof writeDetached>[0];
      const encrypt = async (path: string) => {
        await project.write('fresh', 'new');
        await rename(project.path('fresh'), path);
        expect(path).toBe(project.path('body'));
        return { seal: 'new seal' } as Awaited<ReturnType<Parameters<typeof writeDetached>[2]>>;
      };
      const work = writeDetached(context, project.path('body'), encrypt);
      await expect(work).rejects.toThrow('stopped');
      expect(read(project, 'body').toString()).toBe('old');
      expect(read(project, 'body.seal').toString()).toBe('old seal');
      expect(readdirSync(project.folder).sort()).toEqual(['body', 'body.seal']);
    });
  });
});
