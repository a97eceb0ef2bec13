// bundleseal init: it leaves the files of other people alone, also with --undo, and gives back every byte.

import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Project, runIn, useCli, withProject } from '../../../support/cli.ts';
import { APPS, type App, flagsOf, writeApp } from '../../../support/init-apps.ts';
import { done, RECORD, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { runs } from '../../../support/scope.ts';
import { treeOf } from '../../../support/tree.ts';

useCli();

describe('the files of other people', () => {
  it('are never replaced: init writes the rest, says what to add, and exits with 1', async () => {
    await withApp(VITE, async (project) => {
      await project.write('src/bundleseal/update.js', 'export const mine = 1;\n');
      await project.write(
        'package.json',
        (VITE.files['package.json'] as string)
          .replace('"build"', '"bundleseal:build": "mine", "build"')
          .replace('{', '{"bundleseal": {"store": "mine"},'),
      );
      await project.write('src/main.js', 'import a from;\n');
      const { code, stderr } = await project.run(['init', '--yes']);
      expect(code).toBe(1);
      expect(read(project, 'src/bundleseal/update.js')).toBe('export const mine = 1;\n');
      expect(JSON.parse(read(project, 'package.json')).scripts['bundleseal:build']).toBe('mine');
      expect(read(project, 'src/main.js')).toBe('import a from;\n');
      expect(stderr).toContain('! src/bundleseal/update.js exists with other content');
      expect(stderr).toContain('! package.json has other scripts');
      expect(stderr).toContain('"store": "site/updates"');
      expect(JSON.parse(read(project, 'package.json')).bundleseal.store).toBe('mine');
      expect(stderr).toContain("import { keepUpToDate } from './bundleseal/update.js';");
      expect(read(project, 'src/bundleseal/sw.js')).toContain('serveReleases');
    });
  });

  it('that were changed since stay with --undo, and the rest is undone', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('src/bundleseal/sw.js', 'mine();\n');
      const before = read(project, 'package.json');
      const { code, stderr } = await project.run(['init', '--undo', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain('✗ not everything was undone:');
      expect(stderr).not.toContain('✓');
      expect(stderr).toContain('! src/bundleseal/sw.js stays: it was changed since');
      expect(stderr).toContain(`! ${RECORD} stays`);
      expect(read(project, 'src/bundleseal/sw.js')).toBe('mine();\n');
      expect(read(project, 'package.json')).not.toBe(before);
      // The record still has the file that stayed.
      expect(Object.keys(JSON.parse(read(project, RECORD)).files).sort()).toEqual([
        ...['.bundleseal_key', '.bundleseal_key.pub', '.gitignore', 'src/bundleseal/sw.js'],
        'vite.config.mjs',
      ]);
    });
  });

  it('lose only what init added with --undo, if they were edited around it', async () => {
    const app = APPS['angular'] as App;
    await withApp(app, async (project) => {
      await project.write('.gitignore', 'dist\n');
      await done(project, '--yes');
      // What the user does next: npm version, npm install of another package, and work on the app.
      const described = JSON.parse(read(project, 'package.json'));
      expect(described.devDependencies.esbuild).toMatch(/^\d/);
      described.version = '1.1.0';
      described.dependencies.zod = '4.0.0';
      described.scripts.lint = 'biome check';
      await project.write('package.json', `${JSON.stringify(described, undefined, 2)}\n`);
      const entry = app.entry as string;
      await project.write(entry, `// The app.\r\n${read(project, entry)}`);
      await project.write('.gitignore', `${read(project, '.gitignore')}*.log\n`);
      const { stderr } = await done(project, ...UNDO_ALL);
      expect(stderr).toContain('~ package.json, without what init added');
      expect(JSON.parse(read(project, 'package.json'))).toEqual({
        name: 'my-app',
        version: '1.1.0',
        scripts: { build: 'build', lint: 'biome check' },
        dependencies: { '@angular/core': '1.0.0', zod: '4.0.0' },
      });
      expect(read(project, entry)).toBe(`// The app.\r\n${app.files[entry]}`);
      expect(read(project, '.gitignore')).toBe('dist\n*.log\n');
      expect(Object.keys(treeOf(project.folder)).filter((path) => /bundleseal/.test(path))).toEqual(
        [],
      );
    });
  });

  it('stay whole with --undo, if what init added was itself changed', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const edit = async (path: string, from: string, to: string) => {
        const text = read(project, path);
        expect(text).toContain(from);
        await project.write(path, text.replace(from, to));
        return text.replace(from, to);
      };
      const described = await edit(
        'package.json',
        'bundleseal release stamp',
        'mine && bundleseal release stamp',
      );
      const entry = await edit(
        'src/main.js',
        'keepUpToDate().catch',
        'if (await keepUpToDate().catch',
      );
      const { code, stderr } = await project.run(['init', '--undo', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain(
        '! package.json stays: it was changed since; remove by hand what init added: "bundleseal:build"',
      );
      expect(read(project, 'package.json')).toBe(described);
      expect(read(project, 'src/main.js')).toBe(entry);
    });
  });

  it('include changed files of init, which a second run leaves as they are', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('src/bundleseal/update.js', 'export const keepUpToDate = 1;\n');
      const before = treeOf(project.folder);
      await done(project, '--yes');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('are out of reach of a record that came with a clone, and of links that lead out', async () => {
    await withApp(VITE, async (project) => {
      const { path, run, write } = project;
      const evil = { isFinished: false, store: 'store', folders: [] };
      for (const name of [
        '../victim',
        '/etc/passwd',
        '.git/hooks/pre-commit',
        'a/../../b',
        'C:x',
      ]) {
        const files = { [name]: { before: null, after: '0' } };
        await write(RECORD, JSON.stringify({ format: 'bundleseal init 1', ...evil, files }));
        for (const args of [['--yes'], ['--undo', '--yes']]) {
          const { code, stderr } = await run(['init', ...args]);
          expect(code).toBe(1);
          expect(stderr).toContain(`${RECORD}" was not written by`);
        }
      }
      rmSync(path(RECORD));
      mkdirSync(path('outside'));
      rmSync(path('src'), { recursive: true });
      symlinkSync('/tmp', path('src'));
      const { code, stderr } = await run(['init', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain('leads out of the project');
    });
  });
});

describe('any app', () => {
  const lineBreak = fc.constantFrom('\n', '\r\n');
  const texts = fc.record({
    app: fc.constantFrom(...Object.values(APPS)),
    lineBreak,
    mark: fc.constantFrom('', '\ufeff'),
    indent: fc.constantFrom('  ', '    ', '\t'),
    ending: fc.boolean(),
    ignored: fc.option(fc.constantFrom('', 'dist', 'dist\n', 'a\r\nb\r\n', '/site/\n')),
    store: fc.constantFrom('folder', 's3', 'github-pages'),
  });

  it('is given back byte for byte by init and then --undo --delete-key', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async ({ app, lineBreak, mark, indent, ending, ignored, store }) => {
        await withProject(async (project) => {
          await writeApp(project, app);
          const styled = JSON.stringify(
            JSON.parse(app.files['package.json'] as string),
            undefined,
            indent,
          );
          const text = mark + styled.replaceAll('\n', lineBreak) + (ending ? lineBreak : '');
          await project.write('package.json', text);
          if (ignored !== null) await project.write('.gitignore', ignored);
          const { entry } = app;
          if (entry !== undefined && app.files[entry] !== undefined) {
            await project.write(entry, (app.files[entry] as string).replaceAll('\n', lineBreak));
          }
          const before = treeOf(project.folder);
          await done(project, ...flagsOf(app), '--store', store);
          const made = read(project, 'package.json');
          // init only adds text: without the additions the file is the old one.
          const lines = made.split(lineBreak).filter((line) => !line.includes('bundleseal'));
          expect(made.startsWith(mark)).toBe(true);
          expect(lines.length).toBeGreaterThan(0);
          const after = treeOf(project.folder);
          await done(project, ...flagsOf(app), '--store', store);
          expect(treeOf(project.folder)).toEqual(after);
          await done(project, ...UNDO_ALL);
          expect(treeOf(project.folder)).toEqual(before);
        });
      }),
      { numRuns: runs(8) },
    );
  });
});

