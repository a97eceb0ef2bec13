// @ts-check One patch in a fresh process: node update-child.js folder. Prints the peak of memory beyond an idle
// process, in bytes. The folder has the build, the store by the names of its files, and the public key.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { folderBuiltIn, folderStore } from '../dist/node.js';
import { peak, resetPeak } from './peak.js';
import { createDevice } from './update-world.js';

const folder = /** @type {string} */ (process.argv[2]);
const updater = createDevice(
  folderStore(join(folder, `device-${process.pid}`)),
  folderBuiltIn(join(folder, 'build')),
  (path) => readFile(join(folder, basename(path))),
  await readFile(join(folder, 'public.pem'), 'utf8'),
);
await updater.start();
const check = await updater.check();
const way = check.status === 'available' ? check.way.kind : check.status;
globalThis.gc?.();
resetPeak();
const resting = process.memoryUsage.rss();
await updater.download();
console.log(JSON.stringify({ beyond: peak() - resting, way }));
