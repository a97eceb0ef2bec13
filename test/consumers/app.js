// An empty folder with the packed package in it, and the apps that use it.

import { cp, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../runtimes/command.js';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');

/** @returns {Promise<string>} the folder; removing it is the caller's. */
export async function installPacked() {
  const app = await mkdtemp(join(tmpdir(), 'bundleseal-consumers-'));
  await mkdir(join(app, 'packed'));
  await command('npm', ['pack', '--silent', '--pack-destination', join(app, 'packed')], ROOT);
  const [tarball] = await readdir(join(app, 'packed'));
  const manifest = { name: 'app', private: true, type: 'module' };
  await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--silent', '--no-audit', '--no-fund', `./packed/${tarball}`];
  await command('npm', install, app);
  await cp(join(HERE, 'apps'), app, { recursive: true });
  return app;
}
