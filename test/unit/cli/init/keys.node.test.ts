// The keys that init makes, uses and keeps.

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { done, RECORD, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { treeOf } from '../../../support/tree.ts';
import { useFolder } from '../../../support/use-folder.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();
const folder = useFolder();

describe('the keys of init', () => {
  it('uses the pair that is here and changes neither file', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('.bundleseal_key.pub', keyB.spki);
      await done(project, '--yes');
      expect(read(project, '.bundleseal_key')).toBe(keyB.pkcs8);
      expect(read(project, 'src/bundleseal/key.js')).toContain(keyB.spki.trim());
      const { code, stderr } = await project.run(['init', '--yes', '--keys', 'create']);
      expect(code).toBe(2);
      expect(stderr).toContain('init replaces no key');
      await done(project, '--undo', '--yes');
      expect(read(project, '.bundleseal_key')).toBe(keyB.pkcs8);
    });
  });

  it('puts a new key under a passphrase, which the workflow takes from a secret', async () => {
    await withApp(VITE, async (project) => {
      const env = { BUNDLESEAL_KEY_PASSPHRASE: 'correct horse battery staple' };
      const run = ['init', '--yes', '--keys', 'protect', '--ci', 'github'];
      const { code, stderr } = await project.run(run, { env });
      expect(code, stderr).toBe(0);
      expect(stderr).not.toContain('horse');
      expect(read(project, '.bundleseal_key')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
      expect(read(project, '.github/workflows/bundleseal.yml')).toContain(
        'secrets.BUNDLESEAL_KEY_PASSPHRASE',
      );
    });
  });

  it('stay with --undo, because releases may exist that no file here tells of', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('dist/index.html', '<!doctype html>');
      const publish = `release publish dist --store ${folder.at('elsewhere')} --channel production --app-id my-app --no-stamp`;
      expect((await project.run(publish.split(' '))).code).toBe(0);
      const key = read(project, '.bundleseal_key');
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain('✓ undone:');
      expect(stderr).toContain('! .bundleseal_key stays: there may be releases');
      expect(stderr).toContain(
        '  next: if the website was deployed with its service worker, browsers that have visited it keep the worker, which',
      );
      expect(stderr).toContain('--undo --delete-key deletes it');
      expect(stderr).toContain(`! ${RECORD} stays: init --undo reads it`);
      expect(read(project, '.bundleseal_key')).toBe(key);
      expect(read(project, '.gitignore')).toContain('/.bundleseal_key');
      expect(stderr).toContain(
        "! vite.config.mjs stays: server.fs.deny in it keeps the private key out of Vite's",
      );
      expect(read(project, 'vite.config.mjs')).toContain('.bundleseal_key*');
      expect(read(project, 'package.json')).toBe(VITE.files['package.json']);
      const again = await done(project, '--undo', '--yes');
      expect(again.stderr).toContain('✓ nothing is left to undo:');
      // The first run has said what visitors still have.
      expect(again.stderr).not.toContain('service worker');
      // init works with the key that stayed.
      await done(project, '--yes');
      expect(read(project, '.bundleseal_key')).toBe(key);
      const { removed, kept } = await project.json(['init', ...UNDO_ALL]);
      expect(removed).toEqual(expect.arrayContaining(['.bundleseal_key', '.bundleseal_key.pub']));
      expect(kept).toEqual([]);
      expect(Object.keys(treeOf(project.folder)).sort()).toEqual(
        ['dist', 'dist/index.html', 'src', ...Object.keys(VITE.files)].sort(),
      );
    });
  });

  it('go with --delete-key, and the record is listed with them', async () => {
    await withApp(VITE, async (project) => {
      const before = treeOf(project.folder);
      await done(project, '--yes');
      const flags = ['init', '--undo', '--delete-key'];
      const { removed } = await project.json([...flags, '--dry-run']);
      expect(removed).toContain(RECORD);
      const { stderr } = await project.run([...flags, '--yes']);
      for (const path of ['.bundleseal_key', '.bundleseal_key.pub', RECORD])
        expect(stderr).toContain(`  - ${path}\n`);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('stay even with --delete-key when the store has releases, or another key has the name', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const made = read(project, '.bundleseal_key');
      await project.write('site/updates/channels/production.sealed', '');
      const refused = async (reason: string) => {
        const { code, stderr } = await project.run(['init', ...UNDO_ALL]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^✗ (not everything|nothing) was undone:/m);
        expect(stderr).not.toContain('✓');
        expect(stderr.includes('browsers that have visited')).toBe(
          /^✗ not everything/m.test(stderr),
        );
        expect(stderr).toContain(`! .bundleseal_key stays: ${reason}`);
        expect(read(project, '.gitignore')).toContain('/.bundleseal_key');
      };
      await refused('releases in site/updates were sealed with it');
      expect(read(project, '.bundleseal_key')).toBe(made);
      rmSync(project.path('site'), { recursive: true });
      await project.write('.bundleseal_key', keyB.pkcs8);
      await refused('it is not the key that init made');
      expect(read(project, '.bundleseal_key')).toBe(keyB.pkcs8);
    });
  });

  it('are deleted with --undo alone: the flag by itself is a mistake', async () => {
    await withApp(VITE, async ({ run }) => {
      const { code, stderr } = await run(['init', '--yes', '--delete-key']);
      expect(code).toBe(2);
      expect(stderr).toContain('--delete-key belongs to init --undo');
    });
  });
});
