// The scripts of the workflow for GitHub Actions that init writes, each run by bash in a repository.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../../support/cli.ts';
import { APPS, type App } from '../../../support/init-apps.ts';
import { done, read, VITE, withApp } from '../../../support/init-project.ts';
import { git, makeTags } from '../../../support/tags.ts';

useCli();

const STORE = 'https://a.example/updates';

const WORKFLOW = '.github/workflows/bundleseal.yml';
const workflows = new Map<string, string>();

/** Writes the workflow that init writes for a Vite app and this store. Runs init once for each store. */
async function initFor(project: Project, store: string): Promise<void> {
  const known = workflows.get(store);
  if (known !== undefined) return project.write(WORKFLOW, known);
  await done(project, '--yes', '--store', store);
  workflows.set(store, read(project, WORKFLOW));
}

/** Runs the script of a step as GitHub does. The text before it defines programs that the test plays. */
function runStep(project: Project, name: string, before: string, env: Record<string, string>) {
  const workflow = read(project, WORKFLOW);
  const step = workflow.slice(workflow.indexOf(`- name: ${name}`));
  const [, script] = / run: \|\n((?: {10}.*\n)+)/.exec(step) as RegExpExecArray;
  return spawnSync('bash', ['-e', '-c', `${before}\n${script}`], {
    env: { ...process.env, GITHUB_OUTPUT: project.path('output'), ...env },
    cwd: project.folder,
    encoding: 'utf8',
  });
}

const outputOf = (project: Project) =>
  existsSync(project.path('output')) ? read(project, 'output') : '';

describe('the first job of the workflow', () => {
  const look = (
    project: Project,
    { url = `${STORE}/`, event = 'schedule', answer }: Record<string, string | undefined>,
  ) => {
    const failure = answer === undefined ? 'return 7' : `echo '${answer}'`;
    return runStep(project, 'Look for', `curl() { echo "$@" > asked; ${failure}; }`, {
      ...{ STORE_URL: url, BUNDLESEAL_STORE_URL: url, GITHUB_EVENT_NAME: event },
    });
  };

  it.each([
    [`${STORE}/`, '404 text/plain', true],
    // S3 answers so to clients that may not list the bucket.
    [STORE, '403 application/xml', true],
    // The host of a single-page app answers with the page for every file that it lacks.
    [`${STORE}/`, '200 text/html; charset=utf-8', true],
    [`${STORE}/`, '200 application/octet-stream', false],
    [`${STORE}/`, '503 text/html', false],
    [`${STORE}/`, undefined, false],
  ])(
    'with the address %j and the answer %j, skips the rest: %s',
    async (url, answer, isSkipped) => {
      await withApp(VITE, async (project) => {
        await initFor(project, 'github-pages');
        makeTags(project.folder, ['1.0.0']);
        const workflow = read(project, WORKFLOW);
        expect(workflow).toContain("needs: check\n    if: needs.check.outputs.skip != 'true'");
        const { status, stdout } = look(project, { url, answer });
        expect(status).toBe(0);
        expect(read(project, 'asked')).toContain(` ${STORE}/channels/production.sealed`);
        const warning = '::warning::There is no index of the channel production';
        expect(stdout.includes(warning)).toBe(isSkipped);
        expect(outputOf(project)).toBe(isSkipped ? 'skip=true\n' : '');
      });
    },
  );

  it('warns on a schedule and ends well if the repository has no tag, for it would deploy the last commit', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      makeTags(project.folder, []);
      const { status, stdout } = look(project, { answer: '200 application/octet-stream' });
      expect([status, outputOf(project)]).toEqual([0, 'skip=true\n']);
      expect(stdout).toMatch(
        /^::warning::There is no tag, .* npm version patch && git push --follow-tags\n$/,
      );
    });
  });

  it('needs no tag for a store without the website', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'rsync');
      const set = 'BUNDLESEAL_HOST_KEY=a BUNDLESEAL_TARGET=b';
      const { status } = runStep(
        project,
        'Look for',
        `${set}; curl() { echo '200 application/octet-stream'; }`,
        { STORE_URL: STORE, BUNDLESEAL_STORE_URL: STORE, GITHUB_EVENT_NAME: 'schedule' },
      );
      expect([status, outputOf(project)]).toEqual([0, '']);
    });
  });

  it.each(['push', 'workflow_dispatch', 'schedule'])(
    'names every variable that is not set, on %s',
    async (event) => {
      await withApp(VITE, async (project) => {
        await initFor(project, 's3');
        const env = { GITHUB_EVENT_NAME: event, AWS_REGION: 'eu-west-1' };
        const unset = 'unset STORE_URL BUNDLESEAL_STORE_URL BUNDLESEAL_BUCKET';
        const { status, stdout } = runStep(project, 'Look for', unset, env);
        const isError = event !== 'schedule';
        expect([status, outputOf(project)]).toEqual(isError ? [1, ''] : [0, 'skip=true\n']);
        expect(stdout).toBe(
          `::${isError ? 'error' : 'warning'}::Variables of the repository are not set: BUNDLESEAL_STORE_URL BUNDLESEAL_BUCKET. Set them in Settings → Secrets and variables → Actions → Variables\n`,
        );
      });
    },
  );

  it('asks nothing of the store before a build is published', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      const { status } = look(project, { event: 'push', answer: '404 text/plain' });
      expect([status, outputOf(project), existsSync(project.path('asked'))]).toEqual([
        0,
        '',
        false,
      ]);
    });
  });
});

