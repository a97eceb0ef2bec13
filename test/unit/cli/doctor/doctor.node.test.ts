// doctor: its findings for each kind of project, and the codes and exit codes that programs read.

import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nameTemporary } from '../../../../src/files/temporary.ts';
import { type Project, runIn, useCli, withProject } from '../../../support/cli.ts';
import { capgo, next as other, ours } from '../../../support/cli-keys.ts';

useCli();

const ROOT = join(import.meta.dirname, '../../../..');

const CI = { CI: 'true' };
const WITH_KEY = { BUNDLESEAL_PRIVATE_KEY: ours.privateKey };

const configWith = (publicKey: string, plugin = 'BundleSeal') =>
  JSON.stringify({ appId: 'a.b', plugins: { [plugin]: { publicKey } } });

interface Verdict {
  readonly code: number | null;
  readonly codes: string[];
  readonly end: string;
}

async function verdictOf(
  { path, run }: Project,
  flags: readonly string[] = [],
  variables: Record<string, string> = {},
): Promise<Verdict> {
  // Other tests have files in the folder for temporary files, which doctor would report.
  const env = { ...variables, TMPDIR: path('no-such-folder') };
  const { code, stdout } = await run(['doctor', '--json', ...flags], { env });
  const { healthy, findings } = JSON.parse(stdout) as {
    healthy: boolean;
    findings: { code: string; state: string; what: string }[];
  };
  expect(healthy).toBe(code === 0);
  const said = await run(['doctor', ...flags], { env });
  return {
    code,
    codes: findings.map((one) => `${one.state} ${one.code}`),
    end: said.stdout.trim().split('\n').at(-1) as string,
  };
}

async function writeKeys({ write, path }: Project, folder = ''): Promise<void> {
  await write(`${folder}.bundleseal_key`, ours.privateKey);
  chmodSync(path(`${folder}.bundleseal_key`), 0o600);
  await write(`${folder}.bundleseal_key.pub`, ours.publicKey);
}

type Case = [
  name: string,
  prepare: (project: Project) => Promise<unknown>,
  call: { readonly flags?: readonly string[]; readonly env?: Record<string, string> },
  expected: { readonly exit: number; readonly has: string; readonly end?: RegExp },
];

