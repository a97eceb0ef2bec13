// bundleseal init in projects that are laid out unlike most, or that come from somebody else.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { runInside } from '../../../support/cli-inside.ts';
import { APPS, type App, writeApp } from '../../../support/init-apps.ts';
import { done, RECORD, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

const WORKFLOW = '.github/workflows/bundleseal.yml';
const UNDO = ['init', ...UNDO_ALL];

describe('init with a package.json that it cannot extend', () => {
  it.each([
    ['{"scripts":"x"}', 'has a member "scripts" that is no object'],
    ['{"scripts":null}', 'has a member "scripts" that is no object'],
    ['{"bundleseal":["a"]}', 'has a member "bundleseal" that is no object'],
    ['{"devDependencies":[]}', 'has a member "devDependencies" that is no object'],
    ['{"scripts":{"a":"b"},"scripts":{}}', 'has two members "scripts": join them first'],
  ])('refuses %s and writes nothing', async (text, message) => {
    await withProject(async (project) => {
      await project.write('package.json', text);
      const before = treeOf(project.folder);
      const { code, stderr } = await project.run(['init', '--yes']);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

describe('the workflow of init for a package manager', () => {
  const PNPM = 'npx --yes pnpm@10';
  const YARN = 'npx --yes corepack@0.34 yarn';
  const BUN = 'npx --yes bun@1';

  // A machine in CI has npm, and another package manager only through npx.
  it.each([
    ['package.lock', '', 'npm install', 'npm run', 'npx'],
    ['package-lock.json', '{}', 'npm ci', 'npm run', 'npx'],
    ['pnpm-lock.yaml', '', `${PNPM} install --frozen-lockfile`, `${PNPM} run`, 'npx'],
    ['yarn.lock', '__metadata:\n', `${YARN} install --immutable`, `${YARN} run`, `${YARN} run`],
    [
      'yarn.lock',
      '# yarn lockfile v1\n',
      `${YARN} install --frozen-lockfile`,
      `${YARN} run`,
      `${YARN} run`,
    ],
    ['bun.lock', '', `${BUN} install --frozen-lockfile`, `${BUN} run`, 'npx'],
  ])(
    'beside %s with %j runs "%s", and scripts by "%s"',
    async (name, text, install, run, execute) => {
      await withApp(VITE, async (project) => {
        await project.write(name, text);
        await done(project, '--yes', '--ci', 'github');
        const workflow = read(project, WORKFLOW);
        expect(workflow).toContain(`- run: ${install}\n      - run: ${run} bundleseal:build\n`);
        expect(workflow).toContain(`  ${execute} bundleseal release refresh "$@"\n`);
        expect(workflow).toContain(`  ${execute} bundleseal release publish dist "$@"\n`);
      });
    },
  );

  it('finds the lockfile in the root of the repository', async () => {
    await withApp(VITE, async (project) => {
      const app = await subfolder(project, 'apps/web');
      await project.write('pnpm-lock.yaml', '');
      expect((await runInside(['init', '--yes', '--ci', 'github'], { cwd: app })).code).toBe(0);
      expect(read(project, WORKFLOW)).toContain(`- run: ${PNPM} install --frozen-lockfile\n`);
    });
  });
});

async function subfolder(project: Project, name: string): Promise<string> {
  mkdirSync(project.path('.git'), { recursive: true });
  for (const [file, text] of Object.entries(VITE.files))
    await project.write(`${name}/${file}`, text);
  await project.write(`${name}/.bundleseal_key.pub`, keyB.spki);
  return project.path(name);
}

describe('init in a folder of a repository', () => {
  it.each([
    ['apps/web', 'apps/web'],
    ['my #1 app: ü', '"my #1 app: ü"'],
  ])('named %s writes its name into the workflow as YAML', async (name, written) => {
    await withProject(async (project) => {
      const app = await subfolder(project, name);
      const { code } = await runInside(['init', '--yes', '--ci', 'github'], { cwd: app });
      expect(code).toBe(0);
      const workflow = read(project, WORKFLOW);
      expect(workflow).toContain(`        working-directory: ${written}\n`);
      expect(workflow).toContain(`          path: ${written.replace(/"?$/, '/out$&')}\n`);
    });
  });

  it('edits no page outside of it, and undoes everything', async () => {
    await withProject(async (project) => {
      await writeApp(project, VITE);
      const app = await subfolder(project, 'app');
      await project.write(
        'app/vite.config.js',
        "export default { root: '../', build: { outDir: 'app/dist' } };\n",
      );
      const before = treeOf(project.folder);
      const { code, stderr } = await runInside(['init', '--yes'], { cwd: app });
      expect(code, stderr).toBe(0);
      expect(read(project, 'src/main.js')).toBe(VITE.files['src/main.js']);
      expect(readFileSync(join(app, 'src/main.js'), 'utf8')).toContain('keepUpToDate()');
      expect(stderr).toContain('built into dist (');
      expect((await runInside(UNDO, { cwd: app })).code).toBe(0);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

describe('the service worker of init', () => {
  const KIT = APPS['sveltekit'] as App;
  const ADAPTER = "adapter({ fallback: '200.html' })";
  const VITE_CONFIG = `export default defineConfig({ plugins: [sveltekit({ adapter: ${ADAPTER} })] });\n`;

  it.each([
    ['a single-page app', VITE, {}, 'index.html'],
    ['an app of Angular', APPS['angular'], {}, 'index.html'],
    ['a website of a file for each page', APPS['astro'], {}, undefined],
    ['SvelteKit without a fallback', KIT, {}, undefined],
    ['SvelteKit', APPS['sveltekit with a single page in its own folder'], {}, '200.html'],
    ['SvelteKit', KIT, { 'vite.config.js': VITE_CONFIG }, '200.html'],
    ['SvelteKit', KIT, { 'svelte.config.js': `// ${ADAPTER}\nexport default {};` }, undefined],
  ] as const)('serves for a route of %s the file that has it: %#', async (_, app, files, file) => {
    await withApp(app as App, async (project) => {
      for (const [path, text] of Object.entries(files)) await project.write(path, text);
      await project.run(['init', '--yes']);
      const end = 'tsconfig.json' in (app as App).files ? 'ts' : 'js';
      const code = read(project, `src/bundleseal/sw.${end}`);
      expect(/fallback: '(.*)'/.exec(code)?.[1]).toBe(file);
      expect(code).toContain('serveReleases(worker, openUpdater(worker.registration.scope)');
    });
  });
});

describe('init in an app made with SvelteKit', () => {
  it.each([
    ['^1.30.0', '@2'],
    ['^2.63.0', '@3'],
    ['^3.0.0', ''],
    ['latest', ''],
  ])('names the adapter for version %s of it', async (version, adapter) => {
    await withApp(APPS['sveltekit'] as App, async (project) => {
      const dependencies = { '@sveltejs/kit': version, vite: '8.0.0' };
      await project.write('package.json', JSON.stringify({ dependencies }));
      const { next } = await project.json(['init', '--yes', '--dry-run']);
      const step = (next as string[]).find((one) => one.includes('adapter-static'));
      expect(step).toContain(`npm install @sveltejs/adapter-static${adapter}, and make it`);
    });
  });
});

describe('init in a project with the line breaks of Windows', () => {
  it('shows each line without its line break', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.gitignore', 'dist\r\n');
      await project.write('package.json', read(project, 'package.json').replaceAll('\n', '\r\n'));
      const { stderr } = await done(project, '--dry-run');
      expect(stderr).toContain('\n      + /.bundleseal_key\n');
      expect(stderr).toContain('\n      +     "channel": "production",\n');
      const { changes } = await project.json(['init', '--dry-run']);
      expect(JSON.stringify(changes)).not.toContain('\\r');
    });
  });
});

describe('the import of init', () => {
  it('is added to a module with automatic accessors and resources', async () => {
    await withApp(VITE, async (project) => {
      const text = 'import a from "a";\n@a class B { @a accessor c = 1; }\nusing d = a(B);\n';
      await project.write('src/main.js', text);
      await done(project, '--yes');
      expect(read(project, 'src/main.js')).toContain('keepUpToDate().catch(console.error);\n');
    });
  });

  it.each([
    ['// @ts-ignore\nimport a from "a";\n', ''],
    ['/* eslint-disable-next-line import/first */\n// @ts-expect-error\nimport a from "a";\n', ''],
    ['// The app.\n// biome-ignore lint: no types\nimport a from "a";\n', '// The app.\n'],
    ['// @ts-check\nimport a from "a";\n', '// @ts-check\n'],
  ])(
    'does not come between a comment about the next line and that line: %j',
    async (text, head) => {
      await withApp(VITE, async (project) => {
        await project.write('src/main.js', text);
        await done(project, '--yes');
        const line = 'import { keepUpToDate } from "./bundleseal/update.js";\n';
        const call = 'keepUpToDate().catch(console.error);\n';
        expect(read(project, 'src/main.js')).toBe(
          `${head}${line}${text.slice(head.length)}${call}`,
        );
      });
    },
  );
});

describe('init --undo', () => {
  it('undoes its work in a package.json that cannot be parsed, and says what it did', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('package.json', read(project, 'package.json').replace('{', '{,'));
      const { code, stderr } = await project.run(UNDO);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('~ package.json, without what init added');
      expect(read(project, 'package.json')).not.toContain('bundleseal');
    });
  });

  it('keeps the blank lines at the end of .gitignore', async () => {
    await withApp(VITE, async (project) => {
      await project.write('.gitignore', 'dist\n\n');
      await done(project, '--yes');
      await project.write('.gitignore', `${read(project, '.gitignore')}*.log\n\n\n`);
      expect((await project.run(UNDO)).code).toBe(0);
      expect(read(project, '.gitignore')).toBe('dist\n\n*.log\n\n\n');
    });
  });

  it('leaves out files and folders that this user may not read when it looks for imports', async () => {
    const FAULT = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
for (const name of ['readdir', 'readFile']) {
  const call = fs[name];
  fs[name] = async (path, ...rest) => {
    if (/data|secret/.test(path)) throw Object.assign(new Error('denied'), { code: 'EACCES' });
    return call(path, ...rest);
  };
}
syncBuiltinESMExports();`;
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write('fault.mjs', FAULT);
      await project.write('data/a.js', '');
      await project.write('src/secret.js', '');
      const env = { NODE_OPTIONS: `--import ${project.path('fault.mjs')}` };
      const { code, stderr } = await project.run(UNDO, { isProcess: true, env });
      expect(code, stderr).toBe(0);
      expect(read(project, 'src/main.js')).toBe(VITE.files['src/main.js']);
    });
  });
});

describe('a record of init that came with a cloned project', () => {
  const file = { before: null, after: '' };

  it.each([
    [{ files: { '../a.js': file } }],
    [{ files: { '/a.js': file } }],
    [{ files: { '.git/config': file } }],
    // The folder of git where case does not count, and by its short name on Windows.
    [{ files: { '.GIT/config': file } }],
    [{ files: { 'GIT~1/config': file } }],
    [{ files: { '.git./config': file } }],
    [{ files: { 'a/node_modules/b.js': file } }],
    [{ folders: ['..'] }],
    [{ folders: ['../empty'] }],
    [{ folders: ['/tmp/empty'] }],
  ])('is refused with %j', async (content) => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const record = JSON.parse(read(project, RECORD));
      await project.write(RECORD, JSON.stringify({ ...record, ...content, isFinished: false }));
      const before = treeOf(project.folder);
      for (const args of [UNDO, ['init', '--yes']]) {
        const { code, stderr } = await project.run(args);
        expect(code).toBe(1);
        expect(stderr).toContain('was not written by this version of bundleseal init: remove it');
      }
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});
