// Whether init writes a workflow, and how it takes the workflow away again.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
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

const SERVER = 'On your own server, without CI';

describe('init without --ci', () => {
  const remote = (url: string) => ({ '.git/config': `[remote "origin"]\n\turl = ${url}\n` });

  it.each([
    ['no repository', {}, [], 'none', 'there is no remote on github.com'],
    ['a repository without a remote', { '.git/config': '' }, [], 'none', 'there is no remote'],
    ['a folder of GitHub', { '.github/a.md': '' }, [], 'github', 'there is a folder .github'],
    ['no repository', {}, ['--store', 's3'], 'github', 'a workflow uploads to the store s3'],
    [
      'a remote on GitHub',
      remote('git@github.com:a/b'),
      [],
      'github',
      'the repository has a remote',
    ],
    [
      'another remote',
      remote('https://git.example.com/a'),
      ['--store', 's3'],
      'none',
      'the repository has a remote on another host',
    ],
  ] as const)('with %s %j and %j answers %s, and says why', async (_, files, flags, ci, why) => {
    await withApp(VITE, async (project) => {
      for (const [name, text] of Object.entries(files)) await project.write(name, text);
      const { stderr } = await done(project, '--yes', ...flags);
      const other = ci === 'github' ? '--ci none writes no' : '--ci github writes a';
      expect(stderr).toMatch(
        new RegExp(`^ {2}ci {7}${ci}\n {11}chosen because ${why}.*; ${other} workflow`, 'm'),
      );
      expect(existsSync(project.path(WORKFLOW))).toBe(ci === 'github');
      const again = await done(project, '--yes', '--ci', ci, '--dry-run');
      expect(again.stderr).not.toContain('chosen because');
    });
  });

  it('keeps the workflow that an earlier init of an app without a remote has written', async () => {
    await withApp(VITE, async (project) => {
      await done(project, ...OWN, 'github');
      const before = treeOf(project.folder);
      await done(project, '--yes');
      expect(treeOf(project.folder)).toEqual(before);
    });
  });

  it('lists the steps for a server of your own, and how to add a workflow later', async () => {
    await withApp(VITE, async (project) => {
      const { next } = await project.json(['init', '--yes']);
      const steps = (next as string[]).slice(-11).map((one) => one.replace(/, for example.*/, ''));
      expect(steps).toEqual([
        'build it with npm run bundleseal:build',
        'publish it (app id "my-app") with npm run bundleseal:publish',
        expect.stringMatching(/^copy the build beside the releases with /),
        'optional: serve site with npx vite preview --outDir site',
        expect.stringMatching(/^optional: see an update arrive/),
        expect.stringMatching(/^keep a copy of \.bundleseal_key/),
        'upload site to your web server',
        expect.stringMatching(/the headers of the store: .* has the lines for nginx$/),
        expect.stringMatching(
          /^after each later publish, upload site\/updates\/objects and then site\/updates\/channels\/production\.sealed: /,
        ),
        expect.stringMatching(
          /^at least every 30 days, publish or run .* release refresh, and upload/,
        ),
        expect.stringMatching(
          /^if the app comes to GitHub later: npx bundleseal init --ci github /,
        ),
      ]);
      expect(steps[8]).toContain(`"${SERVER}" in docs/guides/first-update.md`);
    });
  });

  it('names sections that the guides have', () => {
    const guide = (name: string) => readFileSync(join(ROOT, `docs/guides/${name}.md`), 'utf8');
    expect(guide('first-update')).toContain(`\n### ${SERVER}\n`);
    expect(guide('publishing')).toContain('\n## Upload in this order\n');
  });

  it('lists the upload to the address of an app for desktops, and CI for a host other than GitHub', async () => {
    const app = APPS['electron'] as App;
    await withApp(app, async (project) => {
      await project.write('.git/config', '[remote "a"]\n\turl = https://git.example.com/a\n');
      const url = 'https://updates.example.com/app/';
      const { next } = await project.json(['init', '--yes', '--url', url]);
      const text = (next as string[]).join('\n');
      expect(text).toContain(
        `\nupload store to your web server, so that devices read it at ${url}\n`,
      );
      expect(text).toContain('\noptional, in other CI: run the same two scripts');
      expect(text).not.toContain('comes to GitHub');
    });
  });
});

describe('init with a workflow', () => {
  it.each([
    ['github-pages', true],
    ['s3', false],
  ])('lists the steps up to the first tag, for the store %s', async (store, isOnPages) => {
    await withApp(VITE, async (project) => {
      const { next } = await project.json(['init', '--yes', '--store', store]);
      const steps = next as string[];
      const at = steps.findIndex((one) => one.startsWith('commit every file'));
      expect(steps.slice(at + 1)).toEqual([
        expect.stringMatching(/^start the workflow by hand, with "The channel is new": Actions /),
        ...(isOnPages ? [expect.stringContaining('add a deployment tag rule v*')] : []),
        expect.stringMatching(
          /^wait until that run has ended .* git tag v1\.0\.0 && git push origin v1\.0\.0$/,
        ),
        'for each later release: npm version patch && git push --follow-tags',
      ]);
      expect(steps.join('\n').includes('ten minutes')).toBe(isOnPages);
      const secret = steps.findIndex((one) => one.startsWith('secret BUNDLESEAL_PRIVATE_KEY'));
      expect(secret).toBeGreaterThan(0);
      expect(secret).toBeLessThan(at);
    });
  });
});

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
