// Gathers the input of the suite: the format's known-answer vectors, and a zip, a patch and a Capgo bundle that Node
// makes here. Every runtime has to make these byte for byte again, and to open them.

import { readFile, writeFile } from 'node:fs/promises';
import { encryptBundle, keygen } from 'bundleseal/capgo';
import { zipBundle } from 'bundleseal/zip';
import { DRAWS, plainOfCapgo } from './suite/capgo.js';
import { withDraws } from './suite/fixed-random.js';
import { sealedPatch } from './suite/releases.js';
import { filesToZip } from './suite/zip.js';

const base64 = (bytes) => Buffer.from(bytes).toString('base64');

const pair = await keygen();
const { bundle, ...sent } = await withDraws(DRAWS, () =>
  encryptBundle(plainOfCapgo(), { privateKey: pair.privateKey }),
);
const sealed = JSON.parse(await readFile('sealed.json', 'utf8'));
const { bytes: patch, from, to } = await sealedPatch(sealed.keys.b.pkcs8);
const vectors = {
  sealed,
  zip: { archive: base64(await zipBundle(filesToZip())) },
  releases: { patch: base64(patch), from, to },
  capgo: { pair, bundle: base64(bundle), sent },
};
await writeFile('vectors.json', JSON.stringify(vectors));
