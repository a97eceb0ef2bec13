// This library opens the output of Capgo's own command line, which opens the output of this library.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decryptBundle, encryptBundle, keygen, keyId } from '../../src/capgo.ts';
import { type CapgoProject, hasCapgoCli, withCapgoProject } from '../support/capgo-cli.ts';
import { rejection } from '../support/errors.ts';
import { everyNth } from '../support/scope.ts';

const skipped = !hasCapgoCli();

// What either side prints is compared with what the other makes of the same zip and the same key. The version of the
// plugin decides the format of the checksum; `npm test` takes a version of each format.
const VERSIONS = everyNth(
  [
    ['8.0.0', 'v3'],
    ['7.30.0', 'v3'],
    ['7.29.9', 'v2'],
  ] as const,
  2,
);

async function zipOf({ capgo, read }: CapgoProject) {
  const printed = await capgo(
    ...['bundle', 'zip', 'com.example.app', '--path', 'www', '--name', 'app.zip', '--key-v2'],
    '--json',
  );
  const zip = await read('app.zip');
  const checksum = createHash('sha256').update(zip).digest('hex');
  expect(JSON.parse(printed)).toMatchObject({ checksum });
  return { zip, checksum };
}

async function keysOf({ read }: CapgoProject) {
  const privateKey = (await read('.capgo_key_v2')).toString();
  const publicKey = (await read('.capgo_key_v2.pub')).toString();
  return { privateKey, publicKey };
}

describe.skipIf(skipped)("Capgo's CLI, for a plugin", () => {
  it.each(VERSIONS)(
    '%s: makes keys, a zip and a bundle that the library opens',
    async (plugin, format) => {
      await withCapgoProject(plugin, async (project) => {
        await project.capgo('key', 'create');
        const { privateKey, publicKey } = await keysOf(project);
        const { zip, checksum } = await zipOf(project);
        const printed = JSON.parse(
          await project.capgo('bundle', 'encrypt', 'app.zip', checksum, '--json'),
        );
        const encrypted = await project.read('app.zip_encrypted.zip');

        const sent = { publicKey, ivSessionKey: printed.ivSessionKey, checksum: printed.checksum };
        expect(Buffer.from(await decryptBundle(encrypted, sent))).toEqual(zip);

        const ours = await encryptBundle(zip, { privateKey, checksumFormat: format });
        expect(Object.keys(printed).sort()).toEqual(['checksum', 'filename', 'ivSessionKey']);
        // A signature of this kind has nothing random in it.
        expect(ours.checksum).toBe(printed.checksum);
        expect(ours.bundle.length).toBe(encrypted.length);
        const lengths = (text: string) =>
          text.split(':').map((part) => Buffer.from(part, 'base64').length);
        expect(lengths(ours.ivSessionKey)).toEqual(lengths(printed.ivSessionKey));

        const config = JSON.parse((await project.read('capacitor.config.json')).toString());
        expect(config.plugins.CapacitorUpdater.publicKey).toBe(publicKey);
        const body = publicKey.split('\n').slice(1, -2).join('');
        expect([ours.keyId, keyId(publicKey)]).toEqual([body.slice(0, 20), body.slice(0, 20)]);

        encrypted[40] = (encrypted[40] as number) ^ 1;
        await rejection(decryptBundle(encrypted, sent), 'ERR_CHECKSUM_MISMATCH');
      });
    },
  );

  it.each(VERSIONS)(
    '%s: opens a bundle that the library made with its own keys',
    async (plugin, format) => {
      await withCapgoProject(plugin, async (project) => {
        const { privateKey, publicKey } = await keygen();
        await project.write('.capgo_key_v2', privateKey);
        await project.write('.capgo_key_v2.pub', publicKey);
        await project.capgo('key', 'save', '--key', '.capgo_key_v2.pub');
        const config = JSON.parse((await project.read('capacitor.config.json')).toString());
        expect(config.plugins.CapacitorUpdater.publicKey).toBe(publicKey);

        const { zip, checksum } = await zipOf(project);
        const made = await encryptBundle(zip, { privateKey, checksumFormat: format });
        await project.write('ours.zip', made.bundle);
        const open = ['bundle', 'decrypt', 'ours.zip', made.ivSessionKey, '--checksum'];
        await project.capgo(...open, made.checksum);
        expect(await project.read('ours.zip_decrypted.zip')).toEqual(zip);

        // It does look at the checksum: one of another zip is refused.
        const other = await encryptBundle(zip.subarray(1), { privateKey, checksumFormat: format });
        const refused = await project.run(...open, other.checksum);
        expect(refused.code).not.toBe(0);
        expect(refused.stderr + refused.stdout).toContain(checksum);
      });
    },
  );
});
