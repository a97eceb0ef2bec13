// The commands of releases: their warnings and their errors.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Project, useCli } from '../../../support/cli.ts';
import { CHANNEL, done, withApp, writeBuildIn } from '../../../support/cli-release.ts';
import { treeOf } from '../../../support/tree.ts';
import { keyA, keyB } from '../../../support/vectors.ts';

useCli();

/** Writes another version into package.json, as `npm version` does. */
function raise({ write }: Project, version: string, scripts = {}): Promise<void> {
  return write('package.json', JSON.stringify({ version, scripts }));
}

describe('release', () => {
  it('says that the folder of the project is not its build', async () => {
    await withApp(async ({ folder, write, run }) => {
      await write('index.html', '<!doctype html>');
      await write('node_modules/.bin/tool', '');
      const { code, stderr } = await run(['release', 'publish', '.', ...CHANNEL]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^✗ .* is the folder of a project and not its build/);
      expect(stderr).toContain('name the folder that the build writes');
      expect(existsSync(join(folder, 'store'))).toBe(false);
    });
  });

  it('publishes a build that brings modules of its own along', async () => {
    await withApp(async (project) => {
      await project.write('dist/package.json', '{"type":"module"}');
      await project.write('dist/node_modules/one/index.js', 'run()');
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
    });
  });

  it('advises a change of the version that works in a work tree with changes', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await project.write('dist/new.js', 'run()');
      const { stderr } = await project.run(['release', 'publish', 'dist', ...CHANNEL]);
      expect(stderr).toContain('npm version patch --no-git-tag-version, or --app-version');
    });
  });

  it('warns about content that should not be published, and refuses a private key', async () => {
    await withApp(async (project) => {
      const { write, run } = project;
      await write('dist/.env', 'PASSWORD=x');
      const { code, stderr } = await run(['release', 'publish', 'dist', ...CHANNEL]);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('the bundle holds ".env"');
      await write('dist/notes.txt', keyA.pkcs8);
      const refused = await run(['release', 'publish', 'dist', ...CHANNEL]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/notes\.txt[\s\S]*ERR_ARCHIVE_INVALID/);
      const allowed = ['--ignore', 'notes.txt', '--ignore', '.env'];
      await done(project, ['release', 'publish', 'dist', ...CHANNEL, ...allowed]);
    });
  });

  it('stamps and lists the published files, with the same warnings', async () => {
    await withApp(async (project) => {
      const { json, write, run } = project;
      await done(project, ['bundle', 'encrypt', 'dist', '--out', 'dist/old.sealed']);
      await write('dist/.env', 'PASSWORD=x');
      const { release } = await json(['release', 'publish', 'dist', ...CHANNEL]);
      const { id } = release as { id: string };
      for (const command of ['stamp', 'id']) {
        const { stdout } = await run(['release', command, 'dist', '--json']);
        const said = JSON.parse(stdout) as { id: string; warnings: string[] };
        expect(said.id, command).toBe(id);
        expect(said.warnings.join('\n'), command).toMatch(/"\.env"[\s\S]*left out: "old\.sealed"/);
      }
      await write('dist/notes.txt', keyA.pkcs8);
      for (const command of ['stamp', 'id']) {
        const { code, stderr } = await run(['release', command, 'dist']);
        expect(code, command).toBe(1);
        expect(stderr).toContain('leave it out by --ignore');
        expect(stderr).toContain('pass --allow-private-key');
        await done(project, ['release', command, 'dist', '--allow-private-key']);
      }
    });
  });

  it('replaces only a stamp by a stamp', async () => {
    await withApp(async (project) => {
      const { path, write, run } = project;
      await write('dist/bundleseal-release.json', 'my notes');
      const { code, stderr } = await run(['release', 'stamp', 'dist']);
      expect(code).toBe(1);
      expect(stderr).toContain('is not a stamp');
      expect(readFileSync(path('dist/bundleseal-release.json'), 'utf8')).toBe('my notes');
    });
  });

  it('tells a publisher whose app or key the store belongs to, and changes nothing', async () => {
    await withApp(async (project) => {
      const { json, run, write } = project;
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await writeBuildIn(project, 'next', 2);
      const publish = ['release', 'publish', 'next', ...CHANNEL];
      const before = readFileSync(project.path('store/channels/production.sealed'));
      const other = await run([...publish, '--app-id', 'com.example.other']);
      expect(other.code).toBe(1);
      expect(other.stderr).toContain(
        'the index of production in "store" belongs to the app "com.example.app", but --app-id is "com.example.other": check both. Each app needs a store of its own',
      );
      expect(other.stderr).not.toContain('install');
      expect(await json([...publish, '--app-id', 'com.example.other'])).toMatchObject({
        code: 'ERR_EXPECTATION_FAILED',
      });
      await write('other-key', keyA.pkcs8);
      const foreign = [...publish, '--key', 'other-key'];
      const { stderr } = await run(foreign);
      expect(stderr).toContain(
        `the index of production in "store" was sealed with the key ${keyB.keyId}, but the key here is ${keyA.keyId}: use the pair that sealed it`,
      );
      expect(stderr).toContain('pass its public half as well, with --public-key');
      expect(await json(foreign)).toMatchObject({ code: 'ERR_KEY_MISMATCH' });
      expect(readFileSync(project.path('store/channels/production.sealed'))).toEqual(before);
      // That is the remedy: the old public key opens what is there.
      await done(project, [...foreign, '--public-key', '.bundleseal_key.pub']);
      await write('store/channels/beta.sealed', before);
      const copied = await run(['release', 'refresh', '--store', 'store', '--channel', 'beta']);
      expect(copied.stderr).toContain('is the index of the channel "production": it was copied');
    });
  });

  it('warns of a second release with the same version, and not of the same build again', async () => {
    await withApp(async (project) => {
      const first = await project.json(['release', 'publish', 'dist', ...CHANNEL]);
      expect(first).toMatchObject({ sameVersion: [] });
      const { id, createdAt } = first['release'] as { id: string; createdAt: string };
      expect(await project.json(['release', 'publish', 'dist', ...CHANNEL])).toMatchObject({
        ...{ changed: false, sameVersion: [] },
      });
      await writeBuildIn(project, 'next', 2);
      const told = await done(project, ['release', 'publish', 'next', ...CHANNEL]);
      expect(told).toContain(
        `! production has another release of version 1.0.1, ${id} (sealed ${createdAt}): commands`,
      );
      expect(await project.json(['release', 'publish', 'next', ...CHANNEL])).toMatchObject({
        ...{ changed: false, sameVersion: [id] },
      });
      await writeBuildIn(project, 'third', 3);
      const other = [...CHANNEL, '--app-version', '1.0.2'];
      expect(await done(project, ['release', 'publish', 'third', ...other])).not.toContain('!');
    });
  });

  it('says to build the app if the channel has the build already', async () => {
    await withApp(async (project) => {
      const hint =
        'The channel has this build. If the app has changed, build it and publish again.';
      const publish = ['release', 'publish', 'dist', ...CHANNEL];
      expect(await done(project, publish)).not.toContain(hint);
      expect(await done(project, publish)).toContain(hint);
      const promote = ['release', 'promote', '1.0.1', '--first', ...CHANNEL];
      const told = await done(project, promote);
      expect(told).toContain('no change');
      expect(told).not.toContain(hint);
    });
  });

  it('warns that --app-version gives the same build another version', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      const again = ['release', 'publish', 'dist', ...CHANNEL, '--app-version', '1.0.2'];
      expect(await done(project, again)).toContain(
        '! this build was published before, as 1.0.1: its entry now says 1.0.2, and devices that have it download nothing. If the app was not built since it changed, first publish this build once more with --app-version 1.0.1, which gives it its version back; then build the app and publish it\n',
      );
      expect(await done(project, again)).not.toContain('!');
      const old = ['release', 'publish', 'dist', ...CHANNEL, '--app-version', '1.0.1'];
      const back = await project.json(old);
      expect(back).toMatchObject({ changed: true, renamedFrom: '1.0.2' });
      // Otherwise two releases would have the version.
      await writeBuildIn(project, 'next', 2);
      const built = ['release', 'publish', 'next', ...CHANNEL, '--app-version', '1.0.2'];
      expect(await project.json(built)).toMatchObject({ changed: true, sameVersion: [] });
    });
  });

  it('says that nothing is to publish if a build is the release that devices run since a withdrawal', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await writeBuildIn(project, 'next', 2);
      const broken = ['release', 'publish', 'next', ...CHANNEL, '--app-version', '1.0.2'];
      await done(project, broken);
      await done(project, ['release', 'withdraw', '1.0.2', ...CHANNEL]);
      await raise(project, '1.0.3');
      expect(await done(project, ['release', 'publish', 'dist', ...CHANNEL])).toContain(
        '! this build is release 1.0.1 of the channel, and keeps that version: nothing new was built since. Devices run it, because the releases in front of it are withdrawn (1.0.2). If you only removed their fault from the app, there is nothing to publish. If the app has changed, build it',
      );
    });
  });

  it('keeps the version of a release and publishes nothing if package.json was raised without a build', async () => {
    await withApp(async (project) => {
      const publish = ['release', 'publish', 'dist', ...CHANNEL];
      await done(project, publish);
      const before = treeOf(project.path('store'));
      await raise(project, '1.0.2');
      const said =
        '! this build is release 1.0.1 of the channel, and keeps that version: nothing new was built since. If the app has changed, build it and publish again; to give this release the version 1.0.2, pass --app-version 1.0.2\n';
      expect(await done(project, publish)).toContain(said);
      const json = await project.json(publish);
      expect(json).toMatchObject({ changed: false, upload: [], release: { version: '1.0.1' } });
      expect(json).not.toHaveProperty('renamedFrom');
      expect(treeOf(project.path('store'))).toEqual(before);
      await raise(project, '1.0.2', { 'bundleseal:build': 'build && bundleseal release stamp' });
      expect(await done(project, [...publish, '--no-stamp'])).toContain(
        'If the app has changed, run npm run bundleseal:build and publish again',
      );
      await writeBuildIn(project, 'next', 2);
      const next = ['release', 'publish', 'next', ...CHANNEL, '--no-stamp'];
      expect(await project.json(next)).toMatchObject({
        ...{ changed: true, sameVersion: [], release: { version: '1.0.2' } },
      });
    });
  });

  it('changes the attributes of a release, and not its version, if only package.json has another version', async () => {
    await withApp(async (project) => {
      const publish = ['release', 'publish', 'dist', ...CHANNEL];
      await done(project, publish);
      await raise(project, '1.0.2');
      expect(await project.json([...publish, '--rollout', '50%'])).toMatchObject({
        ...{ changed: true, release: { version: '1.0.1', rollout: 500 } },
      });
    });
  });

  it('warns that a build which repairs a broken release by its code before stays behind that release', async () => {
    await withApp(async (project) => {
      const repair = ['release', 'publish', 'dist', ...CHANNEL];
      await done(project, repair);
      await writeBuildIn(project, 'broken', 2);
      await raise(project, '1.0.2');
      await done(project, ['release', 'publish', 'broken', ...CHANNEL]);
      await raise(project, '1.0.3');
      const said = await done(project, repair);
      expect(said).not.toContain('was built');
      const [, withdraw = ''] =
        /this build is release 1\.0\.1 of the channel, and keeps that version\. It stays behind 1\.0\.2, which devices prefer\. If that release is broken, run npx bundleseal (release withdraw \w+); /.exec(
          said,
        ) ?? [];
      const named = await done(project, [...repair, '--app-version', '1.0.3']);
      expect(named).toContain('as 1.0.1: its entry now says 1.0.3. It stays behind 1.0.2');
      expect(await done(project, [...withdraw.split(' '), ...CHANNEL])).toContain(
        'devices that run it take 1.0.3',
      );
    });
  });

  it('takes the beginning of an id that its own messages show', async () => {
    await withApp(async (project) => {
      const first = await project.json(['release', 'publish', 'dist', ...CHANNEL]);
      const { id } = first['release'] as { id: string };
      await writeBuildIn(project, 'next', 2);
      await done(project, ['release', 'publish', 'next', ...CHANNEL]);
      const { stderr } = await project.run(['release', 'withdraw', id.slice(0, 7), ...CHANNEL]);
      expect(stderr).toContain(`has no release "${id.slice(0, 7)}"`);
      expect(stderr).toContain(`1.0.1 (${id.slice(0, 12)}…)`);
      const withdrawn = ['release', 'withdraw', id.slice(0, 12), ...CHANNEL];
      expect(await project.json(withdrawn)).toMatchObject({ withdrawn: [id] });
    });
  });

  it('says how to build an app that was not built, or not by the script of init', async () => {
    await withApp(async (project) => {
      const { run, write } = project;
      const publish = ['release', 'publish', 'dist', ...CHANNEL];
      const nothing = await run(['release', 'publish', 'build', ...CHANNEL]);
      expect(nothing.stderr).toContain(
        '✗ "build" does not exist: build the app, or check the path\n',
      );
      expect(await done(project, publish)).not.toContain('!');
      const script = { 'bundleseal:build': 'npm run build && bundleseal release stamp dist' };
      await write('package.json', JSON.stringify({ version: '1.0.1', scripts: script }));
      const missing = await run(['release', 'publish', 'build', ...CHANNEL]);
      expect(missing.stderr).toContain(
        '✗ "build" does not exist: build the app (npm run bundleseal:build), or check the path\n',
      );
      const before = treeOf(project.folder);
      const refused = await run(publish);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        '✗ "dist" has no bundleseal-release.json, so npm run bundleseal:build did not make it, and a website that is deployed from it would take no updates: run npm run bundleseal:build and publish again, or pass --no-stamp to publish this build\n',
      );
      expect(treeOf(project.folder)).toEqual(before);
      expect(await done(project, [...publish, '--no-stamp'])).not.toContain('!');
      await done(project, ['release', 'stamp', 'dist']);
      expect(await done(project, publish)).not.toContain('!');
    });
  });

  it('reports missing and wrong options in the terms of the command line', async () => {
    await withApp(async ({ run }) => {
      const wrong: [string[], RegExp, number][] = [
        [['publish', 'dist', '--channel', 'beta'], /--store is needed/, 2],
        [['publish', 'dist', '--store', 'store'], /--channel is needed/, 2],
        [['publish', 'dist', ...CHANNEL, '--rollout', '25'], /--rollout takes a share/, 2],
        [['publish', 'dist', ...CHANNEL, '--expires', '30'], /--expires takes a duration/, 2],
        [
          ['publish', 'dist', ...CHANNEL, '--expires', '0m'],
          /--expires takes .* from 1m to 3650d/,
          2,
        ],
        [['refresh', ...CHANNEL, '--expires', '999w'], /--expires takes .* from 1m to 3650d/, 2],
        [['publish', 'dist', ...CHANNEL, '--keep', '0'], /--keep expected an integer/, 2],
        [['publish', 'dist', ...CHANNEL, '--out', 'all'], /--out takes new or full/, 2],
        [['publish', 'dist', '--store', 's', '--channel', '..'], /--channel expected 1 to 64/, 2],
        [
          ['publish', 'dist', ...CHANNEL, '--from', 's3://b'],
          /--from expected a folder or an addr/,
          2,
        ],
        [['publish', 'dist', '--store', 'dist/s', '--channel', 'x'], /is inside the build/, 1],
        [['publish', 'dist', ...CHANNEL, '--meta', 'package.jsn'], /does not exist/, 1],
        [['publish', 'nothing', ...CHANNEL], /does not exist/, 1],
        [['publish', 'package.json', ...CHANNEL], /is no folder/, 1],
        [['stamp', 'package.json'], /is no folder/, 1],
        [['publish', 'dist', ...CHANNEL, '--level', '9'], /unknown option/, 2],
        [['rollout', '100%', ...CHANNEL], /publish a release first/, 1],
        [
          ['promote', '1.0.1', ...CHANNEL],
          /^✗ --from-channel is needed: .* run npx bundleseal release promote 1\.0\.1 --first\n/,
          2,
        ],
        [
          ['promote', '1.0.1', '--reinstate', ...CHANNEL],
          /^✗ --from-channel is needed: .* run npx bundleseal release promote 1\.0\.1 --first --reinstate\n/,
          2,
        ],
        [
          ['promote', '--first', '--from-channel', 'production', ...CHANNEL],
          /^✗ --from-channel is production itself: .* run npx bundleseal release promote VERSION --first\n/,
          2,
        ],
        [['list', '--channel', 'x'], /--from is needed/, 2],
        [['stamp', 'dist', '--channel', 'x'], /--from is needed/, 2],
        [['keys', '--store', 'store'], /--recovery-key and at least one/, 2],
        [
          ['publish', 'dist', ...CHANNEL, '--no-project', '--app-version', '1'],
          /^✗ --app-id is needed: with --no-project nothing else says it\n/,
          2,
        ],
      ];
      for (const [args, message, exit] of wrong) {
        const { code, stderr } = await run(['release', ...args]);
        expect(stderr, args.join(' ')).toMatch(message);
        expect(code, args.join(' ')).toBe(exit);
      }
    });
  });
});
