// The commands of releases: their files, their output and their errors.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDuration, readShare, shownDistance } from '../../../src/cli/release/units.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { buildOf, expectWholeStore } from '../../support/publish.ts';
import { serveStore } from '../../support/store-server.ts';
import { keyA, keyB } from '../../support/vectors.ts';

useCli();

const CHANNEL = ['--store', 'store', '--channel', 'production'];

async function withApp(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write(
      'capacitor.config.json',
      '{ "appId": "com.example.app", "webDir": "dist" }',
    );
    await project.write('package.json', '{ "version": "1.0.1" }');
    await project.write('.bundleseal_key', keyB.pkcs8);
    await project.write('.bundleseal_key.pub', keyB.spki);
    await writeBuildIn(project, 'dist', 1);
    await work(project);
  });
}

async function writeBuildIn({ write }: Project, folder: string, n: number): Promise<void> {
  for (const [path, bytes] of Object.entries(buildOf(n))) await write(`${folder}/${path}`, bytes);
}

async function done({ run }: Project, args: readonly string[], env = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, { env });
  expect(code, `${args.join(' ')}\n${stderr}${stdout}`).toBe(0);
  return stderr;
}

/** What a command shows, on standard output. */
async function shown({ run }: Project, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  expect(code, stderr).toBe(0);
  expect(stderr).toBe('');
  return Buffer.from(stdout, 'latin1').toString();
}

