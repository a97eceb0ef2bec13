// The commands of keys and bundles in Capgo's format.

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useCli, withProject } from '../../support/cli.ts';
import { read, withApp } from '../../support/cli-app.ts';

useCli();

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
