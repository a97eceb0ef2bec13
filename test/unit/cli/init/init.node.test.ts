// bundleseal init: its detection and its questions.

import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUTTON } from '../../../../src/cli/init/button.ts';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { SECRET } from '../../../support/cli-app.ts';
import { APPS, type App, flagsOf } from '../../../support/init-apps.ts';
import { done, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

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
  'init writes a module for the page of %s without the globals that its linter refuses',
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

it('init says to leave the private key out of the package of an Electron app', async () => {
  const app = APPS['electron'] as App;
  await withApp(app, async (project) => {
    const { stderr } = await done(project, ...flagsOf(app));
    expect(stderr).toContain('leave .bundleseal_key and store/ out of the packaged app');
  });
});

it('init says how to try the first release, and to keep a copy of a key that it has made', async () => {
  await withApp(VITE, async (project) => {
    const { stderr } = await project.run(['init', '--yes', '--ci', 'github']);
    expect(stderr).toContain(
      [
        '2. src/main.js: show a button when keepUpToDate() gives true: call lookForUpdate() in place of keepUpToDate(), and add the lines below',
        ...BUTTON.split('\n').map((line) => (line === '' ? '' : `     ${line}`)),
        '3. optional, to try it on this machine (CI starts a channel of its own): build it with npm run bundleseal:build',
        '4. optional: publish it (app id "my-app") with npm run bundleseal:publish',
        '5. optional: copy the build beside the releases with cp -R dist/. site/',
        '6. optional: serve site with npx vite preview --outDir site',
        '7. optional: see an update arrive: continue at step 4 of docs/guides/first-update.md in node_modules/bundleseal\n',
      ]
        .join('\n   ')
        .replace(/^ +$/gm, ''),
    );
    expect(stderr).toContain('keep a copy of .bundleseal_key that only you can read');
    expect(stderr).toMatch(/\n {2}\+ \.bundleseal-init\.json +the record that init --undo reads\n/);
    const ofWorkflow = 'The steps about "the repository" are only for the workflow';
    expect(stderr).toContain(ofWorkflow);
    expect((await project.run(['init', '--yes'])).stderr).toContain(ofWorkflow);
  });
  await withApp(VITE, async (project) => {
    await project.write('.bundleseal_key', keyB.pkcs8);
    const { next } = await project.json(['init', '--yes', '--url', 'https://updates.example.com/']);
    expect(JSON.stringify(next)).not.toMatch(/keep a copy|where the releases are/);
  });
});

it.each([
  [
    'lookForUpdate()\n\nasync function lookForUpdate() {\n  const isReady = await keepUpToDate().catch(console.error)\n}\n',
    false,
  ],
  ['keepUpToDate().then(showButton, console.error)\n', false],
  ['keepUpToDate()\n  .catch(console.error)\n  .then(showButton)\n', false],
  ['start().then(keepUpToDate).then(showButton)\n', false],
  ['start().then(keepUpToDate).catch(reportError)\n', true],
  ['void keepUpToDate()\n', true],
  [
    "router.isReady().then(() => { app.mount('#app'); keepUpToDate().catch(console.error) })\n",
    true,
  ],
  ['keepUpToDate().catch(console.error)\n', true],
])(
  'init lists the button until the entry uses the result of keepUpToDate(): %j',
  async (call, isListed) => {
    await withApp(VITE, async (project) => {
      const text = `import { keepUpToDate } from './bundleseal/update.js'\n\n${call}`;
      await project.write('src/main.js', text);
      const { next } = await project.json(['init', '--yes', '--dry-run']);
      expect((next as string[]).some((step) => step.includes('show a button'))).toBe(isListed);
      expect(read(project, 'src/main.js')).toBe(text);
    });
  },
);

it('init lists the build, the release and the copy until they have what init has written', async () => {
  const steps = async (project: Project) => {
    const { next } = (await project.json(['init', '--yes'])) as { next: string[] };
    const starts = ['build it ', 'publish it ', 'copy the build '];
    return starts.filter((start) => next.some((step) => step.includes(start))).length;
  };
  await withApp(VITE, async (project) => {
    expect(await steps(project)).toBe(3);
    expect(await steps(project)).toBe(3);
    const built = 'bundleseal-release.json';
    await project.write(`dist/${built}`, '');
    expect(await steps(project)).toBe(2);
    await project.write('site/updates/channels/production.sealed', '');
    await project.write('site/index.html', '');
    expect(await steps(project)).toBe(1);
    await project.write(`site/${built}`, '');
    expect(await steps(project)).toBe(0);
    // A later build without the script of init empties the folder. The release stays.
    rmSync(project.path('dist', built));
    expect(await steps(project)).toBe(0);
    // The old build and the old releases lack the modules that the second run writes.
    await done(project, '--undo', '--yes');
    expect(await steps(project)).toBe(3);
    expect(await steps(project)).toBe(0);
  });
});

it('init says that the workflow cannot install the library from a file outside of the repository', async () => {
  const text = VITE.files['package.json'] as string;
  for (const [from, isTold] of [
    ['file:../bundleseal.tgz', true],
    ['file:vendor/bundleseal.tgz', false],
    ['0.2.0', false],
  ] as const) {
    await withApp(VITE, async (project) => {
      const added = `"dependencies": {\n    "bundleseal": "${from}",`;
      await project.write('package.json', text.replace('"dependencies": {', added));
      const { next } = await project.json(['init', '--yes', '--ci', 'github']);
      const said = '../bundleseal.tgz into the repository and install it from there';
      expect(JSON.stringify(next).includes(said), from).toBe(isTold);
    });
  }
});

it('init says which packages the app lacks, and nothing where it has them', async () => {
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
      expect(bundleseal).toEqual({
        ...{ appId: 'com.example.app', channel: 'beta', store: 'store' },
        init: '--dir out/web --framework static --store s3 --url https://cdn.example.com/u/ --ci github',
      });
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
      expect(stderr).toContain(
        '--url takes an address with https://, because anyone on the network',
      );
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
      const { runInside } = await import('../../../support/cli-inside.ts');
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
