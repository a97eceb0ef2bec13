// What README.md says of the dependencies is what is installed.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));

/** Everything that an app installs with this package. */
const atRunTime: readonly string[] = (() => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  return Object.entries<{ dev?: boolean; devOptional?: boolean }>(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path]) => path)
    .sort();
})();

/** As the registry counts: the files alone. */
function sizeOf(folder: string): number {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => !/(^|[/\\])node_modules([/\\]|$)/.test(path))
    .map((path) => statSync(join(ROOT, folder, path)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

const section = readFileSync(join(ROOT, 'README.md'), 'utf8')
  .split(/^## /m)
  .find((each) => each.startsWith('Dependencies\n'));
const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;

describe('the table of dependencies in README.md', () => {
  const rows = (section ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

  it('names each package with its version, licence, size and dependencies, and no other', () => {
    const installed = atRunTime.map((path) => {
      const { version, license, dependencies, optionalDependencies, peerDependencies } =
        manifestOf(path);
      const own = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
      return [
        path.replace(/^.*node_modules\//, ''),
        version,
        license,
        kilobytes(sizeOf(path)),
        own.join(', ') || 'none',
      ];
    });
    expect(rows.map(([name, version, , ...rest]) => [name, version, ...rest])).toEqual(installed);
    for (const [name, , why] of rows) expect(why?.length, `why ${name}?`).toBeGreaterThan(10);
  });

  it('says how many they are, and how large together', () => {
    const total = atRunTime.reduce((sum, path) => sum + sizeOf(path), 0);
    expect(section).toContain(
      `**${atRunTime.length} packages, ${(total / 1e6).toFixed(1)} MB unpacked**`,
    );
  });
});

describe('versions', () => {
  it.each([
    '.',
    'bench/peers',
    'test/interop/capgo',
    'test/consumers',
    'test/package',
    'test/runtimes',
  ])('are exact in %s, and those of its lock', (folder) => {
    const { dependencies, devDependencies, optionalDependencies } = manifestOf(folder);
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(all.length).toBeGreaterThan(0);
    const loose = all.filter(
      ([, version]) => !/^(npm:[@\w/.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
    const lock = JSON.parse(readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8'));
    for (const [name, version] of all) {
      if (version.startsWith('npm:')) continue;
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });
});
