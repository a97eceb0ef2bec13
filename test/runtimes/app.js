// An empty folder with the packed package in it, the suite beside it, and what the suite is given.

import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.js';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../..');

/** @returns {Promise<string>} the folder; removing it is the caller's. */
export async function installPacked() {
  const app = await mkdtemp(join(tmpdir(), 'bundleseal-runtimes-'));
  await mkdir(join(app, 'packed'));
  await command('npm', ['pack', '--silent', '--pack-destination', join(app, 'packed')], ROOT);
  const [tarball] = await readdir(join(app, 'packed'));
  const manifest = { name: 'app', private: true, type: 'module' };
  await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--silent', '--no-audit', '--no-fund', `./packed/${tarball}`];
  await command('npm', install, app);
  for (const part of ['suite', 'suite.js', 'topics.js', 'vectors.js', 'hosts']) {
    await cp(join(HERE, part), join(app, part), { recursive: true });
  }
  const sealed = await readFile(join(ROOT, 'test/vectors/sealed-v2.json'), 'utf8');
  await writeFile(join(app, 'sealed.json'), sealed);
  await command(process.execPath, ['vectors.js'], app);
  return app;
}
