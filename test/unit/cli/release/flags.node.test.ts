// Flags of the commands of releases: what each one changes, which ones exclude each other, and the keys that sign.

import { existsSync, readdirSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encryptPrivateKey } from '../../../../src/keys/passphrase.ts';
import { useCli } from '../../../support/cli.ts';
import { CHANNEL, done, withApp, writeBuildIn } from '../../../support/cli-release.ts';
import { expectWholeStore } from '../../../support/publish.ts';
import { serveStore } from '../../../support/store-server.ts';
import { keyA, keyB } from '../../../support/vectors.ts';

useCli();

const BETA = ['--store', 'store', '--channel', 'beta'];
const PUBLISH = ['release', 'publish', 'dist', ...CHANNEL];

describe('the flags of a release', () => {
  it('put every attribute into its entry, and take each back', async () => {
    await withApp(async ({ json, write }) => {
      await write('meta.json', '{ "ticket": 7 }');
      const given = await json([
        ...[...PUBLISH, '--runtime', '3', '--runtime', '4', '--requires', 'camera'],
        ...['--rollout', '2.5%', '--mandatory', '--note', 'Why', '--meta', 'meta.json'],
      ]);
      expect(given['release']).toMatchObject({
        ...{ runtime: ['3', '4'], requires: ['camera'], rollout: 25 },
        ...{ mandatory: true, note: 'Why', meta: { ticket: 7 } },
      });
      const again = await json([...PUBLISH, '--note', 'Other']);
      expect(again['release']).toMatchObject({ note: 'Other', mandatory: true, rollout: 25 });
      const taken = [...PUBLISH, '--no-mandatory', '--note', '', '--rollout', '100%'];
      const { release } = await json(taken);
      for (const name of ['mandatory', 'note', 'rollout']) expect(release).not.toHaveProperty(name);
    });
  });

  it('limit the patches that are made and the releases that stay', async () => {
    await withApp(async (project) => {
      const publish = async (n: number, ...flags: string[]) => {
        await writeBuildIn(project, 'dist', n);
        return project.json([...PUBLISH, '--app-version', `1.0.${n}`, ...flags]);
      };
      for (const n of [1, 2, 3]) await publish(n);
      const one = await publish(4, '--patches', '1');
      expect((one['release'] as { patches: object[] }).patches.length).toBe(1);
      const none = await publish(5, '--patches', '0', '--keep', '2');
      expect(none['release']).toMatchObject({ patches: [] });
      const { releases } = await project.json(['release', 'list', ...CHANNEL]);
      expect((releases as { version: string }[]).map(({ version }) => version)).toEqual([
        '1.0.5',
        '1.0.4',
      ]);
      await expectWholeStore(project.path('store'), 'production', new Date());
    });
  });

  it('write nothing with --dry-run, for every command that writes', async () => {
    await withApp(async (project) => {
      await done(project, ['key', 'create', '--out', 'recovery', '--bits', '3072']);
      const first = await project.json([...PUBLISH, '--dry-run']);
      expect(first).toMatchObject({ changed: true, dryRun: true, sequence: 1 });
      expect(existsSync(project.path('store'))).toBe(false);
      await done(project, PUBLISH);
      const keys = ['--recovery-key', 'recovery', '--public-key', '.bundleseal_key.pub'];
      const said = await done(project, [
        'release',
        'keys',
        '--store',
        'store',
        ...keys,
        '--dry-run',
      ]);
      expect(said).toContain('✓ keys.sealed  epoch 1 would be made: 1 trusted, 0 retired\n');
      expect(existsSync(project.path('store/keys.sealed'))).toBe(false);
      const shown = await done(project, ['release', 'publish', 'dist', ...BETA, '--dry-run']);
      expect(shown).toContain(
        'would write, in this order (a real run gives new objects other names):\n    objects/',
      );
      const refreshed = await done(project, ['release', 'refresh', ...CHANNEL, '--dry-run']);
      expect(refreshed).toContain('would write, in this order:\n    channels/');
      const full = ['--channel', 'production', '--app-id', 'com.example.app'].concat([
        ...['--store', 'out', '--from', 'store', '--out', 'full'],
      ]);
      const unlike = await done(project, ['release', 'refresh', ...full, '--dry-run']);
      expect(unlike).toContain(
        'would write into out, in this order (a real run with --out full also writes every file in use):\n    channels/',
      );
      expect(await done(project, ['release', 'refresh', ...full])).toContain(
        'upload from out, in this order:\n    objects/',
      );
      for (const command of [['refresh'], ['rollout', '5%'], ['withdraw', '1.0.1']]) {
        const would = await project.json(['release', ...command, ...CHANNEL, '--dry-run']);
        expect(would, command.join(' ')).toMatchObject({
          changed: true,
          dryRun: true,
          sequence: 2,
        });
      }
      expect(await project.json(['release', 'list', ...CHANNEL])).toMatchObject({ sequence: 1 });
    });
  });

  it('take the store from package.json for keys and stamp too', async () => {
    await withApp(async (project) => {
      const settings = '"bundleseal": { "channel": "production", "store": "site/updates" }';
      await project.write('package.json', `{ "version": "1.0.1", ${settings} }`);
      await done(project, ['key', 'create', '--out', 'recovery', '--bits', '3072']);
      await done(project, ['release', 'publish', 'dist']);
      const stamp = await project.json(['release', 'stamp', 'dist', '--channel', 'production']);
      expect(stamp['floors']).toMatchObject([{ channel: 'production', sequence: 1 }]);
      const keys = ['--recovery-key', 'recovery', '--public-key', '.bundleseal_key.pub'];
      expect(await project.json(['release', 'keys', ...keys])).toMatchObject({
        ...{ store: 'site/updates', upload: ['keys.sealed'], dryRun: false },
      });
      expect(existsSync(project.path('site/updates/keys.sealed'))).toBe(true);
    });
  });

  it('read the store from an address: verify looks at its headers, and refresh writes one file', async () => {
    await withApp(async (project) => {
      await done(project, PUBLISH);
      const good = await serveStore(project.path('store'));
      const verify = ['release', 'verify', '--channel', 'production', '--from'];
      expect(await project.json([...verify, good.url])).toMatchObject({ ok: true, problems: [] });
      const bad = await serveStore(project.path('store'), undefined, () => 'max-age=600');
      const { code, stderr } = await project.run([...verify, bad.url]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^✓ production {2}1 release opened, 0 patches applied\n/);
      expect(stderr).toMatch(/^✗ production {2}channels\/production\.sealed .*max-age=600/m);
      expect(stderr).toMatch(/^✗ production {2}objects\/[0-9a-f]{64}\.sealed .*max-age=600/m);
      const empty = await serveStore(project.path('store'), (path, response) => {
        if (path.startsWith('/objects/')) response.end('x');
        return path.startsWith('/objects/');
      });
      const broken = await project.run([...verify, empty.url]);
      expect(broken.code).toBe(1);
      expect(broken.stderr).toMatch(/^✗ production {2}0 releases opened, 0 patches applied\n/);
      expect(broken.stderr).not.toContain('✓');
      const refresh = ['release', 'refresh', '--channel', 'production', '--store', 'out'];
      expect(await project.json([...refresh, '--from', good.url])).toMatchObject({
        ...{ sequence: 2, upload: ['channels/production.sealed'] },
      });
      expect(readdirSync(project.path('out/objects'))).toEqual([]);
    });
  });

  it('are refused if they exclude each other or have no effect, with what to do', async () => {
    await withApp(async (project) => {
      await done(project, PUBLISH);
      const wrong: [string[], RegExp][] = [
        [[...PUBLISH, '--out', 'full'], /^✗ --out full needs --from: .* leave --out full out\n/],
        [[...PUBLISH, '--other-channel', 'beta'], /^✗ --other-channel needs --out full: pass both/],
        [['release', 'list', ...CHANNEL, '--from', 'other'], /^✗ --from and --store both name/],
        [['release', 'prune', '--store', 'store', '--from', 'other'], /^✗ --from and --store both/],
        [['release', 'stamp', 'dist', '--from', 'store'], /^✗ --from needs --channel: pass/],
        [['release', 'stamp', 'dist', '--store', 'store'], /^✗ --store needs --channel: pass/],
        [
          ['release', 'prune', '--from', 'https://updates.example.com'],
          /^✗ --store expected a folder with a copy of the store, because a web server cannot/,
        ],
        [
          [...PUBLISH, '--note', 'n'.repeat(4097)],
          /^✗ --note expected a text of at most 4096 bytes/,
        ],
        ...['-1', '0', '1001'].map((keep): [string[], RegExp] => [
          [...PUBLISH, '--keep', keep],
          new RegExp(`^✗ --keep expected an integer from 1 to 1000, got ${keep}\\n`),
        ]),
        [
          [...PUBLISH, '--patches', '-1'],
          /^✗ --patches expected an integer from 0 to 1000, got -1\n/,
        ],
        [[...PUBLISH, '--keep', '1.5'], /^✗ --keep takes an integer, got "1\.5"\n/],
        [
          [...PUBLISH, '--runtime', ''],
          /^✗ --runtime expected a text that is not empty, got an empty one\n/,
        ],
        [
          ['release', 'rollout', '25', ...CHANNEL],
          /^✗ release rollout takes a share of the devices.*, got "25"; did you mean 25%\?\n/,
        ],
        [['release', 'rollout', '250', ...CHANNEL], /got "250"\n/],
        [
          ['release', 'refresh', ...CHANNEL, '--key', 'a', '--key-command', 'b'],
          /^✗ --key and --key-command name several keys: pass one of them\n/,
        ],
      ];
      for (const [args, message] of wrong) {
        const { code, stderr } = await project.run(args);
        expect(stderr, args.join(' ')).toMatch(message);
        expect(code, args.join(' ')).toBe(2);
      }
    });
  });
});

