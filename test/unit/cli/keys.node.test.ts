// Keys on the command line: where they come from, where they are kept, and what git and others get to see of them.

import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyId as capgoKeyId } from '../../../src/capgo/keys.ts';
import { ignoreInGit } from '../../../src/cli/git.ts';
import { placePair } from '../../../src/cli/key-pair.ts';
import { lockPair } from '../../../src/cli/pair-lock.ts';
import { isTemporary, nameTemporary } from '../../../src/files/temporary.ts';
import { keyId } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { type Project, runIn, useCli, withProject } from '../../support/cli.ts';

useCli();

function makePair(bits: number, type: 'pkcs8' | 'pkcs1') {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    privateKey: privateKey.export({ type, format: 'pem' }) as string,
    publicKey: publicKey.export({
      type: type === 'pkcs8' ? 'spki' : 'pkcs1',
      format: 'pem',
    }) as string,
  };
}

const ours = makePair(3072, 'pkcs8');
const next = makePair(3072, 'pkcs8');
const capgo = makePair(2048, 'pkcs1');
const other = makePair(2048, 'pkcs1');

const zip = await zipBundle({ 'index.html': new TextEncoder().encode('notifyAppReady') });

const read = ({ path }: Project, name: string) => readFileSync(path(name), 'utf8');
const secretOf = (pem: string) => pem.split('\n').slice(1, -2).join('').slice(100, 140);

/** A process number that nothing has any more. */
const gonePid = () => spawnSync(process.execPath, ['--version']).pid;

/** The name of a file that a killed process left when it was writing `name`. */
const leftoverOf = async (name: string) =>
  (await nameTemporary(name)).replace(`-${process.pid}-`, `-${gonePid()}-`);

describe('a key that is passed instead of a file name', () => {
  it.each([
    ['bundle encrypt --key', ['bundle', 'encrypt', 'a.zip', '--out', 'o', '--key', '@']],
    ['bundle verify --key=', ['bundle', 'verify', 'a.zip', '--key=@']],
    ['key show', ['key', 'show', '@']],
    ['key create --out', ['key', 'create', '--out', '@']],
    ['key save --module', ['key', 'save', '--module', '@']],
    ['key rotate --key', ['key', 'rotate', '--key', '@']],
    ['doctor --key', ['doctor', '--key', '@']],
    ['an option that does not exist', ['doctor', '--kee=@']],
    ['a command that does not exist', ['key', '@']],
  ])('is refused by %s, and no part of it is printed', async (_, args) => {
    await withProject(async (project) => {
      await project.write('a.zip', zip);
      const body = ours.privateKey.split('\n').slice(1, -2).join('');
      for (const key of [`  ${ours.privateKey}`, body]) {
        const { code, stdout, stderr } = await project.run(
          args.map((arg) => arg.replace('@', key)),
        );
        expect(code).toBe(2);
        for (let at = 0; at + 20 < body.length; at += 20) {
          expect(stdout + stderr).not.toContain(body.slice(at, at + 20));
        }
      }
      expect(readdirSync(project.folder)).toEqual(['a.zip']);
    });
  });
});

