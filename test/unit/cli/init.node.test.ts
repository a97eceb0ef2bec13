// bundleseal init: its detection, its questions and its keys.

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { SECRET } from '../../support/cli-app.ts';
import { APPS, type App, flagsOf } from '../../support/init-apps.ts';
import { done, RECORD, read, UNDO_ALL, VITE, withApp } from '../../support/init-project.ts';
import { treeOf } from '../../support/tree.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyB } from '../../support/vectors.ts';

useCli();
const folder = useFolder();

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

it('says to leave the private key out of the package of an Electron app', async () => {
  const app = APPS['electron'] as App;
  await withApp(app, async (project) => {
    const { stderr } = await done(project, ...flagsOf(app));
    expect(stderr).toContain('leave .bundleseal_key and store/ out of the packaged app');
  });
});

it('says how to try the first release, and to keep a copy of a key that it has made', async () => {
  await withApp(VITE, async (project) => {
    const { stderr } = await project.run(['init', '--yes']);
    expect(stderr).toContain(
      [
        '4. try it: copy the build beside the releases: cp -R dist/. site/',
        '5. serve site: npx vite preview --outDir site; docs/guides/first-update.md in node_modules/bundleseal goes on from there\n',
      ].join('\n   '),
    );
    expect(stderr).toContain('keep a copy of .bundleseal_key that only you can read');
    expect(stderr).toMatch(/\n {2}\+ \.bundleseal-init\.json +the record that init --undo reads\n/);
    expect(stderr).toContain('The steps about "the repository" are only for the workflow');
  });
  await withApp(VITE, async (project) => {
    await project.write('.bundleseal_key', keyB.pkcs8);
    const { next } = await project.json(['init', '--yes', '--url', 'https://updates.example.com/']);
    expect(JSON.stringify(next)).not.toMatch(/keep a copy|where the releases are/);
  });
});

it('lists the build, the release and the copy until they have what init has written', async () => {
  const steps = async (project: Project) => {
    const { next } = (await project.json(['init', '--yes'])) as { next: string[] };
    const starts = ['build it: ', 'publish it as ', 'try it: copy '];
    return starts.filter((start) => next.some((step) => step.startsWith(start))).length;
  };
  await withApp(VITE, async (project) => {
    expect(await steps(project)).toBe(3);
    expect(await steps(project)).toBe(3);
    const built = 'bundleseal-release.json';
    await project.write('site/updates/channels/production.sealed', '');
    await project.write('site/index.html', '');
    await project.write(`site/${built}`, '');
    expect(await steps(project)).toBe(3);
    await project.write(`dist/${built}`, '');
    expect(await steps(project)).toBe(0);
    rmSync(project.path('site', built));
    expect(await steps(project)).toBe(1);
    await project.write(`site/${built}`, '');
    // The old build and the old releases lack the modules that the second run writes.
    await done(project, '--undo', '--yes');
    expect(await steps(project)).toBe(3);
    expect(await steps(project)).toBe(0);
  });
});

it('says that the workflow cannot install the library from a file outside of the repository', async () => {
  const text = VITE.files['package.json'] as string;
  for (const [from, isTold] of [
    ['file:../bundleseal.tgz', true],
    ['file:vendor/bundleseal.tgz', false],
    ['0.2.0', false],
  ] as const) {
    await withApp(VITE, async (project) => {
      const added = `"dependencies": {\n    "bundleseal": "${from}",`;
      await project.write('package.json', text.replace('"dependencies": {', added));
      const { next } = await project.json(['init', '--yes']);
      const said = '../bundleseal.tgz into the repository and install it from there';
      expect(JSON.stringify(next).includes(said), from).toBe(isTold);
    });
  }
});

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
      expect(said.includes('npm install bundleseal: the app imports it')).toBe(isMissing);
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

  it('refuses an address with http, and says why', async () => {
    await withApp(VITE, async ({ run }) => {
      const { stderr } = await run(['init', '--yes', '--url', 'http://updates.example.com/']);
      expect(stderr).toContain('--url takes an address with https://, because over http://');
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
      // It says so before it asks for a terminal.
      for (const args of [['init', '--yes'], ['init']])
        expect((await run(args)).stderr).toContain('there is no package.json here');
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
      const publish = `release publish dist --store ${folder.at('elsewhere')} --channel production --app-id my-app --no-stamp`;
      expect((await project.run(publish.split(' '))).code).toBe(0);
      const key = read(project, '.bundleseal_key');
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain('✓ taken back:');
      expect(stderr).toContain('! .bundleseal_key stays: releases may exist');
      expect(stderr).toContain(
        '  next: if the website was deployed with its service worker, browsers that have visited it keep that, which',
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
      expect(again.stderr).toContain('✓ nothing is left to take back:');
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
