// doctor in a project with a build, a config and a key pair.

import { chmod, mkdir, rm, stat, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Project, runIn, useCli } from '../../../support/cli.ts';
import { read, SECRET, withApp } from '../../../support/cli-app.ts';

useCli();

interface Finding {
  readonly code: string;
  readonly state: string;
  readonly what: string;
  readonly mend?: string;
}

describe('doctor', () => {
  it('reports no fault in a correct project', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'save']);
      expect(await project.json(['doctor'])).toMatchObject({ healthy: true });
    });
  });

  const findings = async (project: Project, env = {}) => {
    const { code, stdout, stderr } = await project.run(['doctor', '--json'], { env });
    expect(stdout + stderr).not.toMatch(SECRET);
    const { healthy, findings: all } = JSON.parse(stdout);
    expect(code).toBe(healthy ? 0 : 1);
    return all as Finding[];
  };

  it.each<[string, (project: Project) => Promise<unknown>, string, string]>([
    ['a config without the key', async () => {}, 'bad', 'has no public key'],
    [
      'another key in a synced copy',
      async (project) => {
        await project.run(['key', 'save']);
        await project.run(['key', 'create', '--bits', '3072', '--out', 'x']);
        const config = {
          plugins: { BundleSeal: { publicKey: read(project, 'x.pub').toString() } },
        };
        await project.write('ios/App/App/capacitor.config.json', JSON.stringify(config));
      },
      'bad',
      'ios/App/App/capacitor.config.json holds another public key',
    ],
    [
      'a private key in the config',
      (project) =>
        project.write(
          'capacitor.config.json',
          '{"plugins":{"CapacitorUpdater":{"privateKey":"secret"}}}',
        ),
      'bad',
      'plugins.CapacitorUpdater.privateKey: a private key',
    ],
    [
      'a private key that others can read',
      (project) => chmod(project.path('.bundleseal_key'), 0o644),
      'bad',
      'readable by others',
    ],
    [
      'a private key in git',
      async (project) => {
        await runIn(project.folder, 'git', ['init', '-q']);
        await runIn(project.folder, 'git', ['add', '.bundleseal_key']);
      },
      'bad',
      'is in git',
    ],
    [
      'halves that do not belong together',
      async (project) => {
        await project.run(['key', 'create', '--bits', '3072', '--out', 'x']);
        await project.write('.bundleseal_key.pub', read(project, 'x.pub'));
      },
      'bad',
      'does not belong to the private key',
    ],
    [
      'a damaged key',
      (project) => project.write('.bundleseal_key', '-----BEGIN PRIVATE KEY-----\nAAAA\n'),
      'bad',
      '.bundleseal_key: ',
    ],
  ])('finds %s', async (_name, spoil, state, what) => {
    await withApp(async (project) => {
      await spoil(project);
      const found = (await findings(project)).find((one) => one.what.includes(what));
      expect(found).toMatchObject({ state, mend: expect.any(String) });
    });
  });

  it('examines keys of Capgo on request, or if the project has no others', async () => {
    await withApp(async (project) => {
      expect((await project.run(['key', 'create', '--capgo'])).code).toBe(0);
      const saved = await project.run(['key', 'save', '--capgo']);
      expect(saved.code, saved.stderr).toBe(0);
      const capgo = await project.json(['doctor', '--capgo']);
      expect(capgo).toMatchObject({ healthy: true });
      expect(JSON.stringify(capgo)).toContain('a bundle was sealed, opened and compared');
      await rm(project.path('.bundleseal_key'));
      await rm(project.path('.bundleseal_key.pub'));
      expect(await project.json(['doctor'])).toMatchObject({ healthy: true });
      await project.run(['key', 'create', '--capgo', '--out', 'other']);
      await project.run(['key', 'save', '--capgo', '--key', 'other.pub']);
      const found = (await findings(project)).find(({ what }) => what.includes('another public'));
      expect(found).toMatchObject({ code: 'CONFIG_KEY_MISMATCH', state: 'bad' });
    });
  });

  it.each(['', 'apps/one/'])(
    'reports a config in "%s" that is a link to itself',
    async (folder) => {
      await withApp(async (project) => {
        await rm(project.path('capacitor.config.json'));
        const path = `${folder}capacitor.config.json`;
        await mkdir(project.path(folder), { recursive: true });
        await symlink('capacitor.config.json', project.path(path));
        const found = (await findings(project)).filter(({ code }) => code === 'CONFIG_UNREADABLE');
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ state: 'unknown', path });
        expect(found[0]?.what).toContain('its links lead in a circle');
      });
    },
  );

  it('quotes a path with spaces in the commands that it advises', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'create', '--bits', '3072', '--out', "my app's key"]);
      await chmod(project.path("my app's key"), 0o644);
      const { stdout } = await project.run(['doctor', '--json', '--key', "my app's key"]);
      const found: Finding[] = JSON.parse(stdout).findings;
      const { mend } = found.find(({ code }) => code === 'KEY_FILE_EXPOSED') ?? {};
      await runIn(project.folder, 'sh', ['-c', mend as string]);
      expect((await stat(project.path("my app's key"))).mode & 0o777).toBe(0o600);
    });
  });

  it('repairs and explains a damaged variable', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'save']);
      const pem = read(project, '.bundleseal_key').toString();
      const all = await findings(project, { BUNDLESEAL_PRIVATE_KEY: pem.replaceAll('\n', '\\n') });
      expect(all).toContainEqual(
        expect.objectContaining({
          state: 'warning',
          what: expect.stringContaining('line breaks were written as \\n'),
        }),
      );
    });
  });
});