describe('the sources of a private key', () => {
  const sealed = ['bundle', 'encrypt', 'a.zip', '--no-project', '--out', 'o', '--force'];
  const forCapgo = [...sealed, '--capgo'];

  it('are the variable and the file of its own format, never those of the other', async () => {
    await withProject(async (project) => {
      const { json, write } = project;
      await write('a.zip', zip);
      const env = { BUNDLESEAL_PRIVATE_KEY: ours.privateKey, CAPGO_PRIVATE_KEY: capgo.privateKey };
      const { CAPGO_PRIVATE_KEY } = env;
      const isCapgos = { keyId: capgoKeyId(capgo.publicKey) };
      const isOurs = { keyId: await keyId(ours.publicKey) };
      expect(await json(forCapgo, { env })).toMatchObject(isCapgos);
      expect(await json(sealed, { env })).toMatchObject(isOurs);
      const refused = await json(sealed, { env: { CAPGO_PRIVATE_KEY } });
      expect(refused['code']).toBe('ERR_KEY_INVALID');
      expect(refused['message']).toContain('--capgo');
      await write('.bundleseal_key', next.privateKey);
      expect(await json(sealed, { env: { CAPGO_PRIVATE_KEY } })).toMatchObject({
        keyId: await keyId(next.publicKey),
      });
      await write('.capgo_key_v2', other.privateKey);
      const { BUNDLESEAL_PRIVATE_KEY } = env;
      expect(await json(forCapgo, { env: { BUNDLESEAL_PRIVATE_KEY } })).toMatchObject({
        keyId: capgoKeyId(other.publicKey),
      });
    });
  });

  it.each([
    ['BUNDLESEAL_PRIVATE_KEY', '', []],
    ['BUNDLESEAL_PRIVATE_KEY', ' \n', []],
    ['CAPGO_PRIVATE_KEY', '', ['--capgo']],
  ])('are not skipped if %s is set to %j', async (name, value, flags) => {
    await withProject(async ({ json, write }) => {
      await write('a.zip', zip);
      await write('.bundleseal_key', ours.privateKey);
      await write('.capgo_key_v2', capgo.privateKey);
      const args = ['bundle', 'encrypt', 'a.zip', '--no-project', '--out', 'o', ...flags];
      const refused = await json(args, { env: { [name]: value } });
      expect(refused['code']).toBe('ERR_KEY_INVALID');
      expect(refused['message']).toContain(`${name} is set and empty`);
    });
  });

  it.each([
    ['a variable', [], { BUNDLESEAL_PRIVATE_KEY: 'damaged' }, 'BUNDLESEAL_PRIVATE_KEY: '],
    ['a file', ['--key', 'bad'], {}, 'bad: '],
    ['a file for the other format', ['--key', '.capgo_key_v2'], {}, '.capgo_key_v2: '],
    ['the file that is there', [], {}, '.bundleseal_key: '],
  ])('are named if %s has no such key', async (_, flags, env, start) => {
    await withProject(async ({ json, write }) => {
      await write('a.zip', zip);
      await write('bad', 'damaged');
      await write('.bundleseal_key', ours.publicKey);
      await write('.capgo_key_v2', capgo.privateKey);
      const args = ['bundle', 'encrypt', 'a.zip', '--no-project', '--out', 'o', ...flags];
      const refused = await json(args, { env });
      expect(refused['code']).toBe('ERR_KEY_INVALID');
      expect(refused['message']).toMatch(new RegExp(`^${start.replace(/\./g, '\\.')}`));
    });
  });
});

describe("a key's id", () => {
  it('has the form of Capgo for keys of Capgo, in every command', async () => {
    await withProject(async (project) => {
      const created = await project.json(['key', 'create', '--capgo']);
      const shown = await project.json(['key', 'show', '.capgo_key_v2', '.capgo_key_v2.pub']);
      const [first, second] = shown['keys'] as { keyId: string }[];
      expect(created['keyId']).toBe(capgoKeyId(read(project, '.capgo_key_v2.pub')));
      expect([first?.keyId, second?.keyId]).toEqual([created['keyId'], created['keyId']]);
      expect((await project.run(['doctor'])).stdout).toContain(String(created['keyId']));
    });
  });
});

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
});

