// A second bundleseal init: it keeps the answers of the first one, also in a clone without its record.

import { readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { done, RECORD, read, VITE, withApp } from '../../../support/init-project.ts';
import { everyNth } from '../../../support/scope.ts';
import { CTRL_U, hasTerminal, onTerminal, type Step } from '../../../support/terminal.ts';
import { treeOf } from '../../../support/tree.ts';

useCli();

const KINDS = ['folder', 's3', 'r2', 'azure', 'gcs', 'rsync', 'netlify', 'github-pages'] as const;
const URL_FLAGS = ['--url', 'https://cdn.example.com/app/'] as const;
const WORKFLOW = '.github/workflows/bundleseal.yml';

/** Leaves the files that git leaves out of a clone: the record, the private key and the build. */
function makeClone({ path }: Project): void {
  for (const name of [RECORD, '.bundleseal_key', 'site', 'store', '_site'])
    rmSync(path(name), { force: true, recursive: true });
}

const edit = ({ path, write }: Project, name: string, change: (text: string) => string) =>
  write(name, change(readFileSync(path(name), 'utf8')));

/** The files that differ between two trees. */
const changedIn = (before: Record<string, string>, after: Record<string, string>) =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path])
    .sort();

describe.each([false, true])('a second init without flags, in a clone: %s', (isClone) => {
  it.each(KINDS)('changes no byte of the set-up for the store %s', async (store) => {
    // Apps in JavaScript and in TypeScript, websites and others, with and without a bundler. Each store has other ones.
    const apps = [...Object.entries(APPS).entries()];
    for (const [index, [name, app]] of everyNth(apps, 5, KINDS.indexOf(store))) {
      const needsUrl = app.framework === 'capacitor' || app.framework === 'electron';
      const url = needsUrl || index % 2 === 0 ? URL_FLAGS : [];
      await withApp(app, async (project) => {
        const flags = ['--store', store, ...url, '--channel', 'beta', '--app-id', 'com.example.a'];
        const first = await project.json(['init', '--yes', ...flags]);
        if (isClone) makeClone(project);
        const before = treeOf(project.folder);
        const { answers, written, changedAnswers, conflicts } = await project.json([
          ...['init', '--yes'],
        ]);
        expect(answers, name).toEqual({ ...(first['answers'] as object), keys: 'use' });
        expect({ written, changedAnswers, conflicts }, name).toEqual({
          ...{ written: [], changedAnswers: [], conflicts: [] },
        });
        expect(treeOf(project.folder), name).toEqual(before);
      });
    }
  });

  it.each([
    ['--store', 's3', { answer: 'store', from: 'netlify', to: 's3' }, ['package.json', WORKFLOW]],
    [
      ...['--channel', 'production', { answer: 'channel', from: 'beta', to: 'production' }],
      ['package.json', 'src/bundleseal/updater.js', WORKFLOW],
    ],
    [
      ...['--url', 'updates/', { answer: 'url', from: 'https://cdn.example.com/app/' }],
      ['package.json', 'src/bundleseal/updater.js', '.gitignore', WORKFLOW],
    ],
  ] as const)(
    'with %s %s changes that answer alone, and says so',
    async (flag, to, said, paths) => {
      await withApp(VITE, async (project) => {
        await done(project, '--yes', '--store', 'netlify', ...URL_FLAGS, '--channel', 'beta');
        if (isClone) makeClone(project);
        const before = treeOf(project.folder);
        const first = JSON.parse(read(project, 'package.json')).bundleseal;
        const { stderr } = await done(project, '--yes', flag, to);
        expect(stderr).toContain(`  changed  ${said.answer} from ${said.from} to ${to}\n`);
        expect(stderr.match(/^ {2}changed/gm)).toHaveLength(1);
        expect(changedIn(before, treeOf(project.folder))).toEqual([...paths, RECORD].sort());
        const { init } = JSON.parse(read(project, 'package.json')).bundleseal;
        const flags = (text: string) => text.split(' --').filter((one) => !one.startsWith('url '));
        if (flag === '--url') expect(flags(init)).toEqual(flags(first.init));
        const answers = treeOf(project.folder);
        expect(await project.json(['init', '--yes'])).toMatchObject({ written: [], conflicts: [] });
        expect(treeOf(project.folder)).toEqual(answers);
      });
    },
  );

  it('keeps the step of the workflow that gives the passphrase of the key', async () => {
    await withApp(VITE, async (project) => {
      const env = { BUNDLESEAL_KEY_PASSPHRASE: 'correct horse battery staple' };
      const { code } = await project.run(['init', '--yes', '--keys', 'protect', '--ci', 'github'], {
        env,
      });
      expect(code).toBe(0);
      if (isClone) makeClone(project);
      const before = treeOf(project.folder);
      await done(project, '--yes');
      expect(treeOf(project.folder)).toEqual(before);
      expect(read(project, WORKFLOW)).toContain('secrets.BUNDLESEAL_KEY_PASSPHRASE');
    });
  });

  it('keeps the folder, the framework and the host that flags named', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--dir', 'out/web', '--framework', 'static', '--ci', 'none');
      if (isClone) makeClone(project);
      const before = treeOf(project.folder);
      await done(project, '--yes');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });
});