describe('doctor gives the right verdict on', () => {
  it.each<Case>([
    [
      'an empty folder',
      async () => {},
      {},
      { exit: 1, has: 'bad NOTHING_FOUND', end: /^\d to mend\.$/ },
    ],
    [
      'an empty folder on a CI machine',
      async () => {},
      { env: CI },
      { exit: 1, has: 'bad PRIVATE_KEY_MISSING' },
    ],
    [
      'a CI machine that lacks the private key',
      ({ write }) => write('capacitor.config.json', configWith(ours.publicKey)),
      { env: CI },
      { exit: 1, has: 'bad PRIVATE_KEY_MISSING' },
    ],
    [
      'a CI machine whose secret is empty',
      ({ write }) => write('capacitor.config.json', configWith(ours.publicKey)),
      { env: { BUNDLESEAL_PRIVATE_KEY: '' } },
      { exit: 1, has: 'bad PRIVATE_KEY_EMPTY' },
    ],
    [
      'a CI machine that only opens bundles',
      ({ write }) => write('capacitor.config.json', configWith(ours.publicKey)),
      { env: CI, flags: ['--verify-only'] },
      { exit: 0, has: 'good PRIVATE_KEY_NOT_NEEDED', end: /^No problem was found\.$/ },
    ],
    [
      'a colleague without the private key',
      ({ write }) => write('capacitor.config.json', configWith(ours.publicKey)),
      {},
      { exit: 0, has: 'warning PRIVATE_KEY_MISSING', end: /look at 1 of the findings\.$/ },
    ],
    [
      'a CI machine with the key in its variable',
      ({ write }) => write('capacitor.config.json', configWith(ours.publicKey)),
      { env: { ...CI, ...WITH_KEY } },
      { exit: 0, has: 'good CONFIG_KEY_FOUND', end: /^No problem was found\.$/ },
    ],
    [
      'a machine with the key in its variable and another key in the config',
      ({ write }) => write('capacitor.config.json', configWith(other.publicKey)),
      { env: WITH_KEY },
      { exit: 1, has: 'bad CONFIG_KEY_MISMATCH' },
    ],
    [
      'a machine with the key in its variable and no app',
      async () => {},
      { env: WITH_KEY },
      { exit: 0, has: 'warning CONFIG_MISSING', end: /look at 1 of the findings\.$/ },
    ],
    [
      'an app that imports its key from a module',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.json', '{ "appId": "a.b" }');
        await project.run(['key', 'save', '--module', 'src/key.ts']);
        await project.write('src/key.ts', '');
        await project.run(['key', 'save', '--module', 'src/key.ts', '--force']);
      },
      {},
      { exit: 0, has: 'good MODULE_KEY_FOUND', end: /^No problem was found\.$/ },
    ],
    [
      'a module with another key',
      async (project) => {
        await project.write('other.pub', other.publicKey);
        await project.run(['key', 'save', '--module', 'key.ts', '--key', 'other.pub']);
        await writeKeys(project);
      },
      {},
      { exit: 1, has: 'bad MODULE_KEY_MISMATCH' },
    ],
    [
      "a monorepo's root without keys",
      ({ write }) => write('apps/one/capacitor.config.json', configWith(ours.publicKey)),
      {},
      { exit: 1, has: 'bad CONFIG_ELSEWHERE' },
    ],
    [
      "a monorepo's root with the keys",
      async (project) => {
        await writeKeys(project);
        await project.write('apps/one/capacitor.config.json', configWith(ours.publicKey));
        await project.write('apps/two/capacitor.config.json', configWith(other.publicKey));
      },
      {},
      { exit: 1, has: 'bad CONFIG_KEY_MISMATCH' },
    ],
    [
      'a config that a function makes',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.ts', 'export default make();');
      },
      {},
      { exit: 0, has: 'unknown CONFIG_UNREADABLE', end: /^No error was found/ },
    ],
    [
      'a config that a switch makes',
      async (project) => {
        await writeKeys(project);
        await project.write(
          'capacitor.config.ts',
          'let config;\nswitch (process.env.X) { case "a": config = {}; break; default: config = { appId: "b" }; }\nexport default config;',
        );
      },
      {},
      { exit: 0, has: 'unknown CONFIG_UNREADABLE' },
    ],
    [
      'a config that is damaged',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.json', '{ "appId": ');
      },
      {},
      { exit: 0, has: 'unknown CONFIG_UNREADABLE' },
    ],
    [
      "a key of the sealed format in the place of Capgo's plugin",
      async (project) => {
        await writeKeys(project);
        const text = configWith(ours.publicKey, 'CapacitorUpdater');
        await project.write('capacitor.config.json', text);
      },
      {},
      { exit: 0, has: 'warning CONFIG_KEY_MISPLACED' },
    ],
    [
      'what a killed process left',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.json', configWith(ours.publicKey));
        await project.write(await nameTemporary('.bundleseal_key'), ours.privateKey);
      },
      {},
      { exit: 0, has: 'warning LEFTOVER_FILE' },
    ],
    [
      'a pair that was kept where git would commit it',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.json', configWith(ours.publicKey));
        await project.write('.gitignore', '/.bundleseal_key\n');
        await project.write('.bundleseal_key.old', other.privateKey);
        chmodSync(project.path('.bundleseal_key.old'), 0o600);
        await runIn(project.folder, 'git', ['init', '-q']);
      },
      {},
      { exit: 0, has: 'warning GIT_NOT_IGNORED' },
    ],
    [
      'a repository that git does not read',
      async (project) => {
        await writeKeys(project);
        await project.write('capacitor.config.json', configWith(ours.publicKey));
        await project.write('.git/config', '[core');
        await project.write('.git/HEAD', 'x');
      },
      {},
      { exit: 0, has: 'unknown GIT_UNKNOWN' },
    ],
  ])('%s', async (_, prepare, { flags, env }, { exit, has, end }) => {
    await withProject(async (project) => {
      await prepare(project);
      const verdict = await verdictOf(project, flags, env);
      expect(verdict.codes).toContain(has);
      expect(verdict.code).toBe(exit);
      if (end !== undefined) expect(verdict.end).toMatch(end);
      // Files without a private key are not reported.
      expect(verdict.codes.join()).not.toContain('CONFIG_PRIVATE_KEY');
    });
  });
});