describe('key save', () => {
  const CONFIG = 'capacitor.config.json';
  const configOf = (project: Project) => JSON.parse(read(project, CONFIG));

  it("does not change the key of Capgo's plugin", async () => {
    await withProject(async (project) => {
      const plugins = { CapacitorUpdater: { publicKey: capgo.publicKey, autoUpdate: true } };
      await project.write(CONFIG, JSON.stringify({ plugins }));
      await project.write('.bundleseal_key.pub', ours.publicKey);
      expect((await project.run(['key', 'save'])).code).toBe(0);
      expect(configOf(project).plugins).toEqual({
        ...plugins,
        BundleSeal: { publicKey: ours.publicKey },
      });
    });
  });

  it("writes the setting of Capgo's plugin only with --capgo, and only with its keys", async () => {
    await withProject(async (project) => {
      await project.write(CONFIG, '{}');
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await project.write('.capgo_key_v2.pub', capgo.publicKey);
      const refusals = [
        ['--plugin', 'CapacitorUpdater'],
        ['--key', '.capgo_key_v2.pub'],
        ['--capgo', '--key', '.bundleseal_key.pub'],
      ];
      for (const flags of refusals) {
        expect((await project.run(['key', 'save', ...flags])).code).not.toBe(0);
        expect(read(project, CONFIG)).toBe('{}');
      }
      expect((await project.run(['key', 'save', '--capgo'])).code).toBe(0);
      expect(configOf(project).plugins).toEqual({
        CapacitorUpdater: { publicKey: capgo.publicKey },
      });
    });
  });

  it.each(['key.ts', 'key.mts', 'key.mjs', 'key.js', 'key.cjs'])(
    'writes a module %s that exports the key',
    async (name) => {
      await withProject(async (project) => {
        await project.write('.bundleseal_key.pub', ours.publicKey);
        await project.write('package.json', '{ "type": "module" }');
        const saved = await project.json(['key', 'save', '--module', name]);
        expect(saved).toMatchObject({ changed: true, keyIds: [await keyId(ours.publicKey)] });
        const { publicKey, publicKeys } = await import(project.path(name));
        expect({ publicKey, publicKeys }).toEqual({
          publicKey: ours.publicKey,
          publicKeys: [ours.publicKey],
        });
        expect(await project.json(['key', 'save', '--module', name])).toMatchObject({
          changed: false,
        });
        const both = ['--key', '.bundleseal_key.pub', '--key', 'next.pub'];
        await project.write('next.pub', next.publicKey);
        await project.run(['key', 'save', '--module', name, ...both]);
        expect(read(project, name)).toContain(next.publicKey);
        expect(readdirSync(project.folder).filter((one) => one.endsWith('-tmp'))).toEqual([]);
      });
    },
  );

  it('names --capgo if it gets a key of Capgo without it, and so do commands that sign', async () => {
    await withProject(async (project) => {
      await project.write('capacitor.config.json', '{ "appId": "a.b" }');
      await project.write('.capgo_key_v2.pub', capgo.publicKey);
      await project.write('.capgo_key_v2', capgo.privateKey);
      for (const args of [
        ['key', 'save', '--key', '.capgo_key_v2.pub'],
        ['bundle', 'encrypt', 'capacitor.config.json', '--raw', '--key', '.capgo_key_v2'],
      ]) {
        const { code, stderr } = await project.run(args);
        expect(stderr).toContain('pass --capgo');
        expect(code).toBe(1);
      }
    });
  });

  it('replaces no file of another program and no file of another kind', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await project.write('main.ts', 'export {};\n');
      const save = ['key', 'save', '--module'];
      expect(await project.json([...save, 'main.ts'])).toMatchObject({ code: 'ERR_FILE' });
      expect(read(project, 'main.ts')).toBe('export {};\n');
      expect(await project.json([...save, 'key.css'])).toMatchObject({ code: 'ERR_USAGE' });
      expect(existsSync(project.path('key.css'))).toBe(false);
      // An app that imports a declaration file gets no value from it.
      expect(await project.json([...save, 'key.d.ts'])).toMatchObject({ code: 'ERR_USAGE' });
      expect(existsSync(project.path('key.d.ts'))).toBe(false);
      await project.write('private', ours.privateKey);
      const refused = await project.run([...save, 'key.ts', '--key', 'private']);
      expect(refused.code).toBe(1);
      expect(refused.stderr).not.toContain(secretOf(ours.privateKey));
      expect(existsSync(project.path('key.ts'))).toBe(false);
      expect(await project.json([...save, 'main.ts', '--force'])).toMatchObject({ changed: true });
    });
  });

  it('lets verify find the key that an earlier release wrote into the settings of Capgo', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key', ours.privateKey);
      await project.write('a.zip', zip);
      const plugins = { CapacitorUpdater: { publicKey: ours.publicKey } };
      await project.write(CONFIG, JSON.stringify({ plugins }));
      const { encryptFile } = await import('../../../src/node.ts');
      const { privateKey } = ours;
      await encryptFile(project.path('a.zip'), project.path('a.sealed'), { privateKey });
      const verified = await project.run(['bundle', 'inspect', 'a.sealed', '--json']);
      expect(verified.code).toBe(0);
      const checked = await project.json(['bundle', 'verify', 'a.sealed']);
      expect(checked['code']).not.toBe('ERR_KEY_INVALID');
      expect(checked['code']).not.toBe('ERR_KEY_MISMATCH');
    });
  });
});