describe('a folder of git', () => {
  const git = async (project: Project, ...args: string[]) => {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    const { code, stderr } = await runIn(project.folder, 'git', [...who, ...args]);
    expect(code, stderr).toBe(0);
  };

  it('that was cloned has no private key: init says where to get it, and makes no other pair', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      // What git leaves out.
      for (const name of ['.bundleseal_key', RECORD]) rmSync(project.path(name));
      const before = treeOf(project.folder);
      const { stderr } = await done(project, '--yes');
      expect(stderr).toContain('✓ no file needs a change\n');
      expect(stderr).toContain(
        '  .bundleseal_key is not here: to publish from this folder, copy the file from the machine on which init made it, or set BUNDLESEAL_PRIVATE_KEY\n',
      );
      expect(treeOf(project.folder)).toEqual(before);
      const undone = await project.run(['init', '--undo', '--yes']);
      expect(undone.stderr).toContain(`there is no ${RECORD} here`);
    });
  });

  it('still lets undo restore the files after a way to another branch and back', async () => {
    await withApp(VITE, async (project) => {
      await git(project, 'init', '-q', '-b', 'main');
      await git(project, 'add', '-A');
      await git(project, 'commit', '-qm', 'app');
      await git(project, 'checkout', '-qb', 'updates');
      await done(project, '--yes');
      await git(project, 'add', '-A');
      await git(project, 'commit', '-qm', 'updates');
      await git(project, 'checkout', '-q', 'main');
      const there = await done(project, '--undo', '--yes', '--dry-run');
      expect(there.stderr).not.toContain('src/main.js');
      await git(project, 'checkout', '-q', 'updates');
      // The files are as init wrote them, so undo works after the way there and back.
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain('~ src/main.js, as it was before');
      expect(stderr).not.toContain('git would commit');
    });
  });

  it('on another branch: undo keeps the record of the files that are not here', async () => {
    await withApp(VITE, async (project) => {
      await git(project, 'init', '-q', '-b', 'main');
      await git(project, 'add', '-A');
      await git(project, 'commit', '-qm', 'app');
      const before = treeOf(project.folder);
      await git(project, 'checkout', '-qb', 'updates');
      await done(project, '--yes');
      await git(project, 'add', '-A');
      await git(project, 'commit', '-qm', 'updates');
      await git(project, 'checkout', '-q', 'main');
      const left = await done(project, '--undo', '--yes');
      expect(left.stderr).toContain('✓ nothing is left to undo:');
      expect(left.stderr).toContain('! git would commit .bundleseal_key: ');
      await git(project, 'checkout', '-q', 'updates');
      await done(project, ...UNDO_ALL);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});
