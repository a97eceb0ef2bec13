// README.md names the installed dependencies, and every version is exact.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dependencies } from '../../build/dependencies.js';
import { withBlock } from '../../build/generated.js';

const ROOT = join(import.meta.dirname, '../..');

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));

describe('the table of dependencies in README.md', () => {
  it('is current; `npm run update:dependencies` writes it again', () => {
    const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(page).toBe(withBlock(page, 'dependencies', dependencies()));
  });

  it('names every package that package.json asks for', () => {
    const table = dependencies();
    for (const [name, version] of Object.entries(manifestOf('.').dependencies ?? {})) {
      expect(table).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${version} `, 'm'));
    }
  });
});

describe('versions', () => {
  it.each([
    '.',
    'bench/peers',
    'test/interop/capgo',
    'test/mutation',
    'test/consumers',
    'test/package',
    'test/runtimes',
    'test/stores',
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

describe('an installation', () => {
  it('runs no script of bundleseal or of its dependencies', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<
        Record<string, { readonly dev?: true; readonly hasInstallScript?: true }>
      >;
    };
    const installed = Object.entries(packages).filter(([, { dev }]) => dev !== true);
    expect(installed.length).toBeGreaterThan(
      Object.keys(manifestOf('.').dependencies ?? {}).length,
    );
    expect(installed.filter(([, one]) => one.hasInstallScript === true)).toEqual([]);
    const { scripts = {} } = manifestOf('.');
    expect(['preinstall', 'install', 'postinstall'].filter((name) => name in scripts)).toEqual([]);
  });
});