describe('an output that would replace a private key', () => {
  it.each([
    ['bundle zip', ['bundle', 'zip', 'dist', '--out', 'k']],
    ['bundle encrypt', ['bundle', 'encrypt', 'a.zip', '--out', 'k', '--key', 'k']],
    ['bundle encrypt --detached', ['bundle', 'encrypt', 'a.zip', '--out', 'k', '--detached']],
    ['bundle decrypt', ['bundle', 'decrypt', 'a.sealed', '--out', 'k', '--key', 'k.pub']],
  ])('is refused in spite of --force: %s', async (_, args) => {
    await withProject(async (project) => {
      await project.write('k', ours.privateKey);
      await project.write('k.pub', ours.publicKey);
      await project.write('k.seal', 'Qk5ETFNFQU');
      await project.write('.bundleseal_key', next.privateKey);
      await project.write('a.zip', zip);
      await project.write('dist/index.html', 'notifyAppReady');
      await project.run(['bundle', 'encrypt', 'a.zip', '--out', 'a.sealed', '--key', 'k']);
      const refused = await project.json([...args, '--force']);
      expect(refused).toMatchObject({ code: 'ERR_FILE', path: 'k' });
      expect(read(project, 'k')).toBe(ours.privateKey);
    });
  });
});

describe('key save without a config', () => {
  it('suggests --module, only for keys of the sealed format', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await project.write('.capgo_key_v2.pub', capgo.publicKey);
      const saved = await project.json(['key', 'save']);
      expect(saved['message']).toContain('--module FILE');
      const forCapgo = await project.json(['key', 'save', '--capgo']);
      expect(forCapgo['message']).not.toContain('--module');
    });
  });
});

