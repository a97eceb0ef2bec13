// The packed package in an empty folder, the suite beside it, and what the suite is given.

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.js';
import { packedApp, ROOT } from './packed.js';

const HERE = import.meta.dirname;

/** @returns {Promise<string>} the folder; removing it is the caller's. */
export async function installPacked() {
  const app = await packedApp('runtimes');
  for (const part of ['suite', 'suite.js', 'topics.js', 'vectors.js', 'hosts']) {
    await cp(join(HERE, part), join(app, part), { recursive: true });
  }
  const sealed = await readFile(join(ROOT, 'test/vectors/sealed-v2.json'), 'utf8');
  await writeFile(join(app, 'sealed.json'), sealed);
  await command(process.execPath, ['vectors.js'], app);
  return app;
}