describe('the answers of the first init', () => {
  it('do not replace a file that a user of a clone has changed', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--channel', 'beta');
      makeClone(project);
      await edit(project, 'src/bundleseal/updater.js', (text) => `${text}// mine\n`);
      const mine = read(project, 'src/bundleseal/updater.js');
      const { conflicts } = await project.json(['init', '--yes', '--channel', 'gamma']);
      expect(conflicts).toMatchObject([{ path: 'src/bundleseal/updater.js' }]);
      expect(read(project, 'src/bundleseal/updater.js')).toBe(mine);
    });
  });

  it('come from package.json, so that a change that git brings is kept', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const record = read(project, RECORD);
      await done(project, '--yes', '--store', 's3', '--channel', 'beta');
      // The record of another machine still has the files of the first run.
      await project.write(RECORD, record);
      const before = treeOf(project.folder);
      await done(project, '--yes');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it.each([
    ['a channel with a command', { channel: '$(id)' }, 'bundleseal.channel takes 1 to 64'],
    ['an app id with a quote', { appId: "a';run()//" }, 'bundleseal.appId takes letters'],
    ['a channel that is no text', { channel: 5 }, 'bundleseal.channel has to be a text'],
    ['no text', { init: {} }, 'bundleseal.init has to be a text'],
    ['an empty text', { init: '' }, 'bundleseal.init: takes --dir'],
    ['one flag', { init: '--dir dist' }, 'bundleseal.init: needs --framework'],
    ['an unknown flag', { init: '--undo yes' }, 'bundleseal.init: takes --dir'],
    ['a flag twice', { init: '--dir a --dir b' }, 'bundleseal.init: takes --dir'],
    ['a folder outside', ['dist', '../../out'], 'bundleseal.init: --dir takes'],
    ['an absolute folder', ['dist', '/etc'], 'bundleseal.init: --dir takes'],
    ['a folder with a command', ['dist', 'a;id'], 'bundleseal.init: --dir takes'],
    ['another framework', ['vite', 'toString'], 'bundleseal.init: --framework takes'],
    ['another store', ['folder', '__proto__'], 'bundleseal.init: --store takes'],
    [
      'an address with a command',
      ['updates/', 'https://a.b/$(id)'],
      'bundleseal.init: --url takes',
    ],
    ['an address over http', ['updates/', 'http://a.b/'], 'bundleseal.init: --url takes'],
    ['another host of CI', ['github', 'jenkins'], 'bundleseal.init: --ci takes'],
    ['another choice of keys', ['github', 'github --keys use'], 'bundleseal.init: --keys takes'],
  ] as const)('are refused if package.json has %s', async (_, wrong, message) => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--ci', 'github');
      await edit(project, 'package.json', (text) => {
        const content = JSON.parse(text);
        const { init } = content.bundleseal;
        const isList = Array.isArray(wrong);
        Object.assign(content.bundleseal, isList ? { init: init.replace(...wrong) } : wrong);
        return JSON.stringify(content);
      });
      for (const isClone of [false, true]) {
        if (isClone) makeClone(project);
        const before = treeOf(project.folder);
        const { code, stderr } = await project.run(['init', '--yes']);
        expect(code).toBe(2);
        expect(stderr).toContain(`package.json: ${message}`);
        expect(treeOf(project.folder)).toEqual(before);
      }
    });
  });

  it.each(['vite', 'capacitor', 'electron', 'angular'])(
    'are not guessed for an app of %s if package.json lacks them, as after an earlier version',
    async (name) => {
      const app = APPS[name] as App;
      await withApp(app, async (project) => {
        const flags = [...['--store', 's3'], ...URL_FLAGS];
        await done(project, '--yes', ...flags, '--channel', 'beta');
        await edit(project, 'package.json', (text) => text.replace(/,\s*"init": "[^"]*"/, ''));
        const before = treeOf(project.folder);
        for (const [some, asked] of [
          [[], '--store, --url'],
          [flags.slice(0, 2), '--url'],
          [flags.slice(2), '--store'],
        ] as const) {
          const { code, stderr } = await project.run(['init', '--yes', ...some]);
          expect(code).toBe(2);
          expect(stderr).toMatch(/updater\.m?[jt]s is of an earlier init, /);
          expect(stderr).toContain(`: pass ${asked} as they are in `);
          expect(treeOf(project.folder)).toEqual(before);
        }
        await done(project, '--yes', ...flags);
        expect(changedIn(before, treeOf(project.folder))).toEqual([RECORD, 'package.json']);
        await done(project, '--undo', '--yes', '--delete-key');
        expect(read(project, 'package.json')).toBe(app.files['package.json']);
      });
    },
  );

  it('are not guessed if a member of them was removed from package.json', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--channel', 'beta');
      await edit(project, 'package.json', (text) => text.replace('"channel": "beta",', ''));
      const { code, stderr } = await project.run(['init', '--yes']);
      expect(code).toBe(2);
      expect(stderr).toContain(': pass --channel as they are in src/bundleseal/updater.js');
      await done(project, '--yes', '--channel', 'beta');
      expect(await project.json(['init', '--yes'])).toMatchObject({ written: [] });
    });
  });

  it('must name an address anew if the app is no website any more', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const { code, stderr } = await project.run(['init', '--yes', '--framework', 'electron']);
      expect(code).toBe(2);
      expect(stderr).toContain('Electron has no default');
    });
  });
});

