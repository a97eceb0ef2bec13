// The command line: what each command does, says and refuses.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { inspectBundle, keyId } from '../../../src/index.ts';
import { type Project, runIn, useCli, withProject } from '../../support/cli.ts';

useCli();

const SECRET = /PRIVATE KEY-----|MII[A-Za-z0-9+/]{20}/;

/** A project with a build, a config and a key pair. */
async function withApp(work: (project: Project) => Promise<void>): Promise<void> {
  await withProject(async (project) => {
    await project.write('dist/index.html', '<script>CapacitorUpdater.notifyAppReady()</script>');
    await project.write(
      'dist/data.bin',
      new Uint8Array(600_000).map((_, i) => (i * i) >> 3),
    );
    await project.write('dist/app.js.map', '{}');
    await project.write(
      'capacitor.config.json',
      '{ "appId": "com.example.app", "webDir": "dist", "plugins": {} }\n',
    );
    await project.write('package.json', '{ "version": "1.2.3" }');
    expect((await project.run(['key', 'create', '--bits', '3072'])).code).toBe(0);
    await work(project);
  });
}

const read = ({ path }: Project, name: string) => readFileSync(path(name));

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
    [['bundle']],
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
      expect(stderr).toContain('capacitor.config.json is here too');
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

describe('bundle', () => {
  it('seals a folder, opens, verifies and inspects it', async () => {
    await withApp(async (project) => {
      const zip = await project.json(['bundle', 'zip']);
      expect(zip).toMatchObject({ zip: 'dist.zip', entries: 3 });
      const sealed = await project.json([
        ...['bundle', 'encrypt', 'dist', '--channel', 'production', '--sequence', '7'],
      ]);
      const metadata = {
        appId: 'com.example.app',
        version: '1.2.3',
        channel: 'production',
        sequence: 7,
      };
      expect(sealed).toMatchObject({ checksum: zip['checksum'], metadata });
      expect(inspectBundle(read(project, 'dist.zip.sealed')).metadata).toEqual(metadata);

      const file = 'dist.zip.sealed';
      expect(await project.json(['bundle', 'inspect', file])).toMatchObject({ proven: false });
      expect(
        await project.json(['bundle', 'inspect', file, '--key', '.bundleseal_key.pub']),
      ).toMatchObject({ proven: true, checksum: zip['checksum'] });
      expect(await project.json(['bundle', 'verify', file, '--zip', 'dist.zip'])).toMatchObject({
        verified: true,
        matches: true,
      });
      const wrong = await project.run(['bundle', 'verify', file, '--checksum', '0'.repeat(64)]);
      expect(wrong.code).toBe(1);

      const opened = await project.json([
        ...['bundle', 'decrypt', file, '--out', 'opened.zip'],
        ...['--expect-app-id', 'com.example.app', '--min-sequence', '7'],
      ]);
      expect(opened).toMatchObject({ proven: true, metadata });
      expect(read(project, 'opened.zip')).toEqual(read(project, 'dist.zip'));
      expect(await project.json(['bundle', 'decrypt', file, '--extract', 'www'])).toMatchObject({
        entries: 3,
      });
      expect(read(project, 'www/data.bin')).toEqual(read(project, 'dist/data.bin'));
    });
  });

  it.each([
    ['--expect-app-id', 'com.example.other'],
    ['--expect-version', '9'],
    ['--expect-channel', 'beta'],
    ['--min-sequence', '8'],
  ])(
    'decrypt refuses a bundle that does not meet %s %s, and writes nothing',
    async (name, value) => {
      await withApp(async (project) => {
        await project.run(['bundle', 'encrypt', 'dist', '--channel', 'stable', '--sequence', '7']);
        const before = readdirSync(project.folder).sort();
        for (const where of [
          ['--out', 'o.zip'],
          ['--extract', 'o'],
        ]) {
          const args = ['bundle', 'decrypt', 'dist.zip.sealed', ...where, name, value];
          expect(await project.json(args)).toMatchObject({ code: 'ERR_EXPECTATION_FAILED' });
          expect((await project.run(args)).code).toBe(1);
        }
        expect(readdirSync(project.folder).sort()).toEqual(before);
      });
    },
  );

  it('refuses an altered bundle in decrypt and verify, with the chunk', async () => {
    await withApp(async (project) => {
      await project.run(['bundle', 'encrypt', 'dist']);
      const bytes = read(project, 'dist.zip.sealed');
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
      await project.write('bad.sealed', bytes);
      for (const verb of ['decrypt', 'verify']) {
        const error = await project.json(['bundle', verb, 'bad.sealed']);
        expect(error).toMatchObject({ code: 'ERR_CHUNK_INVALID', chunkIndex: expect.any(Number) });
      }
      expect(readdirSync(project.folder)).not.toContain('bad');
    });
  });

  it('reads standard input and writes standard output', async () => {
    await withApp(async (project) => {
      const temporaries = () =>
        readdirSync(tmpdir()).filter((name) => /^bundleseal-\w{6}$/.test(name));
      const before = temporaries();
      const plain = 'any bytes \u0000 at all';
      const sealed = await project.run(['bundle', 'encrypt', '-', '--no-project', '--raw'], {
        stdin: plain,
      });
      expect(sealed.code).toBe(0);
      expect(sealed.stdout.slice(0, 8)).toBe('BNDLSEAL');
      const stdin = Buffer.from(sealed.stdout, 'latin1');
      const opened = await project.run(['bundle', 'decrypt', '-'], { stdin });
      expect(opened.stdout).toBe(plain);
      expect((await project.run(['bundle', 'verify', '-', '--raw'], { stdin })).code).toBe(0);
      const both = await project.run(['bundle', 'decrypt', '-', '--json'], { stdin });
      expect(both.code).toBe(2);
      stdin[stdin.length - 1] = (stdin[stdin.length - 1] as number) ^ 1;
      const bad = await project.run(['bundle', 'decrypt', '-'], { stdin });
      expect(bad).toMatchObject({ code: 1, stdout: '' });
      expect(temporaries()).toEqual(before);
    });
  });

  it('writes body and seal separately, opens and reseals them', async () => {
    await withApp(async (project) => {
      await project.run(['bundle', 'encrypt', 'dist', '--detached', '--out', 'body']);
      await project.run(['key', 'create', '--bits', '3072', '--out', 'next']);
      await project.run([
        ...['bundle', 'reseal', 'body.seal', '--from', '.bundleseal_key.pub'],
        ...['--key', 'next', '--out', 'next.seal'],
      ]);
      for (const [seal, key] of [
        ['body.seal', '.bundleseal_key.pub'],
        ['next.seal', 'next.pub'],
      ] as const) {
        const args = ['bundle', 'verify', 'body', '--seal', seal, '--key', key];
        expect(await project.json(args)).toMatchObject({ verified: true });
      }
    });
  });

  it('reseals sealed bundles in place without changing the body', async () => {
    await withApp(async (project) => {
      await project.run(['bundle', 'encrypt', 'dist', '--out', 'one.sealed']);
      await project.run(['bundle', 'encrypt', 'dist', '--out', 'two.sealed']);
      await project.run(['key', 'create', '--bits', '3072', '--out', 'next']);
      const before = read(project, 'one.sealed');
      const { headerLength } = inspectBundle(before);
      const { code } = await project.run([
        ...['bundle', 'reseal', 'one.sealed', 'two.sealed'],
        ...['--from', '.bundleseal_key.pub', '--key', 'next'],
      ]);
      expect(code).toBe(0);
      expect(read(project, 'one.sealed').subarray(headerLength)).toEqual(
        before.subarray(headerLength),
      );
      for (const file of ['one.sealed', 'two.sealed']) {
        const args = ['bundle', 'verify', file];
        expect(await project.json([...args, '--key', 'next.pub'])).toMatchObject({
          verified: true,
        });
        expect(await project.json(args)).toMatchObject({ code: 'ERR_KEY_MISMATCH' });
      }
      expect(readdirSync(project.folder).filter((name) => name.includes('reseal'))).toEqual([]);
    });
  });

  it("zip requires index.html, and notifyAppReady if Capgo's plugin is a dependency", async () => {
    await withProject(async (project) => {
      await project.write('www/main.js', 'start()');
      expect(await project.json(['bundle', 'zip', 'www'])).toMatchObject({ code: 'ERR_FILE' });
      await project.write('www/index.html', '<html>');
      expect(await project.json(['bundle', 'zip', 'www'])).not.toHaveProperty('warnings');
      const dependencies = { '@capgo/capacitor-updater': '^7.0.0' };
      await project.write('package.json', JSON.stringify({ dependencies }));
      const zipped = await project.json(['bundle', 'zip', 'www']);
      expect(zipped['warnings']).toEqual([expect.stringContaining('notifyAppReady')]);
      const unchecked = await project.json(['bundle', 'zip', 'www', '--no-code-check']);
      expect(unchecked['warnings']).toBeUndefined();
      expect(unchecked['checksum']).toBe(zipped['checksum']);
    });
  });

  it('zip leaves out ignored files, and refuses links', async () => {
    await withApp(async (project) => {
      const args = ['bundle', 'zip', 'dist', '--no-source-maps', '--ignore', '*.bin'];
      expect(await project.json(args)).toMatchObject({ entries: 1 });
      await symlink('/etc/hostname', project.path('dist/link'));
      expect(await project.json(args)).toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path: 'link' });
      expect(await project.json([...args, '--skip-links'])).toMatchObject({ entries: 1 });
    });
  });

  it.each(['zip', 'encrypt'])('%s compresses as hard as --level says', async (command) => {
    await withApp(async (project) => {
      if (command === 'encrypt') await project.json(['key', 'create', '--bits', '3072']);
      await writeFile(project.path('dist/long.txt'), 'a'.repeat(10_000));
      const args = ['bundle', command, 'dist'];
      const sizeAt = async (level: string) =>
        (await project.json([...args, '--level', level]))['size'] as number;
      expect(await sizeAt('0')).toBeGreaterThan(10_000);
      expect(await sizeAt('9')).toBeLessThan(10_000);
      for (const wrong of ['10', '-1', 'best']) {
        expect(await project.json([...args, `--level=${wrong}`])).toMatchObject({
          code: 'ERR_USAGE',
          message: `--level takes an integer from 0 to 9, got "${wrong}"`,
        });
      }
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
    return all as { code: string; state: string; what: string; mend?: string }[];
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

describe("Capgo's format", () => {
  it('makes its keys, encrypts, verifies and opens', async () => {
    await withApp(async (project) => {
      const created = await project.json(['key', 'create', '--capgo']);
      expect(created).toMatchObject({ privateKey: '.capgo_key_v2', bits: 2048 });
      expect(read(project, '.capgo_key_v2').toString()).toContain('BEGIN RSA PRIVATE KEY');
      await project.run(['bundle', 'zip']);
      for (const format of ['v3', 'v2']) {
        const sealed = await project.json([
          ...['bundle', 'encrypt', 'dist.zip', '--capgo', '--checksum-format', format],
        ]);
        expect(sealed).toMatchObject({ out: 'dist.zip_encrypted.zip', keyId: created['keyId'] });
        const sent = [
          ...['--iv-session-key', String(sealed['ivSessionKey'])],
          ...['--checksum', String(sealed['checksum'])],
        ];
        const file = 'dist.zip_encrypted.zip';
        const verify = ['bundle', 'verify', file, '--capgo', ...sent, '--zip', 'dist.zip'];
        expect(await project.json(verify)).toMatchObject({ verified: true, matches: true });
        const args = ['bundle', 'decrypt', file, '--capgo', ...sent, '--out', 'opened.zip'];
        expect((await project.run([...args, '--force'])).code).toBe(0);
        expect(read(project, 'opened.zip')).toEqual(read(project, 'dist.zip'));
      }
    });
  });

  it('has keys that can be shown and saved', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'create', '--capgo']);
      const shown = await project.json(['key', 'show', '.capgo_key_v2', '.capgo_key_v2.pub']);
      expect(shown).toMatchObject({
        keys: [
          { half: 'private', format: 'PKCS#1 PEM', bits: 2048 },
          { half: 'public', format: 'PKCS#1 PEM', bits: 2048 },
        ],
        belongTogether: true,
      });
      const saved = await project.run(['key', 'save', '--capgo']);
      expect(saved.code).toBe(0);
      const config = JSON.parse(read(project, 'capacitor.config.json').toString());
      expect(config.plugins.CapacitorUpdater.publicKey).toBe(
        read(project, '.capgo_key_v2.pub').toString(),
      );
    });
  });

  it('is converted to the sealed format and back', async () => {
    await withApp(async (project) => {
      await project.run(['key', 'create', '--capgo']);
      await project.run(['bundle', 'zip']);
      await project.run(['bundle', 'encrypt', 'dist.zip']);
      const capgo = await project.json([
        ...['bundle', 'convert', 'dist.zip.sealed', '--to', 'capgo', '--out', 'c.zip'],
        ...['--from', '.bundleseal_key.pub', '--key', '.capgo_key_v2'],
      ]);
      const convert = [
        ...['bundle', 'convert', 'c.zip', '--to', 'sealed', '--from', '.capgo_key_v2.pub'],
        ...['--key', '.bundleseal_key', '--out', 'back.sealed'],
        ...['--iv-session-key', String(capgo['ivSessionKey'])],
      ];
      expect((await project.run(convert)).code).toBe(2);
      const back = await project.json([...convert, '--checksum', String(capgo['checksum'])]);
      expect(back).toMatchObject({ metadata: { appId: 'com.example.app', version: '1.2.3' } });
      const verify = ['bundle', 'verify', 'back.sealed', '--zip', 'dist.zip'];
      expect(await project.json(verify)).toMatchObject({ matches: true });
      const altered = read(project, 'c.zip').map((byte, at) => (at === 5 ? byte ^ 1 : byte));
      await project.write('c.zip', altered);
      const refused = await project.json([
        ...[...convert, '--checksum', String(capgo['checksum'])].map((arg) =>
          arg === 'back.sealed' ? 'no.sealed' : arg,
        ),
      ]);
      expect(refused).toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' });
      expect(readdirSync(project.folder)).not.toContain('no.sealed');
    });
  });

  it('needs the signed checksum to open a bundle', async () => {
    await withProject(async (project) => {
      await project.write('x', 'y');
      const args = ['bundle', 'decrypt', 'x', '--capgo', '--iv-session-key', 'a:b', '--out', 'z'];
      expect((await project.run(args)).code).toBe(2);
      await project.run(['key', 'create', '--capgo']);
      const unsigned = await project.json([...args, '--checksum', 'ab'.repeat(32)]);
      expect(unsigned).toMatchObject({ code: 'ERR_VERSION_UNSUPPORTED' });
      expect(readdirSync(project.folder)).not.toContain('z');
    });
  });
});