describe('key rotate', () => {
  it.runIf(process.platform !== 'win32')(
    'keeps the old pair beside the target of a link, and names it in every step',
    async () => {
      await withProject(async (project) => {
        mkdirSync(project.path('safe'));
        await project.write('safe/k', ours.privateKey);
        await project.write('safe/k.pub', ours.publicKey);
        for (const name of ['k', 'k.pub']) {
          symlinkSync(project.path('safe', name), project.path(name));
        }
        const key = realpathSync(project.path('safe/k'));
        const rotated = await project.json(['key', 'rotate', '--key', 'k']);
        expect(rotated).toMatchObject({ key, old: `${key}.old` });
        expect(JSON.stringify(rotated['steps'])).toContain(`seal with --key ${key}.old`);
        expect(readFileSync(`${key}.old`, 'utf8')).toBe(ours.privateKey);
        expect(readFileSync(`${key}.old.pub`, 'utf8')).toBe(ours.publicKey);
        expect(lstatSync(project.path('k')).isSymbolicLink()).toBe(true);
        expect(await keyId(readFileSync(project.path('k.pub'), 'utf8'))).toBe(rotated['keyId']);
      });
    },
  );

  it.runIf(process.platform !== 'win32')(
    'refuses a link whose public key is in another folder, and says where it belongs',
    async () => {
      await withProject(async (project) => {
        mkdirSync(project.path('safe'));
        await project.write('safe/k', ours.privateKey);
        await project.write('k.pub', ours.publicKey);
        symlinkSync(project.path('safe/k'), project.path('k'));
        const refused = await project.run(['key', 'rotate', '--key', 'k']);
        expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('safe/k.pub') });
        expect(readFileSync(project.path('safe/k'), 'utf8')).toBe(ours.privateKey);
      });
    },
  );

  it('keeps both keys in the module that the app imports, until it ends', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key', ours.privateKey);
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await project.run(['key', 'save', '--module', 'key.mjs']);
      const rotated = await project.run(['key', 'rotate', '--module', 'key.mjs']);
      expect(rotated.code, rotated.stderr).toBe(0);
      const fresh = read(project, '.bundleseal_key.pub');
      const during = read(project, 'key.mjs');
      expect(during.indexOf(fresh)).toBeGreaterThan(0);
      expect(during.indexOf(ours.publicKey)).toBeGreaterThan(during.indexOf(fresh));
      expect((await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs'])).code).toBe(
        0,
      );
      const after = read(project, 'key.mjs');
      expect(after).toContain(fresh);
      expect(after).not.toContain(ours.publicKey);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
    });
  });

  const withKeys = (work: (project: Project) => Promise<void>) =>
    withProject(async (project) => {
      await project.write('.bundleseal_key', ours.privateKey);
      await project.write('.bundleseal_key.pub', ours.publicKey);
      await work(project);
    });

  it.each([
    ['the module can not be written', 'capacitor.config.json', '{"appId":"a"}', 'none/key.mjs'],
    ['the config can not be read', 'capacitor.config.json', '{"appId":"\xff"}', 'key.mjs'],
  ])('does not change keys, config and module if %s', async (_, name, config, module) => {
    await withKeys(async (project) => {
      await project.write(name, Buffer.from(config, 'latin1'));
      const before = readdirSync(project.folder).sort();
      const failed = await project.run(['key', 'rotate', '--module', module]);
      expect(failed.code, failed.stderr).toBe(1);
      expect(readdirSync(project.folder).sort()).toEqual(before);
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
      expect(readFileSync(project.path(name), 'latin1')).toBe(config);
    });
  });

  it.each([
    ['before the app got the new public key', next.publicKey],
    ['between the two halves of the new pair', ours.publicKey],
  ])('continues if a process was killed %s', async (_, publicKey) => {
    await withKeys(async (project) => {
      await project.write('capacitor.config.json', '{"appId":"a"}');
      await project.run(['key', 'save']);
      await project.run(['key', 'save', '--module', 'key.mjs']);
      await project.write('.bundleseal_key.old', ours.privateKey);
      await project.write('.bundleseal_key.old.pub', ours.publicKey);
      await project.write('.bundleseal_key', next.privateKey);
      await project.write('.bundleseal_key.pub', publicKey);
      const ended = await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs']);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('half-way');
      const rotated = await project.run(['key', 'rotate', '--module', 'key.mjs']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(read(project, '.bundleseal_key')).toBe(next.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(next.publicKey);
      const { BundleSeal } = JSON.parse(read(project, 'capacitor.config.json')).plugins;
      expect(BundleSeal).toEqual({ publicKey: next.publicKey, previousPublicKey: ours.publicKey });
      const module = read(project, 'key.mjs');
      expect(module.indexOf(next.publicKey)).toBeGreaterThan(0);
      expect(module.indexOf(ours.publicKey)).toBeGreaterThan(module.indexOf(next.publicKey));
    });
  });

  it('starts again if a process was killed before it wrote the new pair', async () => {
    await withKeys(async (project) => {
      for (const end of ['', '.pub']) {
        linkSync(project.path(`.bundleseal_key${end}`), project.path(`.bundleseal_key.old${end}`));
      }
      const rotated = await project.run(['key', 'rotate']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key')).not.toBe(ours.privateKey);
    });
  });

  it('has a private key under its name at every moment', async () => {
    await withKeys(async (project) => {
      const seen: string[] = [];
      const pair = Object.defineProperty({ ...next }, 'privateKey', {
        get() {
          seen.push(read(project, '.bundleseal_key'));
          return next.privateKey;
        },
      });
      await placePair(project.path('.bundleseal_key'), pair);
      expect(seen).toEqual([ours.privateKey]);
      expect(read(project, '.bundleseal_key')).toBe(next.privateKey);
    });
  });

  const atWrite = (work: () => void) =>
    Object.defineProperty({ ...next }, 'privateKey', {
      get() {
        work();
        return next.privateKey;
      },
    });

  it('replaces no private key that another program has put there meanwhile', async () => {
    await withKeys(async (project) => {
      const third = makePair(3072, 'pkcs8').privateKey;
      const pair = atWrite(() => {
        rmSync(project.path('.bundleseal_key'));
        writeFileSync(project.path('.bundleseal_key'), third);
      });
      await expect(placePair(project.path('.bundleseal_key'), pair)).rejects.toMatchObject({
        code: 'ERR_FILE',
      });
      expect(read(project, '.bundleseal_key')).toBe(third);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
    });
  });

  it('keeps the private key whose second name another program removes meanwhile', async () => {
    await withKeys(async (project) => {
      const pair = atWrite(() => rmSync(project.path('.bundleseal_key.old')));
      await expect(placePair(project.path('.bundleseal_key'), pair)).rejects.toMatchObject({
        code: 'ERR_FILE',
      });
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
      expect(read(project, '.bundleseal_key.pub')).toBe(ours.publicKey);
    });
  });

  it('keeps the key of another program if the rest of the work fails', async () => {
    await withKeys(async (project) => {
      const path = project.path('.bundleseal_key');
      const third = makePair(3072, 'pkcs8').privateKey;
      const failing = placePair(path, next, async () => {
        rmSync(path);
        writeFileSync(path, third);
        throw new Error('refused');
      });
      await expect(failing).rejects.toThrow('refused');
      expect(read(project, '.bundleseal_key')).toBe(third);
      expect(read(project, '.bundleseal_key.old')).toBe(ours.privateKey);
    });
  });

  it.each([[['key', 'rotate']], [['key', 'create', '--force']]])(
    'refuses %j while another command writes the pair',
    async (args) => {
      await withKeys(async (project) => {
        await lockPair(project.path('.bundleseal_key'), async () => {
          const before = readdirSync(project.folder).sort();
          expect(await project.json(args)).toMatchObject({ code: 'ERR_FILE' });
          expect(readdirSync(project.folder).sort()).toEqual(before);
          expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
        });
        expect(readdirSync(project.folder).filter(isTemporary)).toEqual([]);
      });
    },
  );

  it('ignores the lock of a killed process', async () => {
    await withKeys(async (project) => {
      const mark = await nameTemporary('.bundleseal_key.lock');
      // No process of Linux has a number above 2^22.
      const dead = mark.replace(`-${process.pid}-`, `-${2 ** 22 + 1}-`);
      await project.write(dead, '');
      const rotated = await project.run(['key', 'rotate']);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(readdirSync(project.folder).filter(isTemporary)).toEqual([]);
    });
  });

  it('refuses a public file that belongs to another private key', async () => {
    await withKeys(async (project) => {
      await project.write('.bundleseal_key.pub', next.publicKey);
      expect(await project.json(['key', 'rotate'])).toMatchObject({ code: 'ERR_FILE' });
      expect(read(project, '.bundleseal_key')).toBe(ours.privateKey);
    });
  });

  it('says how to end it, and warns about a module that keeps the old key', async () => {
    await withKeys(async (project) => {
      await project.run(['key', 'save', '--module', 'key.mjs']);
      const { steps } = await project.json(['key', 'rotate', '--module', 'key.mjs']);
      expect((steps as string[]).at(-1)).toMatch(/key rotate --finish --module key\.mjs$/);
      const { stderr } = await project.run(['key', 'rotate', '--finish']);
      expect(stderr).toContain('key.mjs still exports the old key');
      const ended = await project.run(['key', 'rotate', '--finish', '--module', 'key.mjs']);
      expect(ended.stderr).not.toContain('still exports');
    });
  });
});
