// Gathers what the suite is given: the format's known-answer vectors, and a zip and a Capgo bundle made here, in
// Node, which every runtime has to make again byte for byte and to open.

import { readFile, writeFile } from 'node:fs/promises';
import { encryptBundle, keygen } from 'bundleseal/capgo';
import { zipBundle } from 'bundleseal/zip';
import { DRAWS, plainOfCapgo } from './suite/capgo.js';
import { withDraws } from './suite/fixed-random.js';
import { filesToZip } from './suite/zip.js';

const base64 = (bytes) => Buffer.from(bytes).toString('base64');

const pair = await keygen();
const { bundle, ...sent } = await withDraws(DRAWS, () =>
  encryptBundle(plainOfCapgo(), { privateKey: pair.privateKey }),
);
const vectors = {
  sealed: JSON.parse(await readFile('sealed.json', 'utf8')),
  zip: { archive: base64(await zipBundle(filesToZip())) },
  capgo: { pair, bundle: base64(bundle), sent },
};
await writeFile('vectors.json', JSON.stringify(vectors));
