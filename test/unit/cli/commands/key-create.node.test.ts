// key create: the files that it writes and keeps, and what git gets to see of them.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ignoreInGit } from '../../../../src/cli/git.ts';
import { placePair } from '../../../../src/cli/key-pair.ts';
import { type Project, runIn, useCli, withProject } from '../../../support/cli.ts';
import { leftoverOf, next, ours, read, zip } from '../../../support/cli-keys.ts';

useCli();

describe('key create', () => {
  const create = ['key', 'create', '--bits', '3072'];

  it('keeps the pairs that --force replaces', async () => {
    await withProject(async (project) => {
      await project.write('k', ours.privateKey);
      await project.write('k.pub', ours.publicKey);
      chmodSync(project.path('k'), 0o600);
      const first = await project.json([...create, '--out', 'k', '--force']);
      expect(first['kept']).toEqual({ privateKey: 'k.old', publicKey: 'k.old.pub' });
      expect(read(project, 'k.old')).toBe(ours.privateKey);
      expect(read(project, 'k.old.pub')).toBe(ours.publicKey);
      expect(statSync(project.path('k.old')).mode & 0o777).toBe(0o600);
      const second = read(project, 'k');
      await project.run([...create, '--out', 'k', '--force']);
      expect(read(project, 'k.old')).toBe(ours.privateKey);
      expect(read(project, 'k.old.2')).toBe(second);
      expect(read(project, 'k')).not.toBe(second);
    });
  });

  it('refuses a passphrase of fewer than 8 characters, and does not tell it', async () => {
    await withProject(async ({ folder, json, run }) => {
      const protect = [...create, '--protect'];
      // Each of these characters is two code units.
      for (const passphrase of ['quark', 'quarks!', '𝄞𝄞𝄞𝄞𝄞𝄞𝄞']) {
        const env = { BUNDLESEAL_KEY_PASSPHRASE: passphrase };
        const { code, stderr } = await run(protect, { env });
        expect(code).toBe(1);
        expect(stderr).toContain('BUNDLESEAL_KEY_PASSPHRASE is too short');
        expect(stderr).toContain('at least 8 characters');
        expect(stderr).not.toContain(passphrase);
        expect(await json(protect, { env })).toMatchObject({ code: 'ERR_KEY_INVALID' });
      }
      expect(readdirSync(folder)).toEqual([]);
      const env = { BUNDLESEAL_KEY_PASSPHRASE: 'quarks!!' };
      expect(await json(protect, { env })).toMatchObject({ isProtected: true });
    });
  });

  it('keeps the target of a link, and writes the new key there', async () => {
    await withProject(async (project) => {
      await project.write('safe/k', ours.privateKey);
      spawnSync('ln', ['-s', 'safe/k', project.path('k')]);
      expect((await project.run([...create, '--out', 'k', '--force'])).code).toBe(0);
      expect(read(project, 'safe/k.old')).toBe(ours.privateKey);
      expect(read(project, 'k')).toBe(read(project, 'safe/k'));
      expect(read(project, 'k')).not.toBe(ours.privateKey);
    });
  });

  it('restores the names of the old pair if the new one cannot be written', async () => {
    await withProject(async ({ path, write, ...project }) => {
      await write('k', ours.privateKey);
      await write('k.pub', ours.publicKey);
      const pair = { privateKey: next.privateKey, publicKey: next.publicKey };
      // Whatever fails: here it is the content of the public file.
      Object.defineProperty(pair, 'publicKey', {
        get() {
          throw new Error('no room');
        },
      });
      await expect(placePair(path('k'), pair)).rejects.toThrow('no room');
      expect(readFileSync(path('k'), 'utf8')).toBe(ours.privateKey);
      expect(readdirSync(project.folder).sort()).toEqual(['k', 'k.pub']);
    });
  });

  it('writes .gitignore before there is a repository', async () => {
    await withProject(async (project) => {
      const made = await project.run([...create, '--out', 'k', '--gitignore']);
      expect(made.stderr).toContain('✓ k was added to .gitignore');
      await runIn(project.folder, 'git', ['init', '-q']);
      const { stdout } = await runIn(project.folder, 'git', ['status', '--porcelain', '-uall']);
      expect(stdout).toBe('?? .gitignore\n?? k.pub\n');
    });
  });

  it('reports the line in .gitignore without a warning', async () => {
    await withProject(async (project) => {
      await runIn(project.folder, 'git', ['init', '-q']);
      const made = await project.run([...create, '--out', 'k', '--gitignore']);
      expect(made.stderr).toContain('✓ k was added to .gitignore');
      expect(made.stderr).not.toMatch(/^!/m);
      const quiet = await project.run([...create, '--out', 'k2', '--gitignore', '--quiet']);
      expect(quiet.stderr).toBe('');
    });
  });

  it.each([
    ['key show', ['key', 'show', 'k']],
    ['bundle encrypt', ['bundle', 'encrypt', 'a.zip', '--key', 'k', '--no-project']],
    ['bundle verify', ['bundle', 'verify', 'a.zip', '--key', 'k']],
    ['doctor', ['doctor', '--key', 'k']],
    ['doctor of .bundleseal_key', ['doctor']],
  ])('lists the accepted forms if a file is not a key: %s', async (_, args) => {
    await withProject(async (project) => {
      for (const name of ['k', '.bundleseal_key', '.bundleseal_key.pub']) {
        await project.write(name, 'no key at all');
      }
      await project.write('a.zip', zip);
      const { stdout, stderr } = await project.run(args);
      expect(stdout + stderr).toContain('this is not a PEM key');
      expect(stdout + stderr).not.toMatch(/DER bytes|JWK object/);
    });
  });

  it('removes files of a killed process for the same key', async () => {
    await withProject(async (project) => {
      const left = [await leftoverOf('k'), await leftoverOf('k.pub')];
      for (const name of left) await project.write(name, ours.privateKey);
      await project.run([...create, '--out', 'k']);
      expect(readdirSync(project.folder).sort()).toEqual(['k', 'k.pub']);
    });
  });

  it.each(['key[1]', 'key ', 'a*b', 'ke\\y', '#k', '!k', 'k?', ':k', 'k'])(
    'makes git ignore %j, the old pair and files of a killed process',
    async (name) => {
      await withProject(async (project) => {
        await runIn(project.folder, 'git', ['init', '-q']);
        await project.write('.gitignore', '*\r\n!*\r\n');
        await project.write(name, ours.privateKey);
        await project.run([...create, '--out', name, '--force', '--gitignore']);
        await project.write(await leftoverOf(name), ours.privateKey);
        const { stdout } = await runIn(project.folder, 'git', [
          ...['-c', 'core.quotePath=false', 'status', '--porcelain', '-uall', '-z'],
        ]);
        const seen = stdout.split('\0').filter(Boolean);
        expect(seen.map((line) => line.slice(3)).sort()).toEqual(
          ['.gitignore', `${name}.pub`].sort(),
        );
        expect(existsSync(project.path(`${name}.old`))).toBe(true);
      });
    },
  );

  it('asks git whether it ignores the file with the lines', async () => {
    await withProject(async ({ folder, path, write }) => {
      await runIn(folder, 'git', ['init', '-q']);
      // No pattern can hold a line break.
      for (const name of ['k', 'a\nb']) await write(name, ours.privateKey);
      expect((await ignoreInGit(path('k'))).state).toBe('ignored');
      expect((await ignoreInGit(path('a\nb'))).state).toBe('not ignored');
    });
  });

  it('does not write through a link at .gitignore', async () => {
    await withProject(async (project) => {
      await runIn(project.folder, 'git', ['init', '-q']);
      await project.write('mine', 'text');
      spawnSync('ln', ['-s', 'mine', project.path('.gitignore')]);
      const refused = await project.json([...create, '--gitignore']);
      expect(refused['code']).toBe('ERR_FILE');
      expect(read(project, 'mine')).toBe('text');
    });
  });
});

