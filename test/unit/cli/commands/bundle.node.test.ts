// The commands of bundles: what they write, verify and refuse.

import { readdirSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { inspectBundle } from '../../../../src/index.ts';
import { useCli, withProject } from '../../../support/cli.ts';
import { read, withApp } from '../../../support/cli-app.ts';

useCli();

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
