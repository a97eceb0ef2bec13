// The questions of bundleseal init and of the commands for keys, answered on a terminal.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { done, VITE, withApp } from '../../../support/init-project.ts';
import {
  CTRL_C,
  CTRL_D,
  CTRL_U,
  ESCAPE,
  hasTerminal,
  type Step,
  onTerminal as typeOnTerminal,
} from '../../../support/terminal.ts';

useCli();

/** Runs bundleseal on a terminal. */
const onTerminal = ({ folder, cli }: Project, args: string, steps: readonly Step[]) =>
  typeOnTerminal(folder, `${process.execPath} ${cli} ${args}`, steps);

describe.runIf(hasTerminal)('the questions of init', () => {
  it('are asked again after an answer that init cannot use', async () => {
    await withApp(VITE, async (project) => {
      const { code, shown } = await onTerminal(project, 'init --framework vite --store folder', [
        ['Build folder of the app', '?\r'],
        ['Type the build folder', `${CTRL_U}dist\r`],
        ['Address of the store', `${CTRL_U}http://a.example\r`],
        ['Type an address with https://', `${CTRL_U}updates/\r`],
        ['Channel', `${CTRL_U}..\r`],
        ['Type 1 to 64 of the characters', CTRL_C],
      ]);
      expect(shown).toContain('Type 1 to 64 of the characters');
      expect(shown).not.toContain('ERR_USAGE');
      expect(code).toBe(130);
      expect(existsSync(project.path('.bundleseal_key'))).toBe(false);
    });
  });

  it('take the proposed answer for an empty line, also after an Enter before the first question', async () => {
    await withApp(VITE, async ({ folder, cli, path }) => {
      const command = `echo started; ${process.execPath} ${cli} init --framework vite --store folder --ci none`;
      const { code, shown } = await typeOnTerminal(folder, command, [
        ['started', '\r'],
        ['Build folder of the app', '\r'],
        ['Address of the store', `${CTRL_U}\r`],
        ['Channel', '\r'],
        ['Keys', '\r'],
        ['Write it?', '\r'],
      ]);
      expect(shown).not.toContain('Type the');
      expect(code).toBe(0);
      const { scripts } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
      expect(scripts['bundleseal:publish']).toBe('bundleseal release publish dist');
      expect(readFileSync(path('src/bundleseal/updater.js'), 'utf8')).toContain("'updates/'");
    });
  });

  it('ask for the address of an app that is no website until they get one', async () => {
    await withApp(APPS['electron'] as App, async (project) => {
      const { code, shown } = await onTerminal(project, 'init --dir dist --store folder', [
        ['Framework', '\r'],
        ['Address of the store', `${CTRL_U}\r`],
        ['Electron has no default', CTRL_C],
      ]);
      expect(shown).toContain('Type the address at which devices read the store');
      expect(code).toBe(130);
    });
  });
});

/** The flags that answer every question of init. */
const ANSWERS = {
  '--dir': 'dist',
  '--framework': 'vite',
  '--store': 'folder',
  '--url': 'updates/',
  '--channel': 'production',
  '--keys': 'protect',
};

const allBut = (flag?: string) =>
  Object.entries(ANSWERS)
    .filter(([one]) => one !== flag)
    .flat()
    .join(' ');

const LEFT = 'cancelled: nothing was changed';

describe.runIf(hasTerminal)('a question that the user leaves', () => {
  it.each([
    ['Build folder of the app', `init ${allBut('--dir')}`, ESCAPE],
    ['Framework', `init ${allBut('--framework')}`, CTRL_D],
    ['Where the updates are stored', `init ${allBut('--store')}`, ESCAPE],
    ['Address of the store', `init ${allBut('--url')}`, CTRL_D],
    ['Channel', `init ${allBut('--channel')}`, ESCAPE],
    ['Keys', `init ${allBut('--keys')}`, CTRL_C],
    ['Write it?', `init ${allBut()}`, ESCAPE],
    ['Write it?', `init ${allBut()}`, CTRL_D],
    ['New passphrase', 'key create --protect', ESCAPE],
    ['New passphrase', 'key create --protect', CTRL_D],
  ])('ends the command without a change: %s', async (question, command, typed) => {
    await withApp(VITE, async (project) => {
      const before = readdirSync(project.folder, { recursive: true });
      const { code, shown } = await onTerminal(project, command, [[question, typed]]);
      expect(shown).toContain(LEFT);
      expect(shown).not.toContain('SIGINT');
      expect(code).toBe(130);
      expect(readdirSync(project.folder, { recursive: true })).toEqual(before);
    });
  });

  it('ends init at the second question for a passphrase, after its plan was accepted', async () => {
    await withApp(VITE, async (project) => {
      const { code, shown } = await onTerminal(project, `init ${allBut()}`, [
        ['Write it?', '\r'],
        ['New passphrase', 'correct horse\r'],
        ['Repeat the passphrase', ESCAPE],
      ]);
      expect(shown).toContain(LEFT);
      expect(code).toBe(130);
      expect(existsSync(project.path('.gitignore'))).toBe(false);
    });
  });

  it('ends init --undo without a change', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const { code, shown } = await onTerminal(project, 'init --undo', [['Undo it?', ESCAPE]]);
      expect(shown).toContain(LEFT);
      expect(code).toBe(130);
      expect(existsSync(project.path('.bundleseal_key'))).toBe(true);
    });
  });

  it('of init --undo list each file once, before the question', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--ci', 'github');
      await project.write('.github/workflows/bundleseal.yml', 'on: push\n');
      const { code, shown } = await onTerminal(project, 'init --undo', [['Undo it?', 'y\r']]);
      expect(code).toBe(1);
      expect(shown.split('bundleseal.yml stays: it was changed since')).toHaveLength(2);
      expect(shown).toContain('not everything was undone: follow the lines with !');
    });
  });

  it('means no where the command has written its key already', async () => {
    await withProject(async (project) => {
      spawnSync('git', ['init', '-q'], { cwd: project.folder });
      const { code, shown } = await onTerminal(project, 'key create', [['.gitignore?', ESCAPE]]);
      expect(shown).toContain('git would commit .bundleseal_key: pass --gitignore');
      expect(shown).toContain('private key  .bundleseal_key');
      expect(code).toBe(0);
      expect(existsSync(project.path('.gitignore'))).toBe(false);
    });
  });
});
