// The default metadata of a bundle: values from the project of the bundle, or a warning.

import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findConfigFrom, foldersFrom } from '../../../src/cli/project.ts';
import { zipBundle } from '../../../src/zip.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

useCli();

async function withZip(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write('k', keyB.pkcs8);
    await project.write('site/a.zip', await zipBundle({ 'index.html': utf8('<p>') }));
    await project.write('package.json', '{ "version": "1.2.3" }');
    await project.write('capacitor.config.json', '{ "appId": "com.example.app" }');
    await work(project);
  });
}

const ARGS = ['bundle', 'encrypt', 'site/a.zip', '--key', 'k', '--out', 's'];

describe('metadata from the project', () => {
  it('is found from the bundle upwards, and shown with its sources', async () => {
    await withZip(async (project) => {
      const args = [...ARGS, '--channel', 'beta', '--sequence', '7'];
      expect(await project.json(args)).toMatchObject({
        metadata: { appId: 'com.example.app', version: '1.2.3', channel: 'beta', sequence: 7 },
        metadataFrom: {
          appId: 'capacitor.config.json',
          version: 'package.json',
          channel: '--channel',
          sequence: '--sequence',
        },
      });
      const { stderr } = await project.run(args);
      expect(stderr).toContain('appId     "com.example.app"  from capacitor.config.json');
    });
  });

  it('comes from the project that contains the bundle', async () => {
    await withZip(async (project) => {
      const zip = await zipBundle({ 'index.html': utf8('<p>') });
      await project.write('other/dist/a.zip', zip);
      await project.write('other/package.json', '{ "version": "9.9.9" }');
      await project.write('other/capacitor.config.json', '{ "appId": "com.example.other" }');
      const args = ['bundle', 'encrypt', 'other/dist/a.zip', '--key', 'k', '--out', 's'];
      expect(await project.json(args)).toMatchObject({
        metadata: { appId: 'com.example.other', version: '9.9.9' },
      });
    });
  });

  it('skips a package.json without a version, as in a monorepo', async () => {
    await withZip(async (project) => {
      await project.write('site/package.json', '{ "type": "module" }');
      expect(await project.json(ARGS)).toMatchObject({ metadata: { version: '1.2.3' } });
    });
  });

  it('is read from a file with a byte order mark', async () => {
    await withZip(async (project) => {
      await project.write('package.json', '\ufeff{ "version": "1.2.3" }');
      await project.write('capacitor.config.json', '\ufeff{ "appId": "com.example.app" }');
      const sealed = await project.json(ARGS);
      expect(sealed).toMatchObject({ metadata: { appId: 'com.example.app', version: '1.2.3' } });
      expect(sealed).not.toHaveProperty('warnings');
    });
  });

  it.each([
    ['export default { appId: process.env.ID };', /capacitor\.config\.ts.*computed/],
    [
      "let c; switch (process.env.E) { case 'a': c = { appId: 'x' }; } export default c;",
      /capacitor\.config\.ts/,
    ],
    ['export default { webDir: "www" };', /no text in capacitor\.config\.ts/],
  ])('is warned of where the appId can not be read: %s', async (config, said) => {
    await withZip(async (project) => {
      await project.write('capacitor.config.ts', config);
      const sealed = await project.json(ARGS);
      expect(sealed['metadata']).toEqual({ version: '1.2.3' });
      expect(sealed['warnings']).toEqual([expect.stringMatching(said)]);
      expect((sealed['warnings'] as string[])[0]).toMatch(/--app-id, or --no-project/);
    });
  });

  it('causes a warning if package.json is not JSON, and is not taken from another one', async () => {
    await withZip(async (project) => {
      await project.write('site/package.json', Buffer.from('{ "version": "2.0.0" }', 'utf16le'));
      const sealed = await project.json(ARGS);
      expect(sealed['metadata']).toEqual({ appId: 'com.example.app' });
      expect(sealed['warnings']).toEqual([expect.stringContaining('site/package.json')]);
    });
  });

  it('causes a warning if it is missing, but not with --no-project', async () => {
    await withProject(async (project) => {
      await project.write('k', keyB.pkcs8);
      await project.write('site/a.zip', await zipBundle({ 'index.html': utf8('<p>') }));
      const sealed = await project.json(ARGS);
      expect(sealed).toMatchObject({ metadata: {} });
      expect(sealed['warnings']).toEqual([
        expect.stringContaining('appId is not signed'),
        expect.stringContaining('version is not signed'),
      ]);
      expect(await project.json([...ARGS, '--no-project'])).not.toHaveProperty('warnings');
    });
  });
});

describe('foldersFrom', () => {
  const all = (start: string) => [...foldersFrom(start)];

  it('ends at the root of a repository', async () => {
    await withProject(async ({ path }) => {
      await mkdir(path('a/.git'), { recursive: true });
      await mkdir(path('a/b/c'), { recursive: true });
      expect(all(path('a/b/c'))).toEqual([path('a/b/c'), path('a/b'), path('a')]);
    });
  });

  it('does not enter a folder that every user may write to', async () => {
    await withProject(async ({ folder, write, path }) => {
      // The folder of the test lies in the system's folder for temporary files.
      expect(all(path('a'))).toEqual([path('a'), folder]);
      await write('a/capacitor.config.json', '{}');
      expect((await findConfigFrom(path('a/b')).catch(() => undefined))?.path).toBeUndefined();
      await mkdir(path('a/b'));
      expect((await findConfigFrom(path('a/b')))?.path).toBe(path('a/capacitor.config.json'));
    });
  });
});
