// The project in which an example of the documentation runs: a build, its keys, and a server with the published
// files.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as capgo from '../../src/capgo.ts';
import { encryptBundle } from '../../src/index.ts';
import { createPatch } from '../../src/release.ts';
import { zipBundle } from '../../src/zip.ts';
import { writeKeyModule } from './docs.ts';
import { capgoPair } from './pairs.ts';
import { keyB } from './vectors.ts';

const text = (value: string) => new TextEncoder().encode(value);

const BUILD = {
  'index.html': text('<!doctype html><script src="assets/app-b2.js"></script>'),
  'assets/app-b2.js': text('notifyAppReady();'),
};
const PREVIOUS = {
  'index.html': text('<!doctype html><script src="assets/app-a1.js"></script>'),
  'assets/app-a1.js': text('notifyAppReady(); // 1.2.2'),
};

/** The variables of the build machine. */
export type Secrets = Readonly<Record<'BUNDLESEAL_PRIVATE_KEY' | 'CAPGO_PRIVATE_KEY', string>>;

/** Fills an empty folder. */
export async function makeProject(folder: string): Promise<Secrets> {
  const appId = 'com.example.app';
  const privateKey = keyB.pkcs8;
  const zip = await zipBundle(BUILD);
  const metadata = { appId, version: '1.2.3', channel: 'production', sequence: 7 };
  const sealed = await encryptBundle(zip, { privateKey, metadata });
  const patch = await createPatch(PREVIOUS, BUILD, { privateKey, appId });
  const capgoKey = capgoPair(0);
  const forCapgo = await capgo.encryptBundle(zip, { privateKey: capgoKey.privateKey });
  const { ivSessionKey, checksum } = forCapgo;
  const files: Record<string, string | Uint8Array> = {
    '.bundleseal_key': privateKey,
    '.bundleseal_key.pub': keyB.spki,
    '.capgo_key_v2': capgoKey.privateKey,
    '.capgo_key_v2.pub': capgoKey.publicKey,
    'package.json': '{ "type": "module" }',
    'app.zip': zip,
    'public/app.sealed': sealed.bytes,
    'public/app.body': sealed.ciphertext,
    'public/app.seal': sealed.seal,
    'public/patch.sealed': patch.bytes,
    'public/app_encrypted.zip': forCapgo.bundle,
    'public/app.json': JSON.stringify({ ivSessionKey, checksum }),
  };
  for (const [path, bytes] of Object.entries(BUILD)) files[`dist/${path}`] = bytes;
  for (const [path, bytes] of Object.entries(PREVIOUS)) files[`current/${path}`] = bytes;
  for (const [path, content] of Object.entries(files)) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content);
  }
  await writeKeyModule(join(folder, 'bundleseal-key.js'));
  return { BUNDLESEAL_PRIVATE_KEY: privateKey, CAPGO_PRIVATE_KEY: capgoKey.privateKey };
}
