// The main job on a real app: the build of KIP, a web app for marine instruments, as npm ships it.
// Run it with `npm run demo`.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  inspectBundle,
  keygen,
  verifyChecksum,
} from 'bundleseal';
import { unzipBundle, zipBundle } from 'bundleseal/zip';

const app = join(
  dirname(createRequire(import.meta.url).resolve('@mxtommy/kip/package.json')),
  'public',
);

const rows = [];
async function step(name, work, say) {
  const start = performance.now();
  const result = await work();
  rows.push([name, `${(performance.now() - start).toFixed(0)} ms`, say(result)]);
  return result;
}

function readFolder(folder) {
  const files = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    files[path.slice(folder.length + 1).replaceAll('\\', '/')] = new Uint8Array(readFileSync(path));
  }
  return files;
}

const bytes = (count) => `${count.toLocaleString('en')} bytes`;
const total = (files) => Object.values(files).reduce((sum, file) => sum + file.length, 0);

function compare(source, copy) {
  const names = Object.keys(source);
  if (names.length !== copy.size) throw new Error('the number of files differs');
  for (const name of names) {
    const other = copy.get(name);
    if (other === undefined || Buffer.compare(source[name], other) !== 0) {
      throw new Error(`${name} differs`);
    }
  }
  return names.length;
}

// The build machine.
const pair = await step('make an RSA-4096 key pair', keygen, (keys) => `key id ${keys.keyId}`);
const files = await step(
  'read the app',
  () => readFolder(app),
  (read) => `${Object.keys(read).length} files, ${bytes(total(read))}`,
);
const bundle = await step(
  'zip',
  // The same files make the same bytes, wherever and whenever that is done.
  () => zipBundle(files),
  (zip) => bytes(zip.length),
);
const sealed = await step(
  'seal',
  () =>
    encryptBundle(bundle, {
      privateKey: pair.privateKey,
      metadata: { appId: 'com.example.kip', version: '1.0.0', sequence: 1 },
    }),
  ({ bytes: all }) =>
    `${bytes(all.length)}, overhead ${all.length - bundle.length} bytes (${((100 * (all.length - bundle.length)) / bundle.length).toFixed(3)} %)`,
);

// The store, the CDN, the update service: they see this and no more.
const { metadata, size } = inspectBundle(sealed.bytes);
rows.push(['what the store can see', '', `${JSON.stringify(metadata)}, ${bytes(size)}`]);

// The device.
const opened = await step(
  'open',
  () =>
    decryptBundle(sealed.bytes, {
      publicKey: pair.publicKey,
      expect: { appId: 'com.example.kip', minSequence: 1 },
    }),
  (plain) => bytes(plain.length),
);
const genuine = await step(
  'verify the checksum',
  () => verifyChecksum(opened, sealed.checksum),
  (answer) => `${answer ? 'matches' : 'DIFFERS'}: ${sealed.checksum}`,
);
const unzipped = await step(
  'unzip',
  () => unzipBundle(opened),
  (out) => `${out.size} files`,
);
await step(
  'compare with the source',
  () => compare(files, unzipped),
  (count) => `${count} files are equal to the byte`,
);
if (!genuine) process.exitCode = 1;

const width = (column) => Math.max(...rows.map((row) => row[column].length));
for (const [name, time, result] of rows) {
  console.log(`${name.padEnd(width(0))}  ${time.padStart(width(1))}  ${result}`);
}

async function refused(what, sealedBytes, publicKey) {
  try {
    await decryptBundle(sealedBytes, { publicKey });
  } catch (error) {
    if (!(error instanceof BundleSealError)) throw error;
    console.log(`\n${what}\n  ${error.code}: ${error.message}`);
    return;
  }
  console.log(`\n${what}\n  was opened, which must not be`);
  process.exitCode = 1;
}

const altered = sealed.bytes.slice();
altered[altered.length - 1000] ^= 1;
await refused('A copy with one bit altered:', altered, pair.publicKey);
await refused('Opened with the wrong public key:', sealed.bytes, (await keygen()).publicKey);
await refused('A download that was cut:', sealed.bytes.subarray(0, -100_000), pair.publicKey);
