// bundleseal/node, in runtimes that have files. No part of suite.js: bundlers for browsers would meet Node's modules.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleSealError, openBundle } from 'bundleseal';
import {
  checksumFile,
  decryptFile,
  encryptFile,
  fileSource,
  unzipFile,
  zipDirectory,
} from 'bundleseal/node';
import { sample } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';

export function* tests({ vectors }) {
  const { pkcs8: privateKey, spki: publicKey } = vectors.sealed.keys.b;
  // Over 32 MiB, where work is handed to a thread.
  const plain = new Uint8Array(34_000_000).fill(7);
  plain.set(sample(100_000), 5_000_000);

  yield [
    'seals and opens a file, two cores where there are two',
    inFolder(async (at) => {
      await writeFile(at('plain'), plain);
      const { checksum } = await encryptFile(at('plain'), at('sealed'), { privateKey });
      await decryptFile(at('sealed'), at('opened'), { publicKey });
      equal(Buffer.compare(await readFile(at('opened')), plain), 0, 'what was opened');
      equal(await checksumFile(at('opened')), checksum);
    }),
  ];

  yield [
    'seals detached, and reads any part of the file',
    inFolder(async (at) => {
      await writeFile(at('plain'), plain.subarray(0, 6_000_000));
      const options = { privateKey, detached: true };
      const { seal } = await encryptFile(at('plain'), at('body'), options);
      const source = await fileSource(at('body'));
      const reader = await openBundle(source, { publicKey, seal });
      equalBytes(await reader.read(5_000_000, 1000), sample(1000));
      reader.close();
      await source[Symbol.asyncDispose]();
    }),
  ];

  yield [
    'zips a folder, and unpacks it',
    inFolder(async (at) => {
      await mkdir(at('app/assets'), { recursive: true });
      await writeFile(at('app/index.html'), sample(1000));
      await writeFile(at('app/assets/app.js'), sample(70_000));
      equal((await zipDirectory(at('app'), at('app.zip'))).entries, 2);
      equal((await unzipFile(at('app.zip'), at('out'))).entries, 2);
      equalBytes(new Uint8Array(await readFile(at('out/assets/app.js'))), sample(70_000));
    }),
  ];

  yield [
    'ERR_FILE, and nothing is left behind by what was refused',
    inFolder(async (at) => {
      const missing = () => decryptFile(at('missing'), at('opened'), { publicKey });
      equal((await refused(missing, 'ERR_FILE')) instanceof BundleSealError, true, 'class');
      await writeFile(at('sealed'), new Uint8Array(1000));
      const other = () => decryptFile(at('sealed'), at('opened'), { publicKey });
      await refused(other, 'ERR_HEADER_INVALID');
      await refused(() => checksumFile(at('opened')), 'ERR_FILE');
    }),
  ];
}

const inFolder = (test) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bundleseal-runtime-'));
  try {
    await test((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
