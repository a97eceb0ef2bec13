// The command line: usage, keys and where they come from.

import { readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyId } from '../../../src/index.ts';
import { runIn, useCli, withProject } from '../../support/cli.ts';
import { read, SECRET, withApp } from '../../support/cli-app.ts';

useCli();

describe('usage', () => {
  it.each([
    ['key', 'create save delete-old show rotate'],
    ['bundle', 'zip encrypt decrypt verify inspect reseal convert'],
    ['release', 'publish list rollout withdraw promote refresh verify prune stamp keys id'],
  ])('lists the same commands of %s whether they are loaded or not', async (group, names) => {
    await withProject(async ({ run }) => {
      const listed = (await run([group, '--help'])).stdout;
      // Commands whose names are among the arguments are loaded.
      expect((await run([group, '--help', ...names.split(' ')])).stdout).toBe(listed);
      for (const name of names.split(' ')) expect(listed).toContain(`  ${name} [options]`);
    });
  });

  it('shows help with examples for every command, and exits with 0', async () => {
    await withProject(async ({ run }) => {
      const commands = [
        ...['create', 'save', 'delete-old', 'show', 'rotate'].map((name) => ['key', name]),
        ...['zip', 'encrypt', 'decrypt', 'verify', 'inspect', 'reseal', 'convert'].map((name) => [
          'bundle',
          name,
        ]),
        ['doctor'],
      ];
      for (const command of commands) {
        const { code, stdout } = await run([...command, '--help']);
        expect(code).toBe(0);
        expect(stdout).toContain('Examples:\n  $ npx bundleseal ');
        expect(stdout).toContain('--json');
      }
    });
  });

  it.each([
    [['nonsense']],
    [['bundle', 'encrypt']],
    [['bundle', 'verify', 'x', '--nonsense']],
    [['key', 'create', '--bits', '1024']],
    [['key', 'create', '--format', 'der']],
    [['bundle', 'verify', 'x', '--checksum', 'abc']],
    [['bundle', 'decrypt', 'x']],
    [['bundle', 'decrypt', 'x', '--out', 'a', '--extract', 'b']],
    [['bundle', 'encrypt', '.']],
  ])('exits with 2 for %j', async (args) => {
    await withProject(async ({ run }) => {
      expect((await run(args)).code).toBe(2);
    });
  });

  it.each(['key', 'bundle', 'release'])('shows the help of the group %s alone', async (group) => {
    await withProject(async ({ run }) => {
      const { code, stdout, stderr } = await run([group]);
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toBe((await run([group, '--help'])).stdout);
      expect(stdout).toMatch(/^Usage: .*\n\n[A-Z][^\n]*\.\n/);
    });
  });

  it('prints usage errors as one object with --json', async () => {
    await withProject(async ({ run }) => {
      const args = ['key', 'creat', '--json'];
      const { code, stdout, stderr } = await run(args, { isProcess: true });
      expect(code).toBe(2);
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ code: 'ERR_USAGE' });
    });
  });

  it('uses no colour without a terminal', async () => {
    await withApp(async ({ run }) => {
      const { stdout, stderr } = await run(['doctor']);
      expect(Buffer.from(stdout, 'latin1').toString()).toContain('✓');
      expect(stdout + stderr).not.toContain('\u001b');
    });
  });
});

describe('key create', () => {
  it('writes a private file that only its owner can read, and never shows it', async () => {
    await withProject(async (project) => {
      const args = ['key', 'create', '--bits', '3072'];
      const { code, stdout, stderr } = await project.run(args, { isProcess: true });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(SECRET);
      expect(statSync(project.path('.bundleseal_key')).mode & 0o777).toBe(0o600);
      expect(readdirSync(project.folder).sort()).toEqual([
        '.bundleseal_key',
        '.bundleseal_key.pub',
      ]);
      const id = await keyId(read(project, '.bundleseal_key').toString());
      expect(stderr).toContain(id);
      expect(await keyId(read(project, '.bundleseal_key.pub').toString())).toBe(id);
    });
  });

  it.each(['.bundleseal_key', '.bundleseal_key.pub'])(
    'keeps an existing %s, unless --force says otherwise',
    async (name) => {
      await withProject(async (project) => {
        await project.write(name, 'mine');
        const args = ['key', 'create', '--bits', '3072'];
        expect(await project.json(args)).toMatchObject({ code: 'ERR_FILE', path: name });
        expect(readdirSync(project.folder)).toEqual([name]);
        expect(read(project, name).toString()).toBe('mine');
        expect((await project.run([...args, '--force'])).code).toBe(0);
        expect(read(project, name).toString()).not.toBe('mine');
        expect(statSync(project.path('.bundleseal_key')).mode & 0o777).toBe(0o600);
      });
    },
  );

  it('writes PKCS#1 on request', async () => {
    await withProject(async (project) => {
      await project.run(['key', 'create', '--bits', '3072', '--format', 'pkcs1', '--out', 'k']);
      expect(read(project, 'k').toString()).toContain('-----BEGIN RSA PRIVATE KEY-----');
      expect(read(project, 'k.pub').toString()).toContain('-----BEGIN RSA PUBLIC KEY-----');
    });
  });

  it('warns if git would commit the private key, and adds the line on request', async () => {
    await withProject(async (project) => {
      expect((await runIn(project.folder, 'git', ['init', '-q'])).code).toBe(0);
      const args = ['key', 'create', '--bits', '3072', '--force'];
      expect((await project.run(args)).stderr).toContain('add these lines to .gitignore');
      await project.write('.gitignore', 'node_modules');
      await project.run([...args, '--gitignore']);
      expect(read(project, '.gitignore').toString()).toBe(
        'node_modules\n/.bundleseal_key\n/.bundleseal_key.old*\n.*.bundleseal-tmp\n',
      );
      expect((await project.json(args))['warnings']).toBeUndefined();
    });
  });
});

