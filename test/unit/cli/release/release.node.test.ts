// The commands of releases: their files and their output.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useCli } from '../../../support/cli.ts';
import { CHANNEL, done, shown, withApp, writeBuildIn } from '../../../support/cli-release.ts';
import { expectWholeStore } from '../../../support/publish.ts';
import { keyA } from '../../../support/vectors.ts';

useCli();

describe('release', () => {
  it('publishes, lists, rolls out, withdraws, promotes, refreshes, verifies and prunes', async () => {
    await withApp(async (project) => {
      const { json, path } = project;
      const first = await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      expect(first).toMatch(
        /✓ production {2}index 1: made, the first of this channel\n[\s\S]*release {2}1\.0\.1/,
      );
      expect(first).toMatch(
        /in this order:\n {4}objects\/[0-9a-f]{64}\.sealed\n {4}channels\/production\.sealed\n/,
      );
      const again = await json(['release', 'publish', 'dist', ...CHANNEL]);
      expect(again).toMatchObject({ changed: false, sequence: 1, upload: [] });

      await writeBuildIn(project, 'next', 2);
      const second = await json([
        ...['release', 'publish', 'next', ...CHANNEL, '--app-version', '1.0.2'],
        ...['--rollout', '5%', '--note', 'Second', '--runtime', '3'],
      ]);
      expect(second).toMatchObject({
        ...{ changed: true, sequence: 2, keyFrom: '.bundleseal_key' },
        release: { version: '1.0.2', rollout: 50, note: 'Second', runtime: ['3'] },
      });
      const upload = second['upload'] as string[];
      expect(upload.at(-1)).toBe('channels/production.sealed');
      expect(upload.length).toBe(3);

      const listed = await shown(project, ['release', 'list', ...CHANNEL]);
      expect(listed).toMatch(/index 2, 2 releases\n {2}expires .* \(in 30 days\)/);
      expect(listed).toMatch(
        /patches {2}[\d,]+ bytes from 1\.0\.1\n {2}rollout {2}5% of the devices/,
      );
      expect(await json(['release', 'list', ...CHANNEL])).toMatchObject({
        ...{ sequence: 2, isExpired: false },
        mark: { epoch: 0, sequence: 2 },
      });

      const { id } = second['release'] as { id: string };
      expect(await done(project, ['release', 'rollout', '0%', ...CHANNEL])).toContain(
        `  release  1.0.2  ${id}\n  rollout  0% of the devices; devices that run it keep it\n`,
      );
      expect(
        await json(['release', 'rollout', '100%', '--release', id.slice(0, 8), ...CHANNEL]),
      ).toMatchObject({ release: { id, version: '1.0.2' }, rollout: 1000 });
      await done(project, ['release', 'withdraw', '1.0.1', ...CHANNEL]);
      const beta = ['--store', 'store', '--channel', 'beta'];
      await done(project, ['release', 'promote', '--from-channel', 'production', ...beta]);
      const refreshed = await json(['release', 'refresh', ...beta, '--expires', '12h']);
      expect(refreshed).toMatchObject({ sequence: 2, upload: ['channels/beta.sealed'] });
      const kept = '  releases the same as before, with a new date of expiry\n';
      const refreshOnce = (...flags: string[]) =>
        done(project, ['release', 'refresh', ...beta, ...flags]);
      expect(await refreshOnce()).toContain(kept);
      expect(await refreshOnce('--use-built-in')).not.toContain(kept);
      await refreshOnce('--no-use-built-in');
      expect(await json(['release', 'verify', '--store', 'store'])).toMatchObject({
        ...{ ok: true, problems: [], channels: ['beta', 'production'] },
      });
      expect(await json(['release', 'prune', '--store', 'store', '--dry-run'])).toMatchObject({
        ...{ deleted: [], dryRun: true },
      });
      const refused = await project.run(['release', 'publish', 'dist', ...CHANNEL]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /✗ release 1\.0\.1 \([0-9a-f]{64}\) was withdrawn: pass --reinstate to offer it again, or build a release that differs\n {2}ERR_STORE/,
      );
      const byScript = await project.run(['release', 'publish', 'dist', ...CHANNEL], {
        env: { npm_lifecycle_event: 'bundleseal:publish' },
      });
      expect(byScript.stderr).toContain(
        'pass --reinstate (npm run bundleseal:publish -- --reinstate) to offer it again, or build a release that differs\n',
      );
      await done(project, ['release', 'publish', 'dist', ...CHANNEL, '--reinstate']);
      const index = await expectWholeStore(path('store'), 'production', new Date());
      expect(index.withdrawn).toBeUndefined();
    });
  });

  it('says on withdrawal what devices run next, and warns if that is no release of the channel', async () => {
    await withApp(async (project) => {
      const { json, run } = project;
      const publish = async (n: number, ...more: string[]) => {
        await writeBuildIn(project, `build-${n}`, n);
        const flags = [...CHANNEL, '--app-version', `1.0.${n}`, ...more];
        const { release } = await json(['release', 'publish', `build-${n}`, ...flags]);
        return (release as { id: string }).id;
      };
      const withdraw = async (...args: string[]) => {
        const { code, stdout, stderr } = await run(['release', 'withdraw', ...args, ...CHANNEL]);
        expect(code, stderr).toBe(0);
        expect(stdout).toBe('');
        return stderr;
      };
      const first = await publish(1);
      await publish(2);
      await publish(3, '--rollout', '5%');
      await publish(4);
      const some = await withdraw('1.0.4');
      expect(some).toContain(
        'next     devices that run it take the first of these that suits them and has not failed on them: 1.0.3, 1.0.2.\n           If their built-in release is newer, they go back to that release.\n           A device changes at the start after its next check.\n',
      );
      expect(some).not.toMatch(/^!/m);
      await run(['release', 'rollout', '0%', '--release', '1.0.3', ...CHANNEL]);
      // No device is offered 1.0.3 now.
      expect(await withdraw('1.0.4')).toContain(
        'next     devices that run it take 1.0.2, unless it has failed on them.\n           If their built-in release',
      );
      await withdraw('1.0.3');
      const one = await json(['release', 'withdraw', '1.0.2', ...CHANNEL]);
      expect(one).toMatchObject({ next: [first] });
      expect(one).not.toHaveProperty('warnings');
      await run(['release', 'rollout', '0%', '--release', '1.0.1', ...CHANNEL]);
      expect(await withdraw('1.0.2')).toContain(
        'no device gets an update until the next npx bundleseal release publish or npx bundleseal release rollout\n',
      );
      const none = await withdraw('1.0.1');
      expect(none).toContain(
        'no device gets an update until the next npx bundleseal release publish\n',
      );
      expect(none).toContain('! production offers no release now: devices that run a withdrawn');
      expect(none).toContain('next     devices that run it go back to their built-in release');
      const listed = await shown(project, ['release', 'list', ...CHANNEL]);
      expect(listed).toContain('no release is offered');
      expect(listed).toMatch(
        /\n1\.0\.2 {2}[0-9a-f]{64} {2}withdrawn, sealed [\dTZ:-]+\n1\.0\.1 {2}/,
      );
      expect(await shown(project, ['release', 'list', ...CHANNEL, '--all'])).toMatch(
        / {2}withdrawn\n {2}sealed /,
      );
      const builtIn = await withdraw('1.0.1', '--use-built-in');
      expect(builtIn).toContain('next     every device runs its built-in release');
      expect(builtIn).not.toMatch(/^!/m);
    });
  });

  it('warns when a rollout of 0% leaves devices no release, and says which devices keep it', async () => {
    await withApp(async (project) => {
      const { json, run } = project;
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      const { stderr } = await run(['release', 'rollout', '0%', ...CHANNEL]);
      expect(stderr).toContain(
        '! production offers no release now: every device keeps its release',
      );
      expect(stderr).toContain('rollout  0% of the devices; devices that run it keep it\n');
      const [, take = ''] = /run npx bundleseal (release withdraw \w+)\n/.exec(stderr) ?? [];
      expect(await json(['release', 'rollout', '1%', ...CHANNEL])).not.toHaveProperty('warnings');
      await writeBuildIn(project, 'next', 2);
      await done(project, ['release', 'publish', 'next', ...CHANNEL, '--app-version', '1.0.2']);
      const stopped = await run(['release', 'rollout', '0%', ...CHANNEL]);
      expect(stopped.stderr).not.toContain('!');
      expect(stopped.stderr).toContain('0% of the devices; devices that run it keep it\n');
      const { code } = await run([...take.split(' '), ...CHANNEL]);
      expect(code).toBe(0);
      expect(await json(['release', 'rollout', '0%', ...CHANNEL])).toMatchObject({
        warnings: [expect.stringContaining('production offers no release now')],
      });
    });
  });

  it('warns when a rollout names a withdrawn release, with the command that offers it again', async () => {
    await withApp(async (project) => {
      const { json, run } = project;
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await done(project, ['release', 'withdraw', '1.0.1', ...CHANNEL]);
      const rollout = ['release', 'rollout', '50%', '--release', '1.0.1', ...CHANNEL];
      const { warnings } = await json(rollout);
      expect(warnings).toMatchObject([
        expect.stringContaining('1.0.1 is withdrawn, so no device takes it at any rollout'),
      ]);
      const [, again = ''] =
        /run npx bundleseal (release promote .*)$/.exec((warnings as string[])[0] ?? '') ?? [];
      const { code, stderr } = await run([...again.split(' '), ...CHANNEL]);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('rollout  50% of the devices');
      expect(await json(rollout)).not.toHaveProperty('warnings');
    });
  });

  it('says that an old build stays behind the newer one, and puts it in front with --first', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await writeBuildIn(project, 'next', 2);
      const next = ['release', 'publish', 'next', ...CHANNEL, '--app-version', '1.0.2'];
      expect(await done(project, next)).not.toContain('stays behind');
      const old = ['release', 'publish', 'dist', ...CHANNEL];
      const [, promote = ''] =
        /^ {2}order {4}stays behind 1\.0\.2, which devices prefer\n {11}To put it in front, run npx bundleseal (release promote \w{8} --first)$/m.exec(
          await done(project, old),
        ) ?? [];
      expect(await done(project, [...old, '--dry-run'])).toContain(
        'To put it in front, run this command again with --first\n',
      );
      for (const command of [promote.split(' '), ['release', 'publish', 'dist', '--first']]) {
        expect(await done(project, [...command, ...CHANNEL])).not.toContain('stays behind');
      }
      expect(await shown(project, ['release', 'list', ...CHANNEL])).toMatch(
        /\n1\.0\.1 [\s\S]*\n1\.0\.2 /,
      );
      await done(project, ['release', 'withdraw', '1.0.1', ...CHANNEL]);
      expect(await done(project, next)).not.toContain('stays behind');
    });
  });

  it('puts an older release in front again from the channel itself, without its files', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await writeBuildIn(project, 'dist', 2);
      await done(project, ['release', 'publish', 'dist', ...CHANNEL, '--app-version', '1.0.2']);
      const back = ['release', 'promote', '1.0.1', '--first', ...CHANNEL];
      const said = await done(project, back);
      expect(said).toContain('✓ production  index 3: made\n  release  1.0.1 ');
      expect(said).toMatch(/ bytes from 1\.0\.2\n/);
      expect(said).not.toContain('stays behind');
      expect(await shown(project, ['release', 'list', ...CHANNEL])).toMatch(
        /\n1\.0\.1 [\s\S]*\n1\.0\.2 /,
      );
      expect(await done(project, back)).toContain('index 3: no change\n');
      await expectWholeStore(project.path('store'), 'production', new Date());
    });
  });

  it('tells releases of one version apart by the beginnings of their ids', async () => {
    await withApp(async (project) => {
      const { json, run } = project;
      const ids: string[] = [];
      for (const n of [1, 2]) {
        await writeBuildIn(project, 'dist', n);
        const { release } = await json(['release', 'publish', 'dist', ...CHANNEL]);
        ids.push((release as { id: string }).id);
      }
      const names = ids.map((id) => `1.0.1 (${id.slice(0, 12)}…)`);
      expect(await shown(project, ['release', 'list', ...CHANNEL])).toContain(
        ` bytes from ${names[0]}\n`,
      );
      await writeBuildIn(project, 'dist', 3);
      const third = ['release', 'publish', 'dist', ...CHANNEL, '--app-version', '1.0.3'];
      const published = await done(project, third);
      for (const name of names) expect(published).toContain(` bytes from ${name}\n`);
      const listed = (await shown(project, ['release', 'list', ...CHANNEL])).split('\n');
      const [patches, ...others] = listed.filter((line) => line.includes(`from ${names[1]}`));
      expect(patches).toMatch(/^ {2}patches {2}[\d,]+ bytes from .*, [\d,]+ bytes from /);
      expect(others).toEqual([]);
      const all = await shown(project, ['release', 'list', ...CHANNEL, '--all']);
      for (const name of names) expect(all).toContain(` bytes from ${name}\n`);
      const { stderr } = await run(['release', 'withdraw', '9.9.9', ...CHANNEL]);
      expect(stderr).toContain(`it has 1.0.3, ${names[1]}, ${names[0]}`);
    });
  });

  it('exits with 1 if an index expires within the given time', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL, '--expires', '30d']);
      const verify = ['release', 'verify', '--store', 'store', '--expires-within'];
      expect((await project.run([...verify, '1d'])).code).toBe(0);
      const { code, stderr } = await project.run([...verify, '60d']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/expires at [\dTZ:-]+: run npx bundleseal release refresh\n/);
      const { problems } = await project.json([...verify, '60d']);
      expect(problems).toMatchObject([
        { message: expect.stringMatching(/: run npx bundleseal release refresh$/) },
      ]);
    });
  });

  it('writes the index of every channel that --other-channel names into a full output', async () => {
    await withApp(async (project) => {
      for (const channel of ['beta', 'production']) {
        await done(project, [
          'release',
          'publish',
          'dist',
          '--store',
          'store',
          '--channel',
          channel,
        ]);
      }
      const full = [
        ...['release', 'refresh', '--store', 'out', '--from', 'store', '--channel', 'production'],
        ...['--out', 'full', '--other-channel'],
      ];
      const { upload } = await project.json([...full, 'beta']);
      expect(upload).toContain('channels/beta.sealed');
      const { code, stderr } = await project.run([...full, 'nightly']);
      expect(code).toBe(1);
      expect(stderr).toContain('has no index of the channel nightly');
    });
  });

  it('exits with 1 if a device would not get an object of the index', async () => {
    await withApp(async (project) => {
      const { json, path, run } = project;
      const { upload } = await json(['release', 'publish', 'dist', ...CHANNEL]);
      const [object] = upload as string[];
      writeFileSync(path('store', object as string), 'altered');
      const { code, stderr } = await run(['release', 'verify', '--store', 'store']);
      expect(code).toBe(1);
      expect(stderr).toContain('is not the file that the index names');
    });
  });

  it('needs only the private key, also for commands that only read', async () => {
    await withApp(async (project) => {
      const env = { BUNDLESEAL_PRIVATE_KEY: readFileSync(project.path('.bundleseal_key'), 'utf8') };
      execFileSync('rm', [project.path('.bundleseal_key'), project.path('.bundleseal_key.pub')]);
      await done(project, ['release', 'publish', 'dist', ...CHANNEL], env);
      await done(project, ['release', 'verify', '--store', 'store'], env);
    });
  });

  it('stamps a build, and prints the id that sha256sum gives', async () => {
    await withApp(async (project) => {
      const { json, path } = project;
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      const stamp = await json(['release', 'stamp', 'dist', '--runtime', '3', ...CHANNEL]);
      expect(stamp).toMatchObject({
        runtime: '3',
        floors: [{ channel: 'production', sequence: 1 }],
      });
      const { id } = await json(['release', 'id', 'dist']);
      expect(stamp['id']).toBe(id);
      const command =
        "find . -type f ! -path ./bundleseal-release.json -printf '%P\\n' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0r sha256sum -- | sha256sum";
      const summed = execFileSync('sh', ['-c', command], { cwd: path('dist'), encoding: 'utf8' });
      expect(summed.slice(0, 64)).toBe(id);
      expect((await json(['release', 'publish', 'dist', ...CHANNEL]))['changed']).toBe(false);
    });
  });

  it('counts a single file as "1 file"', async () => {
    await withApp(async (project) => {
      await project.write('one/index.html', '<!doctype html><p>one</p>');
      const print = async (...args: string[]) => {
        const { stdout, stderr } = await project.run(args);
        return `${stdout}${stderr}`;
      };
      expect(await print('release', 'id', 'one')).toContain('  1 file, 25 bytes');
      await done(project, ['release', 'publish', 'one', ...CHANNEL]);
      expect(await print('release', 'list', ...CHANNEL)).toContain('Z, 1 file, 25 bytes');
      const pruned = await print('release', 'prune', '--store', 'store');
      expect(pruned).toContain('0 files deleted, 0 bytes; 1 object stays');
    });
  });

  it('changes the keys with the recovery key, and continues with the new one', async () => {
    await withApp(async (project) => {
      const { json, write, run } = project;
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      await done(project, ['key', 'create', '--out', 'recovery', '--bits', '3072']);
      await write('new', keyA.pkcs8);
      await write('new.pub', keyA.spki);
      const keys = await json([
        ...['release', 'keys', '--store', 'store', '--recovery-key', 'recovery'],
        ...['--public-key', 'new.pub', '--retire', '.bundleseal_key.pub'],
      ]);
      expect(keys).toMatchObject({ epoch: 1, upload: ['keys.sealed'] });
      const trust = ['--recovery-key', 'recovery.pub', '--key', 'new'];
      const old = await run(['release', 'refresh', ...CHANNEL, '--recovery-key', 'recovery.pub']);
      expect(old.stderr).toContain('does not list the key');
      const unsure = await run(['release', 'refresh', ...CHANNEL, ...trust]);
      expect(unsure.stderr).toContain('pass --earlier-epoch keep, or drop');
      await done(project, ['release', 'refresh', ...CHANNEL, ...trust, '--earlier-epoch', 'keep']);
      const verify = ['release', 'verify', '--store', 'store', '--recovery-key', 'recovery.pub'];
      await done(project, [...verify, '--public-key', 'new.pub']);
      const blind = await run(['release', 'list', ...CHANNEL]);
      expect(blind.stderr).toMatch(/pass the public half of the recovery key as --recovery-key/);
      const idOf = async (file: string) => {
        const {
          keys: [shownKey],
        } = (await json(['key', 'show', file])) as {
          keys: { keyId: string }[];
        };
        return shownKey?.keyId;
      };
      const wrong = await run(['release', 'list', ...CHANNEL, '--recovery-key', 'new.pub']);
      expect(wrong.stderr).toContain(
        `keys.sealed in "store" was sealed with the recovery key ${await idOf('recovery.pub')}, but the recovery key here is ${await idOf('new.pub')}: use the recovery key that sealed it`,
      );
      expect(wrong.stderr).toContain('ERR_KEY_MISMATCH');
    });
  });
});