describe.runIf(hasTerminal)('the questions of a second init', () => {
  const QUESTIONS = [
    'Build folder of the app',
    'Framework',
    'Where the updates are stored',
    'Address of the store',
    'Channel',
  ];
  const ask = ({ folder, cli }: Project, steps: readonly Step[]) =>
    onTerminal(folder, `${process.execPath} ${cli} init`, steps);

  it.each([false, true])(
    'propose the answers of the first one, in a clone: %s',
    async (isClone) => {
      await withApp(VITE, async (project) => {
        const flags = [
          '--dir',
          'out',
          '--framework',
          'static',
          '--store',
          'gcs',
          '--channel',
          'beta',
        ];
        await done(project, '--yes', ...flags, ...URL_FLAGS);
        if (isClone) makeClone(project);
        const before = treeOf(project.folder);
        const { code, shown } = await ask(
          project,
          QUESTIONS.map((question) => [question, '\r']),
        );
        expect(code, shown).toBe(0);
        expect(shown).toContain('no file needs a change');
        expect(treeOf(project.folder)).toEqual(before);
      });
    },
  );

  it('show the answer that differs before they ask whether to write', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 's3', '--channel', 'beta');
      const { code, shown } = await ask(project, [
        ...QUESTIONS.slice(0, 4).map((question): Step => [question, '\r']),
        ['Channel', `${CTRL_U}production\r`],
        ['Write it?', '\r'],
      ]);
      expect(code, shown).toBe(0);
      expect(shown).toContain('  changed  channel from beta to production');
      expect(JSON.parse(read(project, 'package.json')).bundleseal).toMatchObject({
        channel: 'production',
        init: expect.stringContaining('--store s3'),
      });
    });
  });
});