it('doctor finds the private key of the repository from the folder of one of its apps', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    await project.write('apps/one/capacitor.config.json', configWith(ours.publicKey));
    const args = [project.cli, 'doctor', '--json'];
    const { code, stdout } = await runIn(project.path('apps/one'), process.execPath, args);
    const found = JSON.parse(stdout).findings.find(
      (one: { code: string }) => one.code === 'PRIVATE_KEY_ELSEWHERE',
    );
    expect(found.mend).toContain('--key ../../.bundleseal_key');
    expect(code).toBe(0);
  });
});

it('doctor examines who can read a private key in a folder above', async () => {
  await withProject(async (project) => {
    await project.write('.git/HEAD', 'ref: refs/heads/main');
    await project.write('site/.bundleseal_key', ours.privateKey);
    chmodSync(project.path('site/.bundleseal_key'), 0o644);
    await project.write('site/app/capacitor.config.json', configWith(ours.publicKey));
    const args = [project.cli, 'doctor', '--json'];
    const codesIn = async (folder: string) => {
      const { stdout } = await runIn(project.path(folder), process.execPath, args);
      return JSON.parse(stdout).findings.map((one: { code: string }) => one.code);
    };
    const inSite = await codesIn('site/app');
    expect(inSite).toContain('KEY_FILE_EXPOSED');
    expect(inSite.join()).toMatch(/GIT_(NOT_IGNORED|UNKNOWN)/);
    expect(inSite).not.toContain('KEY_FILE_PUBLISHED');
    renameSync(project.path('site'), project.path('public'));
    expect(await codesIn('public/app')).toContain('KEY_FILE_PUBLISHED');
  });
});

it('doctor finds a private key in the folder that the app publishes', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    const config = { ...JSON.parse(configWith(ours.publicKey)), webDir: '.' };
    await project.write('capacitor.config.json', JSON.stringify(config));
    expect((await verdictOf(project)).codes.join()).toContain('bad KEY_FILE_PUBLISHED');
  });
});

it('doctor checks the app of a monorepo against the public key of a folder above', async () => {
  await withProject(async (project) => {
    await project.write('.bundleseal_key.pub', ours.publicKey);
    await project.write('apps/one/capacitor.config.json', configWith(other.publicKey));
    const cli = (...args: string[]) =>
      runIn(project.path('apps/one'), process.execPath, [project.cli, ...args]);
    const doctor = ['doctor', '--verify-only', '--json'];
    const { code, stdout } = await cli(...doctor);
    const found = JSON.parse(stdout).findings.find(
      (one: { code: string }) => one.code === 'CONFIG_KEY_MISMATCH',
    );
    expect(code).toBe(1);
    // The remedy works in this folder.
    expect(found.mend).toBe('npx bundleseal key save --key ../../.bundleseal_key.pub');
    expect((await cli(...found.mend.split(' ').slice(2))).code).toBe(0);
    expect((await cli(...doctor)).code).toBe(0);
  });
});

