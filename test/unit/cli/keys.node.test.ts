// Keys on the command line: where they come from, and where `key save` keeps them.

import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyId as capgoKeyId } from '../../../src/capgo/keys.ts';
import { keyId } from '../../../src/index.ts';
import { type Project, useCli, withProject } from '../../support/cli.ts';
import { capgo, next, other, ours, read, secretOf, zip } from '../../support/cli-keys.ts';

useCli();

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

  it('names the missing folder of a module', async () => {
    await withProject(async (project) => {
      await project.write('.bundleseal_key.pub', ours.publicKey);
      const { code, stderr } = await project.run(['key', 'save', '--module', 'src/x.ts']);
      expect(code).toBe(1);
      expect(stderr).toContain('there is no folder "src": make the folder, or name another file');
    });
  });

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
