// bundleseal init --undo after the user has worked on the app, and a second init.

import { readFileSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { blocks } from '../../../support/docs.ts';
import { APPS, type App, flagsOf, writeApp } from '../../../support/init-apps.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

const VITE = APPS['vite'] as App;
const KIT = APPS['sveltekit'] as App;
const RECORD = '.bundleseal-init.json';
const UNDO = ['init', '--undo', '--yes'];
const UNDO_ALL = [...UNDO, '--delete-key'];
const CALL = 'keepUpToDate().catch(console.error)\n';

const withInit = (app: App, work: (project: Project) => Promise<void>) =>
  withProject(async (project) => {
    await writeApp(project, app);
    await done(project, ['init', ...flagsOf(app)]);
    await work(project);
  });

const read = ({ path }: Project, name: string) => readFileSync(path(name), 'utf8');

async function done({ run }: Project, args: readonly string[]): Promise<string> {
  const { code, stderr, stdout } = await run([...args]);
  expect(code, stderr + stdout).toBe(0);
  return stderr;
}

async function edit(project: Project, name: string, change: (text: string) => string) {
  const before = read(project, name);
  const after = change(before);
  expect(after).not.toBe(before);
  await project.write(name, after);
}

const filesOf = (project: Project) => Object.keys(treeOf(project.folder));

it('init --undo says in a folder that was not set up that there is nothing to undo, before it asks for a terminal', async () => {
  await withProject(async (project) => {
    await writeApp(project, VITE);
    const refused = await project.run(['init', '--undo']);
    expect(refused.stderr).toContain('✗ there is no .bundleseal-init.json here');
    await done(project, ['init', '--yes']);
    const asked = await project.run(['init', '--undo']);
    expect(asked.stderr).toContain(
      '✗ init --undo asks first, and there is no terminal: pass --yes',
    );
    expect(asked.code).toBe(2);
  });
});

describe('init --undo in an app whose first module the user has changed', () => {
  it('undoes nothing while the code of the guide imports a module, and everything when that code is gone', async () => {
    const [guide] = blocks.filter(
      ({ file, language }) => file === 'docs/guides/first-update.md' && language === 'javascript',
    );
    await withInit(VITE, async (project) => {
      await edit(project, 'src/main.js', (text) => text.replace(CALL, guide?.code ?? ''));
      const before = treeOf(project.folder);
      const { code, stderr } = await project.run(UNDO_ALL);
      expect(code).toBe(1);
      expect(treeOf(project.folder)).toEqual(before);
      expect(stderr).not.toMatch(/^ {2}[-~]/m);
      expect(stderr).toContain(
        '! src/main.js stays: it was changed since: remove the import (line 1) and the function lookForUpdate with the statements that use it (lines 6 to 17), then run npx bundleseal init --undo again',
      );
      expect(stderr).toContain('! src/bundleseal/update.js stays: src/main.js imports it');
      expect(stderr).toContain(
        '! src/bundleseal/key.js stays: src/bundleseal/updater.js imports it',
      );
      await edit(project, 'src/main.js', (text) =>
        text
          .split('\n')
          .filter((_, i) => i !== 0 && !(5 <= i && i <= 16))
          .join('\n'),
      );
      expect(read(project, 'src/main.js')).toBe(`${VITE.files['src/main.js']}\n`);
      expect(await done(project, UNDO_ALL)).toContain('init --undo --remove-worker, which');
      expect(filesOf(project).sort()).toEqual(['src', ...Object.keys(VITE.files)].sort());
    });
  });

  it.each(['', 'renamed();\n'])(
    'takes back everything when the user has taken out the lines of init and written %j',
    async (own) => {
      await withInit(VITE, async (project) => {
        await project.write('src/main.js', VITE.files['src/main.js'] + own);
        await project.write('.gitignore', 'dist\n');
        await edit(project, 'package.json', (text) => {
          const { bundleseal: _, ...rest } = JSON.parse(text);
          return JSON.stringify(rest);
        });
        await done(project, UNDO_ALL);
        expect(read(project, 'src/main.js')).toBe(VITE.files['src/main.js'] + own);
        expect(read(project, '.gitignore')).toBe('dist\n');
        expect(JSON.parse(read(project, 'package.json'))).toEqual(
          JSON.parse(VITE.files['package.json'] as string),
        );
        expect(filesOf(project).filter((path) => /bundleseal/.test(path))).toEqual([]);
      });
    },
  );

  it('takes back its lines after a formatter has changed their quotes, semicolons and indentation', async () => {
    await withInit(VITE, async (project) => {
      await edit(project, 'src/main.js', (text) =>
        text
          .replaceAll("'", '"')
          .replaceAll(/([)"])$/gm, '$1;')
          .replace('\nkeep', '\n  keep'),
      );
      expect(read(project, 'src/main.js')).toContain('from "./bundleseal/update.js";');
      await done(project, UNDO_ALL);
      expect(read(project, 'src/main.js')).toBe('import "./style.css";\n\ndocument.title = "a";\n');
    });
  });

  it('says with --dry-run that code of the app still imports a module, before anything is removed', async () => {
    await withInit(VITE, async (project) => {
      await project.write(
        'src/other.js',
        "import { keepUpToDate } from './bundleseal/update.js';\n",
      );
      const before = treeOf(project.folder);
      const { code, stderr } = await project.run(['init', '--undo', '--dry-run']);
      expect(code).toBe(1);
      expect(stderr).toContain(
        '✗ nothing is undone while other files of the project use those of init. First follow these lines:',
      );
      expect(stderr).toContain('! src/bundleseal/update.js stays: src/other.js imports it');
      expect(treeOf(project.folder)).toEqual(before);
      rmSync(project.path('src/other.js'));
      const whole = await done(project, ['init', '--undo', '--dry-run']);
      expect(whole).toContain('This would be undone:\n');
    });
  });

  it('tells about the service worker only what the store proves', async () => {
    await withInit(VITE, async (project) => {
      await project.write('site/updates/channels/production.sealed', '');
      expect(await done(project, UNDO)).toContain(
        '  next: browsers that have visited the website keep its service worker, which',
      );
    });
    await withInit(VITE, async (project) => {
      expect(await done(project, UNDO)).toContain(
        '  next: if the website was deployed with its service worker, browsers that have visited it keep the worker',
      );
    });
  });

  it('takes back the rest when the user has deleted that module', async () => {
    await withInit(VITE, async (project) => {
      rmSync(project.path('src/main.js'));
      await done(project, UNDO_ALL);
      expect(filesOf(project)).not.toContain(RECORD);
    });
  });

  it('takes its lines out of a module that init made and the user has continued', async () => {
    await withInit(KIT, async (project) => {
      await edit(project, 'src/hooks.client.js', (text) => `${text}export const mine = 1;\n`);
      await done(project, UNDO_ALL);
      expect(read(project, 'src/hooks.client.js').trim()).toBe('export const mine = 1;');
      expect(filesOf(project).filter((path) => /bundleseal/.test(path))).toEqual([]);
    });
  });
});

describe('init --undo in an app of which another file uses a module of init', () => {
  it.each([
    ['src/other.ts', "import { keepUpToDate } from './bundleseal/update';\n"],
    ['src/deep/other.jsx', 'const { keepUpToDate } = await import("../bundleseal/update.js");\n'],
    [
      'src/App.vue',
      "<script setup>\nimport { keepUpToDate } from '@/bundleseal/update'\n</script>\n",
    ],
    ['other.html', '<script type="module" src="/src/bundleseal/update.js"></script>\n'],
  ])('undoes nothing while %s imports a module, and names both', async (name, text) => {
    await withInit(VITE, async (project) => {
      await project.write(name, text);
      const before = treeOf(project.folder);
      const { code, stderr } = await project.run(UNDO_ALL);
      expect(code).toBe(1);
      expect(stderr).toContain(
        `! src/bundleseal/update.js stays: ${name} imports it: remove that there, then run npx bundleseal init --undo again`,
      );
      expect(treeOf(project.folder)).toEqual(before);
      rmSync(project.path(name));
      await done(project, UNDO_ALL);
      expect(filesOf(project).filter((path) => /bundleseal/.test(path))).toEqual([]);
    });
  });

  it('names all files at once that import a module, and says how each uses it', async () => {
    await withInit(VITE, async (project) => {
      const text = "import { keepUpToDate } from './bundleseal/update';\n";
      await project.write('src/main.js', "import './bundleseal/update.js';\n");
      await project.write('src/layout.tsx', text);
      const both = await project.run(UNDO);
      expect(both.stderr).toContain(
        '! src/bundleseal/update.js stays: src/layout.tsx and src/main.js import it: remove that there,',
      );
      await edit(project, 'package.json', (json) =>
        json.replace('"build":', '"mine": "node src/bundleseal/update.js",\n    "build":'),
      );
      const all = await project.run(UNDO);
      expect(all.stderr).toContain(
        '! src/bundleseal/update.js stays: package.json, src/layout.tsx and src/main.js use it: remove that there,',
      );
    });
  });

  it('undoes nothing while a script that the user has changed names a file', async () => {
    await withInit(VITE, async (project) => {
      await edit(project, 'package.json', (text) =>
        text.replace('bundleseal release stamp', 'mine && bundleseal release stamp'),
      );
      const before = treeOf(project.folder);
      const { stderr } = await project.run(UNDO_ALL);
      expect(stderr).toContain('! vite.bundleseal.config.mjs stays: package.json names it');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('removes modules that only other packages of the same name, and texts, seem to name', async () => {
    await withInit(VITE, async (project) => {
      await project.write('src/own.js', "import { createUpdater } from 'bundleseal/update';\n");
      await project.write('src/text.js', "// It's like src/bundleseal/update.js was.\nrun('a');\n");
      await project.write('node_modules/a/b.js', "import '../../src/bundleseal/update.js';\n");
      await done(project, UNDO_ALL);
      expect(filesOf(project)).not.toContain('src/bundleseal/update.js');
    });
  });
});

describe('init --undo and the lines in .gitignore', () => {
  it.each(['.bundleseal_key.old', '.bundleseal_key.old.2'])(
    'keeps them while %s is here, even if the current key was moved away',
    async (old) => {
      await withInit(VITE, async (project) => {
        renameSync(project.path('.bundleseal_key'), project.path(old));
        const stderr = await done(project, UNDO);
        expect(stderr).toContain(`! .gitignore stays: it keeps ${old} out of git`);
        expect(read(project, '.gitignore').split('\n')).toContain('/.bundleseal_key.old*');
        expect(filesOf(project)).not.toContain('src/bundleseal');
        rmSync(project.path(old));
        await done(project, UNDO);
        expect(filesOf(project).sort()).toEqual(['src', ...Object.keys(VITE.files)].sort());
      });
    },
  );

  it('keeps them for a key that was here before init', async () => {
    await withProject(async (project) => {
      await writeApp(project, VITE);
      await project.write('.bundleseal_key', keyB.pkcs8);
      await done(project, ['init', '--yes']);
      const stderr = await done(project, UNDO);
      expect(stderr).toContain('✓ undone:');
      expect(read(project, 'vite.config.mjs')).toContain('.bundleseal_key*');
      expect(read(project, '.gitignore').split('\n')).toContain('/.bundleseal_key');
    });
  });
});

describe('the config of Vite that init made', () => {
  it('stays with --undo, and belongs to the user, who has added a plugin to it', async () => {
    await withInit(VITE, async (project) => {
      await edit(project, 'vite.config.mjs', (text) =>
        text.replace('server:', 'plugins: [],\n  server:'),
      );
      const own = read(project, 'vite.config.mjs');
      expect(await done(project, UNDO)).toContain(
        "! vite.config.mjs stays: you have changed it, and server.fs.deny in it keeps the private key out of Vite's dev server\n",
      );
      const stderr = await done(project, UNDO_ALL);
      expect(stderr).toContain(
        '! vite.config.mjs stays: you have changed it: delete the list server.fs.deny in it by hand, which',
      );
      expect(read(project, 'vite.config.mjs')).toBe(own);
      expect(filesOf(project)).not.toContain(RECORD);
    });
  });

  it('is not named if the user has deleted the list', async () => {
    await withInit(VITE, async (project) => {
      await project.write('vite.config.mjs', 'export default {};\n');
      expect(await done(project, UNDO_ALL)).not.toContain('vite.config.mjs');
      expect(read(project, 'vite.config.mjs')).toBe('export default {};\n');
    });
  });
});

describe('a second init with other answers', () => {
  it('brings scripts and settings of the first one up to date, and --undo takes back both', async () => {
    await withInit(VITE, async (project) => {
      const { conflicts } = await project.json([
        ...['init', '--yes', '--channel', 'beta', '--dir', 'out', '--app-id', 'com.example.other'],
      ]);
      expect(conflicts).toEqual([]);
      const { scripts, bundleseal } = JSON.parse(read(project, 'package.json'));
      expect(scripts['bundleseal:publish']).toBe('bundleseal release publish out');
      expect(bundleseal).toMatchObject({ appId: 'com.example.other', channel: 'beta' });
      expect(read(project, 'src/bundleseal/updater.js')).toContain("channel: 'beta'");
      // As npm version does.
      await edit(project, 'package.json', (text) => text.replace('"1.0.0"', '"1.1.0"'));
      await done(project, UNDO_ALL);
      expect(read(project, 'package.json')).toBe(
        VITE.files['package.json']?.replace('"1.0.0"', '"1.1.0"'),
      );
    });
  });

  it('keeps the changes that the user made between the two runs, and --undo keeps them too', async () => {
    await withInit(VITE, async (project) => {
      const raise = (text: string) => text.replace('"version": "1.0.0"', '"version": "2.0.0"');
      await edit(project, 'package.json', raise);
      await edit(project, '.gitignore', (text) => `own/\n${text}`);
      const answers = ['--channel', 'beta', '--url', 'https://updates.example.com/'];
      await done(project, ['init', '--yes', ...answers]);
      await done(project, UNDO_ALL);
      expect(read(project, 'package.json')).toBe(raise(VITE.files['package.json'] as string));
      expect(read(project, '.gitignore')).toBe('own/\n');
    });
  });

  it('does not change a script that the user has changed since, and shows the script that it would write', async () => {
    await withInit(VITE, async (project) => {
      await edit(project, 'package.json', (text) =>
        text.replace('bundleseal release publish dist', 'mine'),
      );
      const { code, stderr } = await project.run(['init', '--yes', '--channel', 'beta']);
      expect(code).toBe(1);
      expect(stderr).toContain('"bundleseal:publish": "bundleseal release publish dist"');
      const { scripts, bundleseal } = JSON.parse(read(project, 'package.json'));
      expect(scripts['bundleseal:publish']).toBe('mine');
      expect(bundleseal.channel).toBe('beta');
    });
  });
});

describe('init --undo in an app whose package.json names bundleseal', () => {
  it.each([
    ['package-lock.json', 'npm uninstall bundleseal'],
    ['pnpm-lock.yaml', 'pnpm remove bundleseal'],
  ])('says last how to remove the dependency, beside %s', async (lockfile, command) => {
    await withProject(async (project) => {
      await writeApp(project, VITE);
      await project.write(lockfile, '{}');
      await edit(project, 'package.json', (text) =>
        text.replace('"dependencies": {', '"dependencies": {\n    "bundleseal": "0.2.0",'),
      );
      await done(project, ['init', '--yes']);
      const said = await done(project, UNDO);
      expect(said.trimEnd().split('\n').at(-1)).toBe(
        `  last: when you no longer need --undo --delete-key, run ${command}, because package.json still depends on bundleseal`,
      );
      expect((await done(project, UNDO_ALL)).trimEnd().split('\n').at(-1)).toBe(
        `  last: run ${command}, because package.json still depends on bundleseal`,
      );
    });
  });

  it('says nothing of it if package.json does not name it, or a module stays that may import it', async () => {
    await withInit(VITE, async (project) => {
      expect(await done(project, UNDO)).not.toContain('still depends on bundleseal');
    });
    await withInit(VITE, async (project) => {
      await edit(project, 'package.json', (text) =>
        text.replace('"dependencies": {', '"dependencies": {\n    "bundleseal": "0.2.0",'),
      );
      await edit(project, 'src/bundleseal/updater.js', (text) => `${text}mine();\n`);
      const { code, stderr } = await project.run(UNDO);
      expect(code).toBe(1);
      expect(stderr).not.toContain('still depends on bundleseal');
    });
  });
});