it('doctor names a remedy that works at the root of a monorepo', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    const config = 'apps/one/capacitor.config.json';
    await project.write(config, configWith(other.publicKey));
    const { findings } = await project.json(['doctor']);
    const found = (findings as { code: string; mend: string }[]).find(
      (one) => one.code === 'CONFIG_KEY_MISMATCH',
    );
    expect(found?.mend).toBe(`npx bundleseal key save --config ${config}`);
    expect((await project.run(found?.mend.split(' ').slice(2) as string[])).code).toBe(0);
    expect((await verdictOf(project)).codes).toContain('good CONFIG_KEY_FOUND');
  });
});

describe('doctor examines the keys of Capgo', () => {
  const config = configWith(capgo.publicKey, 'CapacitorUpdater');

  it('if the config has one and no key file is there', async () => {
    await withProject(async (project) => {
      await project.write('capacitor.config.json', config);
      const failed = await project.run(['doctor'], { env: CI });
      expect(failed.code).toBe(1);
      expect(failed.stdout).toContain('CAPGO_PRIVATE_KEY is not set');
      expect(failed.stdout).not.toContain('BUNDLESEAL');
      const verdict = await verdictOf(project, ['--verify-only'], CI);
      expect(verdict).toMatchObject({ code: 0, end: 'No problem was found.' });
    });
  });

  it('if they are in a folder above', async () => {
    await withProject(async (project) => {
      await project.write('.capgo_key_v2', capgo.privateKey);
      chmodSync(project.path('.capgo_key_v2'), 0o600);
      await project.write('apps/one/capacitor.config.json', config);
      const args = [project.cli, 'doctor', '--json'];
      const { code, stdout } = await runIn(project.path('apps/one'), process.execPath, args);
      const codes = JSON.parse(stdout).findings.map((one: { code: string }) => one.code);
      expect(codes).toContain('PRIVATE_KEY_ELSEWHERE');
      expect(codes).toContain('CONFIG_KEY_FOUND');
      expect(code).toBe(0);
    });
  });
});

it('doctor examines modules of every kind that key save writes', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    const names = ['key.ts', 'key.mts', 'key.js', 'key.mjs', 'key.cjs'];
    for (const name of names) await project.run(['key', 'save', '--module', name]);
    const { findings } = await project.json(['doctor']);
    const paths = (findings as { code: string; path?: string }[])
      .filter(({ code }) => code === 'MODULE_KEY_FOUND')
      .map(({ path }) => path);
    expect(paths.sort()).toEqual(names.sort());
  });
});

it('doctor reports a computed privateKey as unknown, and ignores an empty one', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    const config = (value: string) =>
      `export default { plugins: { CapacitorUpdater: { privateKey: ${value} } } };`;
    await project.write('capacitor.config.ts', config('process.env.KEY'));
    expect((await verdictOf(project)).codes).toContain('warning CONFIG_PRIVATE_KEY');
    await project.write('capacitor.config.ts', config('undefined'));
    expect((await verdictOf(project)).codes.join()).not.toContain('CONFIG_PRIVATE_KEY');
  });
});

it('doctor reports an unreadable config once', async () => {
  await withProject(async (project) => {
    await writeKeys(project);
    await project.write('capacitor.config.json', Buffer.from('\ufeff{"appId":"a"}', 'utf16le'));
    const { findings } = await project.json(['doctor']);
    const unread = (findings as { code: string; what: string }[]).filter(
      ({ code }) => code === 'CONFIG_UNREADABLE',
    );
    expect(unread).toHaveLength(1);
    expect(unread[0]?.what.match(/capacitor\.config\.json/g)).toHaveLength(1);
  });
});

it('doctor explains every code that it has in docs/doctor.md, and no other', () => {
  const source = readFileSync(join(ROOT, 'src/cli/doctor/finding.ts'), 'utf8');
  const page = readFileSync(join(ROOT, 'docs/doctor.md'), 'utf8');
  const codes = [...source.matchAll(/\| '([A-Z_]+)'/g)].map(([, code]) => code);
  const explained = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(explained).toEqual(codes);
});
