// Packs this package as `npm pack` does, from a copy: a build replaces `dist/`, which other programs may be reading.

import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, runIn } from './cli.ts';

const ROOT = join(import.meta.dirname, '../..');
const PACKED = [
  ...['build', 'docs', 'examples', 'src', 'package.json', 'tsconfig.json', 'tsup.config.ts'],
  ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md'],
];

/**
 * Writes the tarball into a folder and returns its name. It holds no declarations of types, which take four times as
 * long to make as everything else; `test/consumers` compiles them.
 */
export async function packInto(folder: string): Promise<string> {
  const copy = join(folder, 'packed-from');
  mkdirSync(copy);
  for (const name of PACKED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  succeeded(await runIn(copy, 'node_modules/.bin/tsup', ['--silent', '--no-dts']));
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = succeeded(await runIn(copy, 'npm', args));
  return stdout.trim().split('\n').at(-1) as string;
}

function succeeded(ran: Ran): Ran {
  if (ran.code !== 0) throw new Error(`${ran.stderr}${ran.stdout}`);
  return ran;
}