describe('release', () => {
  it('publishes, lists, rolls out, withdraws, promotes, refreshes, verifies and prunes', async () => {
    await withApp(async (project) => {
      const { json, path } = project;
      const first = await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      expect(first).toMatch(/✓ production {2}index 1: made[\s\S]*release {2}1\.0\.1/);
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
        /patch {4}[\d,]+ bytes from 1\.0\.1\n {2}rollout {2}5% of the devices/,
      );
      expect(await json(['release', 'list', ...CHANNEL])).toMatchObject({
        ...{ sequence: 2, isExpired: false },
        mark: { epoch: 0, sequence: 2 },
      });

      await done(project, ['release', 'rollout', '100%', ...CHANNEL]);
      await done(project, ['release', 'withdraw', '1.0.1', ...CHANNEL]);
      const beta = ['--store', 'store', '--channel', 'beta'];
      await done(project, ['release', 'promote', '--from-channel', 'production', ...beta]);
      const refreshed = await json(['release', 'refresh', ...beta, '--expires', '12h']);
      expect(refreshed).toMatchObject({ sequence: 2, upload: ['channels/beta.sealed'] });
      expect(await json(['release', 'verify', '--store', 'store'])).toMatchObject({
        ...{ ok: true, problems: [], channels: ['beta', 'production'] },
      });
      expect(await json(['release', 'prune', '--store', 'store', '--dry-run'])).toMatchObject({
        ...{ deleted: [], dryRun: true },
      });
      const refused = await project.run(['release', 'publish', 'dist', ...CHANNEL]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /was withdrawn: pass --reinstate to offer it again\n {2}ERR_STORE/,
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
        'next     devices that run it take the first of these that suits them: 1.0.3, 1.0.2; an app that was shipped with a later release goes back to that',
      );
      expect(some).not.toMatch(/^!/m);
      await withdraw('1.0.3');
      const one = await json(['release', 'withdraw', '1.0.2', ...CHANNEL]);
      expect(one).toMatchObject({ next: [first] });
      expect(one).not.toHaveProperty('warnings');
      const none = await withdraw('1.0.1');
      expect(none).toContain('! production offers no release now: devices that run a withdrawn');
      expect(none).toContain(
        'next     devices that run it go back to the release that their app was shipped with',
      );
      expect(await shown(project, ['release', 'list', ...CHANNEL])).toContain(
        'no release is offered',
      );
      const builtIn = await withdraw('1.0.1', '--use-built-in');
      expect(builtIn).toContain('next     every device runs the release that its app was shipped');
      expect(builtIn).not.toMatch(/^!/m);
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
      expect(stderr).toContain('expires');
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
        `keys.sealed in "store" was sealed with the recovery key ${await idOf('recovery.pub')}, and the recovery key here is ${await idOf('new.pub')}: use the one that sealed it`,
      );
      expect(wrong.stderr).toContain('ERR_KEY_MISMATCH');
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

  it('accepts the key from the output of a command', async () => {
    await withApp(async (project) => {
      const command = ['--key-command', 'cat .bundleseal_key'];
      const { keyFrom } = await project.json([
        'release',
        'publish',
        'dist',
        ...CHANNEL,
        ...command,
      ]);
      expect(keyFrom).toBe('--key-command');
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
        `the index of production in "store" was sealed with the key ${keyB.keyId}, and the key here is ${keyA.keyId}: use the pair that sealed it`,
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
      const { id } = first['release'] as { id: string };
      expect(await project.json(['release', 'publish', 'dist', ...CHANNEL])).toMatchObject({
        ...{ changed: false, sameVersion: [] },
      });
      await writeBuildIn(project, 'next', 2);
      const told = await done(project, ['release', 'publish', 'next', ...CHANNEL]);
      expect(told).toContain(`! production has another release of version 1.0.1 (${id})`);
      expect(await project.json(['release', 'publish', 'next', ...CHANNEL])).toMatchObject({
        ...{ changed: false, sameVersion: [id] },
      });
      await writeBuildIn(project, 'third', 3);
      const other = [...CHANNEL, '--app-version', '1.0.2'];
      expect(await done(project, ['release', 'publish', 'third', ...other])).not.toContain('!');
    });
  });

  it('warns that the same build gets another version, because nobody has built the app', async () => {
    await withApp(async (project) => {
      await done(project, ['release', 'publish', 'dist', ...CHANNEL]);
      const again = ['release', 'publish', 'dist', ...CHANNEL, '--app-version', '1.0.2'];
      expect(await done(project, again)).toContain(
        '! this build is the one that was published as 1.0.1: its entry now says 1.0.2, and devices that have it download nothing. If the app has changed, build it and publish again\n',
      );
      expect(await done(project, again)).not.toContain('!');
      const back = await project.json(['release', 'publish', 'dist', ...CHANNEL]);
      expect(back).toMatchObject({ changed: true, renamedFrom: '1.0.2' });
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
        '✗ "build" does not exist: build the app, npm run bundleseal:build, or check the path\n',
      );
      expect(await done(project, publish)).toContain(
        '! dist has no bundleseal-release.json, so npm run bundleseal:build did not make it: do not ship it. A website has no service worker then, and takes no updates\n',
      );
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
        [['publish', 'dist', '--store', 'dist/s', '--channel', 'x'], /lies in the build/, 1],
        [['publish', 'dist', ...CHANNEL, '--meta', 'package.jsn'], /does not exist/, 1],
        [['publish', 'nothing', ...CHANNEL], /does not exist/, 1],
        [['publish', 'package.json', ...CHANNEL], /is no folder/, 1],
        [['stamp', 'package.json'], /is no folder/, 1],
        [['publish', 'dist', ...CHANNEL, '--level', '9'], /unknown option/, 2],
        [['rollout', '100%', ...CHANNEL], /publish a release first/, 1],
        [['promote', ...CHANNEL], /--from-channel is needed/, 2],
        [['list', '--channel', 'x'], /--from is needed/, 2],
        [['stamp', 'dist', '--channel', 'x'], /belong together/, 2],
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

describe('a project without a Capacitor config', () => {
  it('is told that --app-id is needed and where it may be, and of nothing that is not signed', async () => {
    await withProject(async ({ run, write }) => {
      await write('.bundleseal_key', keyB.pkcs8);
      await write('dist/index.html', '<p>');
      const publish = ['release', 'publish', 'dist', '--store', 'store', '--channel', 'x'];
      const { code, stderr } = await run(publish);
      expect(stderr).toBe(
        '✗ --app-id is needed: there is no Capacitor config in "dist" or above, and no package.json in "dist" or above has bundleseal.appId, which bundleseal init writes\n  ERR_USAGE\n',
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

  it('give way to flags, and are found from a folder below', async () => {
    await withSettings(async (project) => {
      const flags = ['--store', 'other', '--channel', 'beta', '--app-id', 'com.example.other'];
      expect(await project.json(['release', 'publish', 'dist', ...flags])).toMatchObject({
        ...{ channel: 'beta', store: 'other' },
      });
      await project.write('tools/.bundleseal_key', keyB.pkcs8);
      const { runInside } = await import('../../support/cli-inside.ts');
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
      '--channel is needed, for example production: with --no-project nothing else says it',
    ],
    [
      ['withdraw', '1.0.1', '--no-project', '--channel', 'x'],
      '--store is needed, the folder that is written: with --no-project nothing else says it',
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
      '--channel is needed, for example production: no package.json in "dist" or above has bundleseal.channel, which bundleseal init writes',
    ],
    [
      'store',
      undefined,
      '--store is needed, the folder that is written: no package.json in "dist" or above has bundleseal.store, which bundleseal init writes',
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