describe('key save and key delete-old', () => {
  it('write the key, and keep the rest of the file', async () => {
    await withApp(async (project) => {
      await project.write(
        'capacitor.config.ts',
        "// ours\nexport default {\n  appId: 'a.b', // id\n  plugins: { CapacitorUpdater: { autoUpdate: true } },\n};\n",
      );
      const { code, stderr } = await project.run(['key', 'save']);
      expect(code).toBe(0);
      expect(stderr).toContain('npx cap sync');
      expect(stderr).toContain('capacitor.config.json exists too');
      const text = read(project, 'capacitor.config.ts').toString();
      expect(text).toContain('autoUpdate: true');
      expect(text.replace(/, BundleSeal: { publicKey: '[^']*' }/, '')).toBe(
        "// ours\nexport default {\n  appId: 'a.b', // id\n  plugins: { CapacitorUpdater: { autoUpdate: true } },\n};\n",
      );
      expect(await project.json(['key', 'save'])).toMatchObject({ changed: false });
    });
  });

  it('do not change a file that they cannot edit, and print the lines', async () => {
    await withApp(async (project) => {
      const text = 'export default makeConfig(process.env);\n';
      await project.write('capacitor.config.ts', text);
      const { code, stderr } = await project.run(['key', 'save']);
      expect(code).toBe(1);
      expect(stderr).toContain('plugins: {');
      expect(read(project, 'capacitor.config.ts').toString()).toBe(text);
    });
  });

  it('refuse a private key', async () => {
    await withApp(async (project) => {
      const before = read(project, 'capacitor.config.json');
      const { code, stderr } = await project.run(['key', 'save', '--key', '.bundleseal_key']);
      expect(code).toBe(1);
      expect(stderr).not.toMatch(SECRET);
      expect(read(project, 'capacitor.config.json')).toEqual(before);
    });
  });

  it('remove a V1 private key', async () => {
    await withProject(async (project) => {
      await project.write(
        'capacitor.config.json',
        '{"plugins":{"CapacitorUpdater":{"privateKey":"old","autoUpdate":true}}}',
      );
      expect(await project.json(['key', 'delete-old'])).toMatchObject({ changed: true });
      expect(read(project, 'capacitor.config.json').toString()).toBe(
        '{"plugins":{"CapacitorUpdater":{"autoUpdate":true}}}',
      );
    });
  });

  it('remove a private key from the settings of both plugins, or of the named one', async () => {
    await withProject(async (project) => {
      const both =
        '{"plugins":{"CapacitorUpdater":{"privateKey":"a","b":1},"BundleSeal":{"b":2,"privateKey":"c"}}}';
      await project.write('capacitor.config.json', both);
      const named = ['key', 'delete-old', '--plugin', 'BundleSeal'];
      expect(await project.json(named)).toMatchObject({ changed: true });
      expect(read(project, 'capacitor.config.json').toString()).toBe(
        both.replace(',"privateKey":"c"', ''),
      );
      await project.write('capacitor.config.json', both);
      expect(await project.json(['key', 'delete-old'])).toMatchObject({ changed: true });
      expect(read(project, 'capacitor.config.json').toString()).toBe(
        '{"plugins":{"CapacitorUpdater":{"b":1},"BundleSeal":{"b":2}}}',
      );
    });
  });

  it('say what to do if there is no config', async () => {
    await withProject(async (project) => {
      const { code, stderr } = await project.run(['key', 'delete-old']);
      expect(code).toBe(2);
      expect(stderr).toContain('--config');
    });
  });
});

describe('key show', () => {
  it('describes keys, and says whether two belong together', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'create', '--bits', '3072', '--format', 'pkcs1', '--out', 'other']);
      const pair = ['.bundleseal_key', '.bundleseal_key.pub'];
      expect(await project.json(['key', 'show', ...pair])).toMatchObject({
        keys: [
          { half: 'private', format: 'PKCS#8 PEM', bits: 3072 },
          { half: 'public', format: 'SubjectPublicKeyInfo PEM', bits: 3072 },
        ],
        belongTogether: true,
      });
      const { code, stdout, stderr } = await project.run([
        'key',
        'show',
        'other',
        '.bundleseal_key.pub',
      ]);
      expect(code).toBe(1);
      expect(Buffer.from(stdout, 'latin1').toString()).toContain('✗ they do not belong together');
      expect(stdout + stderr).not.toMatch(SECRET);
    });
  });

  it('refuses input that is not a key without quoting it', async () => {
    await withProject(async (project) => {
      await project.write('jwk', '{"kty":"RSA","d":"sEcReT"');
      const { code, stdout } = await project.run(['key', 'show', 'jwk', '--json']);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ code: 'ERR_KEY_INVALID' });
      expect(stdout).not.toContain('sEcReT');
    });
  });
});