describe('asking git', () => {
  const MARKED = 'was-run';

  it.each<[string, (project: Project, program: string) => Promise<unknown>]>([
    ...[
      'core.fsmonitor',
      'core.sshCommand',
      'core.pager',
      'pager.ls-files',
      'pager.check-ignore',
      'diff.external',
      'core.editor',
      'core.askPass',
      'core.gitProxy',
      'core.alternateRefsCommand',
      'credential.helper',
      'filter.x.clean',
      'filter.x.process',
      'diff.x.textconv',
      'alias.ls-files',
      'alias.check-ignore',
    ].map((setting): [string, (project: Project, program: string) => Promise<unknown>] => [
      setting,
      async ({ folder, write }, program) => {
        await write('.gitattributes', '* filter=x diff=x\n');
        const value = setting.startsWith('alias.') ? `!${program}` : program;
        await runIn(folder, 'git', ['config', setting, value]);
      },
    ]),
    [
      'core.hooksPath',
      async ({ folder, write, path }, program) => {
        for (const hook of ['post-index-change', 'fsmonitor-watchman', 'pre-auto-gc']) {
          await write(`hooks/${hook}`, `#!/bin/sh\n${program}\n`);
          chmodSync(path(`hooks/${hook}`), 0o755);
        }
        await runIn(folder, 'git', ['config', 'core.hooksPath', 'hooks']);
      },
    ],
    [
      'include.path',
      async ({ folder, write }, program) => {
        await write('more', `[core]\n\tfsmonitor = ${program}\n`);
        await runIn(folder, 'git', ['config', 'include.path', '../more']);
      },
    ],
    [
      'a bare repository among the files',
      async ({ folder, path }, program) => {
        mkdirSync(path('sub'));
        await runIn(folder, 'git', ['init', '-q', '--bare', 'sub']);
        await runIn(path('sub'), 'git', ['config', 'core.fsmonitor', program]);
        await runIn(path('sub'), 'git', ['config', 'core.worktree', '.']);
        await runIn(path('sub'), 'git', ['config', 'core.bare', 'false']);
      },
    ],
    [
      'a git in the project itself',
      async ({ write, path }, program) => {
        for (const name of ['git', 'node_modules/.bin/git']) {
          await write(name, `#!/bin/sh\n${program}\n`);
          chmodSync(path(name), 0o755);
        }
      },
    ],
  ])('runs nothing that the project names by %s', async (_, prepare) => {
    await withProject(async (project) => {
      const { folder, path, run, write } = project;
      await runIn(folder, 'git', ['init', '-q']);
      await write('.bundleseal_key', ours.privateKey);
      await write('tracked', 'x');
      await runIn(folder, 'git', ['add', 'tracked']);
      await prepare(project, `touch ${path(MARKED)}`);
      const PATH = `.${':'}${path('node_modules/.bin')}:${folder}:${process.env['PATH']}`;
      const { stdout } = await run(['doctor'], { env: { PATH } });
      expect(stdout).toContain('git would commit .bundleseal_key');
      if (existsSync(path('sub'))) {
        await write('sub/key', ours.privateKey);
        await run(['doctor', '--key', 'sub/key'], { env: { PATH } });
      }
      expect(existsSync(path(MARKED))).toBe(false);
    });
  });

  it('ignores variables of the environment about repositories', async () => {
    await withProject(async ({ folder, path, run, write }) => {
      await runIn(folder, 'git', ['init', '-q']);
      await write('.bundleseal_key', ours.privateKey);
      const env = {
        GIT_DIR: path('nowhere'),
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.fsmonitor',
        GIT_CONFIG_VALUE_0: `touch ${path(MARKED)}`,
      };
      const { stdout } = await run(['doctor'], { env });
      expect(stdout).toContain('git would commit .bundleseal_key');
      expect(existsSync(path(MARKED))).toBe(false);
    });
  });

  it('asks about a folder of the repository to which a link leads', async () => {
    await withProject(async ({ path, run, write }) => {
      await write('repository/keys/k', ours.privateKey);
      await write('outside/k', ours.privateKey);
      await runIn(path('repository'), 'git', ['init', '-q']);
      spawnSync('ln', ['-s', 'repository/keys', path('into')]);
      spawnSync('ln', ['-s', path('outside'), path('repository/out')]);
      const into = await run(['doctor', '--key', 'into/k']);
      expect(into.stdout).toContain('git would commit into/k');
      const out = await run(['doctor', '--key', 'repository/out/k']);
      expect(out.stdout).toContain('repository/out/k is in no git repository');
    });
  });

  it('starts no git outside of a repository', async () => {
    await withProject(async (programs) => {
      await programs.write('git', `#!/bin/sh\ntouch ${programs.path(MARKED)}\n`);
      chmodSync(programs.path('git'), 0o755);
      const env = { PATH: `${programs.folder}:${process.env['PATH']}` };
      await withProject(async ({ run, write }) => {
        await write('.bundleseal_key', ours.privateKey);
        await run(['doctor'], { env });
        expect(existsSync(programs.path(MARKED))).toBe(false);
        await write('.git/HEAD', '');
        await run(['doctor'], { env });
        expect(existsSync(programs.path(MARKED))).toBe(true);
      });
    });
  });
});