describe('the key of every command that signs an index', () => {
  const SIGNING: readonly (readonly string[])[] = [
    ['publish', 'dist', ...CHANNEL, '--note', 'Other'],
    ['promote', '--from-channel', 'production', '--store', 'store', '--channel', 'beta'],
    ['rollout', '5%', ...CHANNEL],
    ['withdraw', '1.0.1', ...CHANNEL],
    ['refresh', ...CHANNEL],
  ];

  it.each(SIGNING)('%s takes it from a command, and under a passphrase', async (...command) => {
    await withApp(async (project) => {
      const { json, path, run, write } = project;
      await done(project, PUBLISH);
      renameSync(path('.bundleseal_key'), path('vault'));
      const args = ['release', ...command];
      const missing = await run(args);
      expect(missing.stderr).toMatch(/^✗ no private key: pass --key FILE or --key-command, or set/);
      expect(await json([...args, '--key-command', 'cat vault', '--dry-run'])).toMatchObject({
        ...{ changed: true, keyFrom: '--key-command' },
      });
      const passphrase = 'correct horse battery staple';
      const der = Buffer.from(keyB.pkcs8.replace(/-----[^-]+-----|\s/g, ''), 'base64');
      await write('locked', await encryptPrivateKey(der, passphrase));
      const locked = await run([...args, '--key', 'locked']);
      expect(locked.stderr).toContain('set BUNDLESEAL_KEY_PASSPHRASE');
      expect(locked.code).toBe(1);
      const env = { BUNDLESEAL_KEY_PASSPHRASE: passphrase };
      const said = await done(project, [...args, '--key', 'locked'], env);
      expect(said).toMatch(/✓ (production|beta) {2}index \d: made/);
      expect(said).not.toContain('horse');
    });
  });

  it('keys takes the recovery key under a passphrase', async () => {
    await withApp(async (project) => {
      const passphrase = 'correct horse battery staple';
      const der = Buffer.from(keyA.pkcs8.replace(/-----[^-]+-----|\s/g, ''), 'base64');
      await project.write('recovery', await encryptPrivateKey(der, passphrase));
      const args = ['release', 'keys', '--store', 'store', '--recovery-key', 'recovery'];
      const env = { BUNDLESEAL_KEY_PASSPHRASE: passphrase };
      await done(project, [...args, '--public-key', '.bundleseal_key.pub'], env);
      expect(existsSync(project.path('store/keys.sealed'))).toBe(true);
    });
  });
});
