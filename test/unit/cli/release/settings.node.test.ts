// The commands of releases: their settings in package.json, and their durations and shares.

import { describe, expect, it } from 'vitest';
import { readDuration, readShare, shownDistance } from '../../../../src/cli/units.ts';
import { type Project, useCli, withProject } from '../../../support/cli.ts';
import { done, writeBuildIn } from '../../../support/cli-release.ts';
import { VITE, withApp } from '../../../support/init-project.ts';
import { serveStore } from '../../../support/store-server.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

const PAGES = 'https://someone.github.io/my-app/updates/';

describe('a project without a Capacitor config', () => {
  it('is told that --app-id is needed and where it may be, and of nothing that is not signed', async () => {
    await withProject(async ({ run, write }) => {
      await write('.bundleseal_key', keyB.pkcs8);
      await write('dist/index.html', '<p>');
      const publish = ['release', 'publish', 'dist', '--store', 'store', '--channel', 'x'];
      const { code, stderr } = await run(publish);
      expect(stderr).toBe(
        '✗ --app-id is needed: there is no Capacitor config in "dist" or above, and no package.json in "dist" or above has bundleseal.appId, which npx bundleseal init writes\n  ERR_USAGE\n',
      );
      expect(code).toBe(2);
      const versionless = await run([...publish, '--app-id', 'com.example.app']);
      expect(versionless.stderr).toMatch(
        /^✗ --app-version is needed: no package.json in "dist" or above has a version\n/,
      );
      const given = ['--app-id', 'com.example.app', '--app-version', '1.0.0'];
      expect((await run([...publish, ...given])).code).toBe(0);
      const list = ['release', 'list', '--store', 'store', '--channel', 'x'];
      const { stdout, stderr: told } = await run([...list, '--app-id', 'com.example.app']);
      expect(stdout + told).toContain('x  index 1, 1 release\n');
    });
  });
});

describe('a project without settings', () => {
  it.each([
    [['list'], '--channel, --from and --app-id are needed'],
    [['list', '--channel', 'x'], '--from and --app-id are needed'],
    [['verify'], '--from and --app-id are needed'],
    [['refresh', '--app-id', 'a'], '--store and --channel are needed'],
  ])('is told all flags that release %j needs', async (args, said) => {
    await withProject(async ({ run }) => {
      const { code, stderr } = await run(['release', ...args]);
      expect(code).toBe(2);
      expect(stderr).toBe(
        `✗ ${said}: run npx bundleseal init in the folder of the app, which writes them into package.json, or pass them\n  ERR_USAGE\n`,
      );
    });
  });
});

describe('a command for releases in a project of init', () => {
  it('says in its result and in its error that CI publishes to another store, only for the store of a project with a workflow', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('dist/index.html', '<p>');
      const settings = { appId: 'com.example.app', channel: 'production', store: 'store' };
      const content = { version: '1.0.0', bundleseal: settings };
      await project.write('package.json', JSON.stringify(content));
      await done(project, ['release', 'publish', 'dist', '--no-stamp']);
      const note = 'This is the store on this machine. If CI publishes, ';
      const start = (input: string) =>
        `${note}start .github/workflows/bundleseal.yml with the release in "${input}" instead; npx bundleseal release list --from ADDRESS shows`;
      const inFront = start('Put this older release in front again');
      const byHand = `${note}pass the address of its store as --from and an empty folder as --store`;
      const succeeded = [
        [['withdraw', '1.0.0', '--dry-run'], start('Withdraw this release')],
        [['promote', '1.0.0', '--first', '--dry-run'], inFront],
        [['rollout', '50%', '--dry-run'], byHand],
        [['list'], `${note}pass the address of its store as --from.`],
      ] as const;
      const failed = [
        [['withdraw', '2.0.0'], start('Withdraw this release')],
        [['promote', '2.0.0', '--first'], inFront],
        [['promote', '--from-channel', 'beta'], byHand],
        [['rollout', '50%', '--release', '2.0.0'], byHand],
        [['list', '--channel', 'beta'], `${note}pass the address of its store as --from.`],
      ] as const;
      const said = async (args: readonly string[]) => {
        const { code, stdout, stderr } = await project.run(['release', ...args]);
        return { code, text: stdout + stderr };
      };
      for (const [args] of [...succeeded, ...failed]) {
        expect((await said(args)).text).not.toContain('on this machine');
      }
      await project.write('.github/workflows/bundleseal.yml', 'a');
      for (const [args, told] of succeeded) {
        const { code, text } = await said(args);
        expect(code, text).toBe(0);
        expect(text).toContain(`\n  note     ${told}`);
      }
      for (const [args, told] of failed) {
        const { code, text } = await said(args);
        expect(code).toBe(1);
        expect(text).toMatch(/^✗ .*\n {2}ERR_STORE\n$/);
        expect(text).toContain(`. ${told}`);
      }
      for (const [args] of [...succeeded, ...failed]) {
        expect((await said([...args, '--store', 'store'])).text).not.toContain('on this machine');
      }
    });
  });
});