describe('the publishing step of the workflow', () => {
  const publish = (project: Project, env: Record<string, string>) =>
    runStep(project, 'Publish, or', 'npx() { printf "%s\\n" "$@"; }', {
      ...{ STORE_URL: 'https://a.b/', CREATE: '', WITHDRAW: '', PROMOTE: '', ...env },
    });

  it.each([
    [{ GITHUB_EVENT_NAME: 'push' }, ['publish', 'dist'], []],
    [{ GITHUB_EVENT_NAME: 'workflow_dispatch', CREATE: 'true' }, ['publish', 'dist'], ['--create']],
    [{ GITHUB_EVENT_NAME: 'workflow_dispatch', WITHDRAW: '0.2.0' }, ['withdraw', '0.2.0'], []],
    [
      { GITHUB_EVENT_NAME: 'workflow_dispatch', PROMOTE: '0.1.0' },
      ['promote', '0.1.0', '--first', '--reinstate'],
      [],
    ],
    [{ GITHUB_EVENT_NAME: 'schedule' }, ['refresh'], []],
  ])('runs the right command with %j', async (env, command, end) => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      const { stdout, status } = publish(project, env as unknown as Record<string, string>);
      expect(status).toBe(0);
      const flags = '--store out --from https://a.b/ --channel production --app-id my-app';
      expect(stdout.trimEnd().split('\n')).toEqual([
        ...['bundleseal', 'release', ...command],
        ...[...flags.split(' '), '--out', 'full', ...end],
      ]);
    });
  });

  it.each([
    '$(touch owned)',
    '`touch owned`',
    '"; touch owned; "',
    '--help',
    '1.0.0 --use-built-in',
    '1.0\n::debug::',
  ])('runs no command for the release %j, and prints no part of that text', async (text) => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'rsync');
      for (const input of ['WITHDRAW', 'PROMOTE']) {
        const env = { GITHUB_EVENT_NAME: 'workflow_dispatch', [input]: text };
        const { status, stdout, stderr } = publish(project, env);
        expect(status).toBe(1);
        expect(stdout + stderr).toMatch(/^::error::This is not the version or the id of a release/);
        expect(stdout + stderr).not.toMatch(/touch|--help|built-in|debug/);
      }
      expect(existsSync(project.path('owned'))).toBe(false);
    });
  });

  it('runs no command if one run is to withdraw a release and to put one in front', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'rsync');
      const env = { GITHUB_EVENT_NAME: 'workflow_dispatch', WITHDRAW: '0.2.0', PROMOTE: '0.1.0' };
      const { status, stdout } = publish(project, env);
      expect([status, stdout]).toEqual([
        1,
        '::error::Withdraw one release or put one in front, and do the other in a second run\n',
      ]);
    });
  });
});

describe('the step of the workflow that puts the website and the store together', () => {
  /** Runs the step with a build of the given files, and returns the files of the website by their content. */
  const put = (project: Project, files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries({
      'out/channels/production.sealed': 'i',
      ...files,
    })) {
      mkdirSync(dirname(project.path(name)), { recursive: true });
      writeFileSync(project.path(name), text);
    }
    const { status, stderr } = runStep(project, 'Put the website and', '', {});
    expect([status, stderr]).toEqual([0, '']);
    const names = readdirSync(project.path('site'), { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      names
        .filter((one) => one.isFile())
        .map(({ parentPath, name }) => {
          const path = join(parentPath, name);
          const from = relative(project.path('site'), path).split(sep).join('/');
          return [from, readFileSync(path, 'utf8')];
        }),
    );
  };
  const page = { 'dist/index.html': 'page' };

  it('lets the page of a single-page app answer for its routes on GitHub Pages', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'github-pages');
      expect(put(project, page)).toEqual({
        'index.html': 'page',
        '404.html': 'page',
        'updates/channels/production.sealed': 'i',
      });
      // The build has a stamp of its files, so that the copy must not be in it.
      expect(readdirSync(project.path('dist'))).toEqual(['index.html']);
    });
  });

  it('keeps the page of the website for missing files', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'github-pages');
      expect(put(project, { ...page, 'dist/404.html': 'own' })['404.html']).toBe('own');
    });
  });

  it('copies the file that the adapter of SvelteKit writes for routes', async () => {
    await withApp(APPS['sveltekit'] as App, async (project) => {
      const config = "adapter({ fallback: '200.html' })";
      writeFileSync(
        project.path('svelte.config.js'),
        `export default { kit: { adapter: ${config} } };\n`,
      );
      await done(project, '--yes', '--store', 'github-pages');
      const site = put(project, { 'build/index.html': 'page', 'build/200.html': 'routes' });
      expect(site['404.html']).toBe('routes');
    });
  });

  it('copies no page for a website of files, nor for another host', async () => {
    for (const [name, store] of [
      ['next', 'github-pages'],
      ['vite', 'netlify'],
    ] as const) {
      await withApp(APPS[name] as App, async (project) => {
        await done(project, '--yes', '--store', store);
        expect(read(project, WORKFLOW)).not.toContain('404.html');
      });
    }
  });
});

