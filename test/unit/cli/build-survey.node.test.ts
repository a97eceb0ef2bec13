// The checks of a build while it is zipped.
// @vitest-environment-options { "own": "survey" }

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { countFileCalls } from '../../support/file-calls.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';

useCli();

const ENCRYPT = ['bundle', 'encrypt', 'd', '--no-project', '--key', 'k'];
const ZIP = ['bundle', 'zip', 'd'];
const PIECE = 2 ** 18;

async function withKey(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write('k', keyB.pkcs8);
    await work(project);
  });
}

async function sealed(text = '<p>'): Promise<Uint8Array> {
  return (await encryptBundle(utf8(text), { privateKey: keyB.pkcs8 })).bytes;
}

async function pathsIn(project: Project, zip: string): Promise<string[]> {
  return [...(await unzipBundle(readFileSync(project.path(zip)))).keys()];
}

const PLUGIN = JSON.stringify({ dependencies: { '@capgo/capacitor-updater': '^7.0.0' } });

describe('a folder', () => {
  for (const [what, args] of Object.entries({
    'bundle zip': [...ZIP, '--out', 'a.zip'],
    'bundle encrypt': [...ENCRYPT, '--out', 'a.sealed'],
    'bundle encrypt --detached': [...ENCRYPT, '--detached', '--out', 'a.body'],
  })) {
    it(`is listed once, and each file is opened, looked up and read once: ${what}`, async () => {
      await withKey(async (project) => {
        const files: Record<string, string | Uint8Array> = {
          'd/index.html': '<p>',
          'd/.npmrc': '//host/:_authToken=secret',
          'd/one/main.js': 'start()',
          'd/one/two/large.js': 'x'.repeat(3 * PIECE + 1),
          'd/one/two/earlier': await sealed(),
          'd/three/photo.bin': new Uint8Array(2 * PIECE),
        };
        for (const [path, content] of Object.entries(files)) await project.write(path, content);
        await project.write('package.json', PLUGIN);
        // Loads the modules of the command, which are files too.
        await project.json(args);
        const calls = await countFileCalls(async () => {
          const { warnings } = await project.json([...args, '--force']);
          expect(warnings).toEqual([
            expect.stringContaining('notifyAppReady'),
            expect.stringContaining('".npmrc"'),
            expect.stringContaining('left out: "one/two/earlier", a sealed bundle'),
          ]);
        });
        for (const [path, { length }] of Object.entries(files)) {
          const name = path.slice(path.lastIndexOf('/') + 1);
          const counts = [calls.opened, calls.stated, calls.read].map((of) => of.get(name));
          expect(counts, path).toEqual([1, 1, length]);
        }
        for (const name of ['one', 'two', 'three']) expect(calls.stated.get(name), name).toBe(1);
        // The folder and its three subfolders, and the folder of each output, which may have temporary files.
        expect(calls.listed).toBe(4 + (args.includes('--detached') ? 2 : 1));
      });
    });
  }

  it('whose last file has a private key makes no output, and keeps the earlier one', async () => {
    await withKey(async (project) => {
      await project.write('d/index.html', '<p>');
      await project.write('d/large.bin', new Uint8Array(9 * 2 ** 20));
      await project.write('d/zz/last.txt', keyA.pkcs8);
      await project.write('earlier.zip', await zipBundle({ 'index.html': utf8('<p>') }));
      const before = readFileSync(project.path('earlier.zip'));
      for (const args of [
        [...ZIP, '--out', 'new.zip'],
        [...ZIP, '--out', 'earlier.zip'],
        [...ENCRYPT, '--out', 'new.sealed'],
        [...ENCRYPT, '--detached', '--out', 'new.body'],
      ]) {
        expect(await project.json(args)).toMatchObject({
          code: 'ERR_ARCHIVE_INVALID',
          path: 'zz/last.txt',
        });
      }
      expect(readdirSync(project.folder).sort()).toEqual(['d', 'earlier.zip', 'k']);
      expect(readFileSync(project.path('earlier.zip')).equals(before)).toBe(true);
    });
  });

  it('is zipped without the sealed bundles in it, wherever they are in the order', async () => {
    await withKey(async (project) => {
      const kept = ['index.html', 'm/app.js', 'plain', 'plain.seal'];
      for (const path of kept) await project.write(`d/${path}`, `content of ${path}`);
      for (const path of ['!first', 'm/a', 'm/b.zip', 'zz/last']) {
        await project.write(`d/${path}`, await sealed());
      }
      await project.write('d/large', await sealed('x'.repeat(9 * 2 ** 20)));
      await project.run([...ENCRYPT, '--detached', '--out', 'd/body', '--force']);
      const zipped = await project.json([...ZIP, '--out', 'a.zip']);
      expect(zipped).toMatchObject({ entries: kept.length });
      expect(await pathsIn(project, 'a.zip')).toEqual(kept);
      const said = (zipped['warnings'] as string[]).map((text) => /"([^"]*)"/.exec(text)?.[1]);
      expect(said).toEqual(['!first', 'body', 'body.seal', 'large', 'm/a', 'm/b.zip', 'zz/last']);
    });
  });

  it('that has sealed bundles alone makes an empty zip', async () => {
    await withKey(async (project) => {
      await project.write('d/a', await sealed());
      await project.write('d/b', await sealed());
      const zipped = await project.json([...ZIP, '--no-index', '--out', 'a.zip']);
      expect(zipped).toMatchObject({ entries: 0, size: 22 });
    });
  });

  it('whose index.html is a sealed bundle is refused', async () => {
    await withKey(async (project) => {
      await project.write('d/a.js', 'start()');
      await project.write('d/index.html', await sealed());
      expect(await project.json([...ZIP, '--out', 'a.zip'])).toMatchObject({
        code: 'ERR_FILE',
        message: expect.stringContaining('has no index.html at its root'),
      });
      expect(readdirSync(project.folder).sort()).toEqual(['d', 'k']);
    });
  });

  it('whose index.html is empty causes a warning, unless no index.html is asked for', async () => {
    await withKey(async (project) => {
      await project.write('d/index.html', '');
      for (const args of [
        [...ZIP, '--out', 'a.zip'],
        [...ENCRYPT, '--out', 'a.sealed'],
      ]) {
        const { warnings } = await project.json(args);
        expect(warnings).toContain(
          'index.html is empty, so the app would show nothing: build it again',
        );
        expect(
          (await project.json([...args, '--no-index', '--force']))['warnings'],
        ).toBeUndefined();
      }
    });
  });

  it('may have sealed bundles that exceed the limits', async () => {
    await withKey(async (project) => {
      await project.write('d/index.html', '<p>');
      for (const path of ['0', '1', 'z/2', 'z/3']) {
        await project.write(`d/${path}`, await sealed('x'.repeat(5000)));
      }
      for (const limit of [
        ['--max-entries', '2'],
        ['--max-file-size', '4000'],
        ['--max-total-size', '9000'],
      ]) {
        const args = [...ZIP, '--out', 'a.zip', '--force', ...limit];
        expect(await project.json(args), limit.join(' ')).toMatchObject({ entries: 1 });
      }
      await project.write('d/z/1', 'y'.repeat(4001));
      await project.write('d/z/4', 'y'.repeat(5001));
      for (const limit of [
        ['--max-entries', '2'],
        ['--max-file-size', '4000'],
        ['--max-total-size', '9000'],
      ]) {
        const args = [...ZIP, '--out', 'a.zip', '--force', ...limit];
        expect(await project.json(args), limit.join(' ')).toMatchObject({
          code: 'ERR_LIMIT_EXCEEDED',
        });
      }
    });
  });

  it('calls notifyAppReady() also if the call lies across two pieces of a script', async () => {
    await withKey(async (project) => {
      await project.write('package.json', PLUGIN);
      await project.write('d/index.html', '<p>');
      const call = 'notifyAppReady()';
      for (let before = 0; before <= call.length; before += 4) {
        await project.write('d/a.js', `${' '.repeat(PIECE - before)}${call}`);
        const zipped = await project.json([...ZIP, '--out', 'a.zip', '--force']);
        expect(zipped, String(before)).not.toHaveProperty('warnings');
      }
      // Two scripts are not one.
      await project.write('d/a.js', 'notifyApp');
      await project.write('d/b.js', 'Ready()');
      const zipped = await project.json([...ZIP, '--out', 'a.zip', '--force']);
      expect(zipped['warnings']).toEqual([expect.stringContaining('notifyAppReady')]);
    });
  });
});