describe('a command for releases in a project whose CI publishes, without a store here', () => {
  it.each([
    ['https://github.com/Someone/my-app', ['--store', 'github-pages'], PAGES],
    ['', ['--store', 's3', '--url', 'https://cdn.example.com/a/'], 'https://cdn.example.com/a/'],
    ['', ['--store', 'netlify'], 'ADDRESS'],
  ])(
    'with the remote %j and init %j first says how CI withdraws, with %s',
    async (url, flags, address) => {
      await withApp(VITE, async (project) => {
        await project.write('.bundleseal_key', keyB.pkcs8);
        await project.write('.bundleseal_key.pub', keyB.spki);
        await project.write('.git/config', url === '' ? '' : `[remote "origin"]\n\turl = ${url}\n`);
        await done(project, ['init', '--yes', ...flags]);
        const { code, stderr } = await project.run(['release', 'withdraw', '0.2.0']);
        expect(code).toBe(1);
        expect(stderr).toContain(
          `✗ If CI publishes, start .github/workflows/bundleseal.yml with the release in "Withdraw this release" instead; npx bundleseal release list --from ${address} shows the releases of its store. On this machine, nothing has been published to "`,
        );
      });
    },
  );
});

describe('units', () => {
  it('reads durations and shares, and refuses others', () => {
    expect(readDuration('--x', '90m')).toBe(5_400_000);
    expect(readDuration('--x', '2w')).toBe(1_209_600_000);
    for (const one of ['30', 'd', '-1d', '1.5d', '1y', '']) {
      expect(() => readDuration('--x', one)).toThrow('--x takes a duration');
    }
    expect([readShare('--x', '25%'), readShare('--x', '2.5%'), readShare('--x', '100%')]).toEqual([
      250, 25, 1000,
    ]);
    for (const one of ['25', '101%', '%', '0.25%%', '2.55%', '-1%']) {
      expect(() => readShare('--x', one)).toThrow('--x takes a share');
    }
  });

  it('shows the distance of a time', () => {
    const now = Date.parse('2026-11-26T09:00:00Z');
    expect(shownDistance('2026-12-26T09:00:00Z', now)).toBe('in 30 days');
    expect(shownDistance('2026-12-26T08:51:00Z', now)).toBe('in 30 days');
    expect(shownDistance('2026-12-25T20:00:00Z', now)).toBe('in 29 days');
    expect(shownDistance('2026-11-28T08:59:00Z', now)).toBe('in 48 hours');
    expect(shownDistance('2026-11-26T07:00:00Z', now)).toBe('2 hours ago');
    expect(shownDistance('2026-11-26T10:30:00Z', now)).toBe('in 90 minutes');
    expect(shownDistance('2026-11-26T09:01:00Z', now)).toBe('in 1 minute');
    expect(shownDistance('2026-11-26T09:00:20Z', now)).toBe('in 0 minutes');
  });
});

