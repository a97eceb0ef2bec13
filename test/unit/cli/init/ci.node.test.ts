// Whether init writes a workflow, and how it takes the workflow away again.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import {
  done,
  RECORD,
  ROOT,
  read,
  UNDO_ALL,
  VITE,
  withApp,
} from '../../../support/init-project.ts';
import { treeOf } from '../../../support/tree.ts';

useCli();

const WORKFLOW = '.github/workflows/bundleseal.yml';
const OWN = ['--yes', '--store', 'folder', '--ci'] as const;

describe('init --ci none after an init with a workflow', () => {
  it.each([false, true])('removes the workflow and says so, in a clone: %s', async (isClone) => {
    await withApp(VITE, async (project) => {
      await done(project, ...OWN, 'github');
      if (isClone) for (const name of [RECORD, '.bundleseal_key']) rmSync(project.path(name));
      const before = treeOf(project.folder);
      const { stderr: planned } = await done(project, ...OWN, 'none', '--dry-run');
      expect(planned).toMatch(/^ {2}- \.github\/workflows\/bundleseal\.yml +removed/m);
      expect(treeOf(project.folder)).toEqual(before);

      const { stderr } = await done(project, ...OWN, 'none');
      expect(stderr).toContain('  changed  ci from github to none\n');
      expect(stderr).toMatch(/^ {2}- \.github\/workflows\/bundleseal\.yml +removed/m);
      expect(stderr).toContain('GitHub keeps the settings of the removed workflow.');
      expect(existsSync(project.path(WORKFLOW))).toBe(false);
      // Git has no empty folder, so a clone may keep it.
      expect(existsSync(project.path('.github'))).toBe(isClone);
      expect(await project.json(['init', '--yes'])).toMatchObject({ written: [], kept: [] });
    });
  });

  it('lets --undo give back the files from before the first init of this folder', async () => {
    await withApp(VITE, async (project) => {
      const before = treeOf(project.folder);
      await done(project, ...OWN, 'github');
      await done(project, ...OWN, 'none');
      await done(project, ...UNDO_ALL);
      expect(treeOf(project.folder)).toEqual(before);
    });
    await withApp(VITE, async (project) => {
      await done(project, ...OWN, 'github');
      rmSync(project.path(RECORD));
      const before = treeOf(project.folder);
      await done(project, ...OWN, 'none');
      rmSync(project.path('.github'), { recursive: true });
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).toContain(`  ~ ${WORKFLOW}, as it was before\n`);
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('keeps a workflow that the user has changed, and says so in every run', async () => {
    await withApp(VITE, async (project) => {
      await done(project, ...OWN, 'github');
      const mine = `${read(project, WORKFLOW)}# mine\n`;
      await project.write(WORKFLOW, mine);
      for (const flags of [[...OWN, 'none'], ['--yes']]) {
        const { stderr } = await done(project, ...flags);
        expect(stderr).toContain(`  ! ${WORKFLOW} stays: you have changed it.`);
      }
      expect(read(project, WORKFLOW)).toBe(mine);
    });
  });

  it('says nothing of a workflow of this name that init has not written', async () => {
    await withApp(VITE, async (project) => {
      await project.write(WORKFLOW, 'name: mine\n');
      expect((await done(project, ...OWN, 'none')).stderr).not.toContain(WORKFLOW);
      expect(read(project, WORKFLOW)).toBe('name: mine\n');
    });
  });

  it('does not touch a file of the user that has the place of the removed workflow', async () => {
    await withApp(VITE, async (project) => {
      await done(project, ...OWN, 'github');
      rmSync(project.path(RECORD));
      await done(project, ...OWN, 'none');
      await project.write(WORKFLOW, 'name: mine\n');
      await done(project, '--undo', '--yes');
      expect(read(project, WORKFLOW)).toBe('name: mine\n');
    });
  });

  it.each([
    ['fail', false],
    ['fail', true],
    ['kill', false],
    ['kill', true],
  ] as const)(
    'is undone if the run ends right after the removal: %s, in a clone: %s',
    async (kind, isClone) => {
      await withApp(VITE, async (project) => {
        await done(project, ...OWN, 'github');
        if (isClone) rmSync(project.path(RECORD));
        const before = treeOf(project.folder);
        await project.write('fault.mjs', FAULT);
        const env = { NODE_OPTIONS: `--import ${project.path('fault.mjs')}`, FAULT: kind };
        const ran = await project.run(['init', ...OWN, 'none'], { isProcess: true, env });
        expect(ran.code).toBe(kind === 'kill' ? null : 1);
        expect(existsSync(project.path('removed'))).toBe(true);
        for (const name of ['fault.mjs', 'removed']) rmSync(project.path(name));
        if (kind === 'kill') await done(project, '--undo', '--yes');
        if (kind === 'kill' && !isClone) {
          // As after any killed run, both runs are undone.
          expect(read(project, 'package.json')).toBe(VITE.files['package.json']);
          expect(existsSync(project.path(WORKFLOW))).toBe(false);
          return;
        }
        // The rest of the lock is hidden, and the next write removes it.
        const left = Object.entries(treeOf(project.folder)).filter(
          ([path]) => !path.startsWith('..bundleseal_key.lock.'),
        );
        expect(Object.fromEntries(left)).toEqual(before);
      });
    },
  );
});

/** Makes the process fail or die when it has removed the workflow. */
const FAULT = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
const { unlink } = fs;
let isFirst = true;
fs.unlink = async (path) => {
  await unlink(path);
  if (!isFirst || !String(path).endsWith('bundleseal.yml')) return;
  isFirst = false;
  await fs.writeFile('removed', '');
  if (process.env.FAULT === 'kill') process.kill(process.pid, 'SIGKILL');
  throw Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'unlink' });
};
syncBuiltinESMExports();`;

describe('init --undo that removes the workflow', () => {
  it.each([
    ['git@github.com:a/b.git', 'next: GitHub keeps the settings'],
    [undefined, 'next: if the app was in a repository on GitHub, GitHub keeps the settings'],
  ])('with the remote %s says: %s', async (remote, said) => {
    await withApp(VITE, async (project) => {
      if (remote !== undefined)
        await project.write('.git/config', `[remote "origin"]\n\turl = ${remote}\n`);
      await done(project, '--yes', '--ci', 'github');
      expect((await done(project, '--undo', '--yes')).stderr).toContain(`  ${said}`);
    });
  });
});

it.each(['public/sw.js', 'sw.js'])(
  'init --undo asks to deploy the script that removes the service worker if it is in %s',
  async (path) => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      await project.write(path, readFileSync(join(ROOT, 'examples/pwa/remove/sw.js'), 'utf8'));
      for (const flags of [['--undo', '--yes'], UNDO_ALL]) {
        const { stderr } = await done(project, ...flags);
        expect(stderr).toContain(`  next: deploy ${path}, which removes the service worker`);
        expect(stderr).not.toContain('"Remove it again"');
      }
    });
  },
);