describe('where private keys come from', () => {
  it('is --key, then the variable, then the file', async () => {
    await withApp(async (project) => {
      const ids: Record<string, unknown> = {};
      for (const out of ['a', 'b']) {
        const { keyId: id } = await project.json(['key', 'create', '--bits', '3072', '--out', out]);
        ids[out] = id;
      }
      const env = { BUNDLESEAL_PRIVATE_KEY: read(project, 'b').toString() };
      const args = ['bundle', 'encrypt', 'dist'];
      expect(await project.json([...args, '--key', 'a'], { env })).toMatchObject({
        keyId: ids['a'],
      });
      expect(await project.json(args, { env })).toMatchObject({ keyId: ids['b'] });
      const own = await keyId(read(project, '.bundleseal_key.pub').toString());
      expect(await project.json(args)).toMatchObject({ keyId: own });
      const data = await project.json([...args, '--key-data', read(project, 'a').toString()]);
      expect(data).toMatchObject({ keyId: ids['a'] });
      expect(data['warnings']).toEqual([expect.stringContaining('list of processes')]);
      expect(JSON.stringify(data)).not.toMatch(SECRET);
    });
  });

  it('may be a variable that a CI system has damaged', async () => {
    await withApp(async (project) => {
      const pem = read(project, '.bundleseal_key').toString();
      const mangled = [
        pem.replaceAll('\n', '\\n'),
        pem.replaceAll('\n', ' '),
        `"${pem.trim()}"`,
        Buffer.from(pem).toString('base64'),
        pem.replaceAll('\n', '\r\n'),
      ];
      const id = await keyId(pem);
      for (const text of mangled) {
        const env = { BUNDLESEAL_PRIVATE_KEY: text };
        expect(await project.json(['bundle', 'encrypt', 'dist'], { env })).toMatchObject({
          keyId: id,
        });
      }
    });
  });

  it('is listed in the error if there is no key', async () => {
    await withProject(async (project) => {
      await project.write('a.zip', 'x');
      const error = await project.json(['bundle', 'encrypt', 'a.zip']);
      expect(error).toMatchObject({ code: 'ERR_KEY_INVALID' });
      expect(error['message']).toContain('BUNDLESEAL_PRIVATE_KEY');
    });
  });
});

describe('key rotate', () => {
  it('keeps both keys while old apps are in use, and ends', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'save']);
      await project.run(['bundle', 'encrypt', 'dist', '--out', 'old.sealed']);
      const old = read(project, '.bundleseal_key');
      expect((await project.run(['key', 'rotate'])).code).toBe(0);
      expect(read(project, '.bundleseal_key.old')).toEqual(old);
      const config = () =>
        JSON.parse(read(project, 'capacitor.config.json').toString()).plugins.BundleSeal;
      expect(config().publicKey).toBe(read(project, '.bundleseal_key.pub').toString());
      expect(config().previousPublicKey).toBe(read(project, '.bundleseal_key.old.pub').toString());
      // An app with both keys opens what either sealed.
      await project.run(['bundle', 'encrypt', 'dist', '--out', 'new.sealed']);
      const keys = ['--key', '.bundleseal_key.pub', '--key', '.bundleseal_key.old.pub'];
      for (const file of ['old.sealed', 'new.sealed']) {
        expect(await project.json(['bundle', 'verify', file, ...keys])).toMatchObject({
          verified: true,
        });
      }
      const resealed = await project.json([
        ...['bundle', 'reseal', 'old.sealed', '--from', '.bundleseal_key.old.pub'],
      ]);
      expect(resealed['code']).toBeUndefined();
      expect(await project.json(['bundle', 'verify', 'old.sealed'])).toMatchObject({
        verified: true,
      });

      expect(await project.json(['key', 'rotate'])).toMatchObject({ code: 'ERR_FILE' });
      expect(read(project, '.bundleseal_key.old')).toEqual(old);
      expect((await project.run(['key', 'rotate', '--finish'])).code).toBe(0);
      expect(Object.keys(config())).toEqual(['publicKey']);
    });
  });
});