describe('the settings in package.json', () => {
  const SETTINGS = { appId: 'com.example.app', channel: 'production', store: 'site/updates' };

  async function withSettings(work: (project: Project) => Promise<void>): Promise<void> {
    await withProject(async (project) => {
      await project.write('.bundleseal_key', keyB.pkcs8);
      await project.write('.bundleseal_key.pub', keyB.spki);
      const described = { version: '1.0.1', bundleseal: SETTINGS };
      await project.write('package.json', JSON.stringify(described));
      await writeBuildIn(project, 'dist', 1);
      await writeBuildIn(project, 'next', 2);
      await work(project);
    });
  }

  it.each([
    [['list']],
    [['verify']],
    [['rollout', '25%']],
    [['withdraw', '1.0.1']],
    [['promote', '1.0.1', '--first']],
    [['refresh']],
  ])('say how to publish first if nothing has been published: release %j', async (args) => {
    await withSettings(async (project) => {
      await project.write('pnpm-lock.yaml', '');
      const expectError = async (how: string) => {
        const { code, stdout, stderr } = await project.run(['release', ...args]);
        expect(stdout + stderr).toBe(
          `✗ nothing has been published to "site/updates" yet: ${how}. If the releases are in another folder or at an address, pass it as --from\n  ERR_STORE\n`,
        );
        expect(code).toBe(1);
      };
      const bare = 'build the app, and publish its build: pnpm exec bundleseal release publish DIR';
      await expectError(bare);
      // The folder alone has no release.
      await project.write('site/updates/channels/.keep', '');
      await expectError(bare);
      const scripts = { 'bundleseal:build': 'vite build && bundleseal release stamp dist' };
      await project.write('package.json', JSON.stringify({ bundleseal: SETTINGS, scripts }));
      await expectError('run pnpm run bundleseal:build, then pnpm run bundleseal:publish');
    });
  });

  it('are the defaults of --app-id, --channel, --store and --from in every command of releases', async () => {
    await withSettings(async (project) => {
      const { json } = project;
      const told = await done(project, ['release', 'publish', 'dist']);
      expect(told).toContain('store    site/updates');
      await done(project, ['release', 'publish', 'next', '--app-version', '1.0.2']);
      for (const args of [['rollout', '25%'], ['withdraw', '1.0.2'], ['refresh']]) {
        expect(await json(['release', ...args])).toMatchObject({
          ...{ changed: true, channel: 'production', store: 'site/updates' },
        });
      }
      const promote = ['release', 'promote', '--from-channel', 'production'];
      expect(await json([...promote, '1.0.1', '--channel', 'beta'])).toMatchObject({
        ...{ channel: 'beta', sequence: 1, store: 'site/updates' },
      });
      expect(await json(['release', 'list'])).toMatchObject({
        ...{ appId: 'com.example.app', channel: 'production', sequence: 5 },
      });
      expect(await json(['release', 'verify'])).toMatchObject({
        ...{ ok: true, channels: ['beta', 'production'] },
      });
      expect(await json(['release', 'prune', '--dry-run'])).toMatchObject({ deleted: [] });
    });
  });

  it('name a store by an absolute path too', async () => {
    await withSettings(async (project) => {
      const store = project.path('outside');
      const described = { version: '1.0.1', bundleseal: { ...SETTINGS, store } };
      await project.write('package.json', JSON.stringify(described));
      expect(await project.json(['release', 'publish', 'dist'])).toMatchObject({ store });
      expect(Object.keys(treeOf(store))).toContain('channels/production.sealed');
    });
  });

  it('give way to flags, and are found from a folder below', async () => {
    await withSettings(async (project) => {
      const flags = ['--store', 'other', '--channel', 'beta', '--app-id', 'com.example.other'];
      expect(await project.json(['release', 'publish', 'dist', ...flags])).toMatchObject({
        ...{ channel: 'beta', store: 'other' },
      });
      await project.write('tools/.bundleseal_key', keyB.pkcs8);
      const { runInside } = await import('../../../support/cli-inside.ts');
      const { code, stdout, stderr } = await runInside(['release', 'refresh', '--json'], {
        cwd: project.path('tools'),
      });
      expect(code, stderr).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ code: 'ERR_STORE' });
      expect(stdout).toContain('../site/updates');
    });
  });

  it('say which channel release verify checks at an address, which cannot be listed', async () => {
    await withSettings(async (project) => {
      await done(project, ['release', 'publish', 'dist']);
      await done(project, ['release', 'publish', 'next', '--channel', 'beta']);
      const { url, requests } = await serveStore(project.path('site/updates'));
      expect(await project.json(['release', 'verify', '--from', url])).toMatchObject({
        ...{ ok: true, channels: ['production'], releases: 1 },
      });
      const asked = requests
        .map((request) => request.url)
        .filter((path) => /channels/.test(path ?? ''));
      expect(new Set(asked)).toEqual(new Set(['/channels/production.sealed']));
      const all = await project.run([
        'release',
        'verify',
        '--from',
        url,
        '--no-project',
        '--app-id',
        'com.example.app',
      ]);
      expect(all.stderr).toContain('--channel');
    });
  });

  it.each([
    [['publish', 'dist', '--from', 'https://updates.example.com'], '--store is needed with --from'],
    [
      ['list', '--no-project'],
      '--channel, --from and --app-id are needed: with --no-project nothing else says it',
    ],
    [
      ['withdraw', '1.0.1', '--no-project', '--channel', 'x'],
      '--store and --app-id are needed: with --no-project nothing else says it',
    ],
  ])('do not hide what is missing: %j', async (args, said) => {
    await withSettings(async ({ run }) => {
      const { code, stderr } = await run(['release', ...args]);
      expect(code).toBe(2);
      expect(stderr).toContain(said);
    });
  });

  it.each([
    ['channel', 7, 'package.json: bundleseal.channel has to be a text'],
    ['appId', '', 'package.json: bundleseal.appId has to be a text'],
    [
      'store',
      'https://a.example/',
      'package.json: bundleseal.store has to be the path of a folder',
    ],
    [
      'channel',
      undefined,
      '--channel is needed, for example production: no package.json in "dist" or above has bundleseal.channel, which npx bundleseal init writes',
    ],
    [
      'store',
      undefined,
      '--store is needed, the folder to write to: no package.json in "dist" or above has bundleseal.store, which npx bundleseal init writes',
    ],
  ])('with the %s %j are refused by name', async (name, value, said) => {
    await withSettings(async ({ run, write }) => {
      const bundleseal = { ...SETTINGS, [name]: value };
      await write('package.json', JSON.stringify({ version: '1.0.0', bundleseal }));
      const { code, stderr } = await run(['release', 'publish', 'dist']);
      expect(code).toBe(2);
      expect(stderr).toContain(said);
    });
  });
});