describe('the website that the workflow deploys without a new release', () => {
  /** Runs the step with a list of releases, the preferred one first, and returns what was built. */
  const build = (project: Project, releases: readonly (readonly [string, boolean])[]) => {
    const list = {
      releases: releases.map(([version], index) => ({ version, id: `id${index}` })),
      withdrawn: releases.flatMap(([, isWithdrawn], index) => (isWithdrawn ? [`id${index}`] : [])),
    };
    writeFileSync(project.path('list.json'), JSON.stringify(list, null, 2));
    const programs = `npx() { echo "$@" > asked; cat list.json; }
npm() { echo "$@" >> ran; cp version built; }`;
    const ran = runStep(project, 'If this run publishes no build', programs, {});
    const built = existsSync(project.path('built')) ? read(project, 'built') : undefined;
    return { ...ran, built };
  };

  it.each([
    [
      'the newest release',
      [
        ['0.3.0', false],
        ['0.2.0', false],
      ],
      '0.3.0',
    ],
    [
      'the release before a withdrawn one',
      [
        ['0.3.0', true],
        ['0.2.0', false],
      ],
      '0.2.0',
    ],
    [
      'the release that comes first',
      [
        ['0.1.0', false],
        ['0.3.0', false],
      ],
      '0.1.0',
    ],
    [
      'no tag that was not published',
      [
        ['0.2.0', false],
        ['0.1.0', false],
      ],
      '0.2.0',
    ],
    [
      'a repaired release of the same version',
      [
        ['0.3.0', false],
        ['0.3.0', true],
      ],
      '0.3.0',
    ],
    [
      'only a release with a tag',
      [
        ['0.4.0', false],
        ['0.2.0', false],
      ],
      '0.2.0',
    ],
  ] as const)('is of %s', async (_, releases, expected) => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      makeTags(project.folder, ['0.1.0', '0.2.0', '0.3.0']);
      const { status, stdout, stderr, built } = build(project, releases);
      expect([status, built], stdout + stderr).toEqual([0, expected]);
      expect(stdout).not.toContain('::');
      expect(read(project, 'asked')).toBe(
        'bundleseal release list --store out --channel production --app-id my-app --json\n',
      );
      const ran = readFileSync(project.path('ran'), 'utf8');
      expect(ran).toMatch(/^(ci|install)\nrun bundleseal:build\n$/);
    });
  });

  it('is of the newest tag with a warning if every release is withdrawn, so that devices hear of it', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'netlify');
      makeTags(project.folder, ['0.1.0']);
      const { status, stdout, built } = build(project, [['0.1.0', true]]);
      expect([status, built]).toEqual([0, '0.1.0']);
      expect(stdout).toMatch(
        /^::warning::The channel offers no release that has a tag, so new visitors get v0\.1\.0, which is withdrawn or not in the index\. Repair/,
      );
    });
  });

  it('is of the newest tag with a warning that names the tag to push if only releases without a tag are left', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      makeTags(project.folder, ['0.1.0']);
      const releases = [
        ['0.1.0', true],
        ['0.0.1', false],
        ['0.0.0', false],
      ] as const;
      const { status, stdout, built } = build(project, releases);
      expect([status, built]).toEqual([0, '0.1.0']);
      expect(stdout).toMatch(
        /^::warning::.* v0\.1\.0, which is withdrawn or not in the index\. .* git tag v0\.0\.1 COMMIT && git push origin v0\.0\.1\n$/,
      );
      // The commit before the checkout of the step.
      git(project.folder, 'tag', 'v0.0.1', 'HEAD@{1}');
      const repaired = build(project, releases);
      expect([repaired.built, repaired.stdout]).toEqual(['not released', '']);
    });
  });

  it('is never a commit without a tag', async () => {
    await withApp(VITE, async (project) => {
      await initFor(project, 'github-pages');
      makeTags(project.folder, []);
      const { status, stdout, built } = build(project, [['0.1.0', true]]);
      expect([status, built]).toEqual([1, undefined]);
      expect(stdout).toMatch(/^::error::There is no tag/);
    });
  });
});
