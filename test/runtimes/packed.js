// An empty folder with the packed package in it.

import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.js';

export const ROOT = join(import.meta.dirname, '../..');

/** @param {string} name - What its name begins with. @returns {Promise<string>} the folder; removing it is the caller's. */
export async function packedApp(name) {
  const app = await mkdtemp(join(tmpdir(), `bundleseal-${name}-`));
  await mkdir(join(app, 'packed'));
  await command('npm', ['pack', '--silent', '--pack-destination', join(app, 'packed')], ROOT);
  const [tarball] = await readdir(join(app, 'packed'));
  const manifest = { name: 'app', private: true, type: 'module' };
  await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--silent', '--no-audit', '--no-fund', `./packed/${tarball}`];
  await command('npm', install, app);
  return app;
}
