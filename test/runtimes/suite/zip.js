import { decryptStream, encryptBundle, openBundle } from 'bundleseal';
import { openZip, unzipBundle, unzipStream, zipBundle, zipStream } from 'bundleseal/zip';
import { base64, collect, sample, streamOf } from './bytes.js';
import { equal, equalBytes, refused } from './check.js';

export function* tests({ vectors }) {
  const { sealed, zip } = vectors;
  const { b } = sealed.keys;
  const files = filesToZip();
  const archive = base64(zip.archive);

  yield [
    'the same files make the same bytes',
    async () => equalBytes(await zipBundle(files), archive),
  ];

  yield [
    'and as a stream, in any order',
    async () => {
      const turned = Object.entries(files).reverse();
      equalBytes(await collect(zipStream(turned)), archive);
    },
  ];

  yield ['unzips', async () => checkFiles(await unzipBundle(archive))];

  yield [
    'unzips a sealed download as it comes',
    async () => {
      const { bytes } = await encryptBundle(archive, { privateKey: b.pkcs8, chunkSize: 4096 });
      const opened = decryptStream(streamOf(bytes), { publicKey: b.spki });
      const found = new Map();
      for await (const entry of unzipStream(opened)) found.set(entry.path, await entry.bytes());
      checkFiles(found);
    },
  ];

  yield [
    'reads one file out of a sealed bundle',
    async () => {
      const { bytes } = await encryptBundle(archive, { privateKey: b.pkcs8, chunkSize: 4096 });
      const bundle = await openBundle(new Blob([bytes]), { publicKey: b.spki });
      const reader = await openZip(bundle);
      equal(reader.has('größe.txt'), true);
      equalBytes(await reader.read('assets/app.js'), files['assets/app.js']);
      bundle.close();
    },
  ];

  yield [
    'refuses a damaged zip',
    async () => {
      const damaged = archive.slice();
      damaged[100] ^= 0xff;
      await refused(() => unzipBundle(damaged), 'ERR_ARCHIVE_INVALID');
    },
  ];

  function checkFiles(found) {
    equal(found.size, Object.keys(files).length, 'files');
    for (const [path, bytes] of Object.entries(files)) equalBytes(found.get(path), bytes, path);
  }
}

/** What `vectors.js` zips and every runtime has to. */
export function filesToZip() {
  return {
    'index.html': sample(3000),
    'assets/app.js': new Uint8Array(20_000).fill(97),
    'größe.txt': sample(17),
    empty: new Uint8Array(0),
  };
}
