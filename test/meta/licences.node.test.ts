// The licences of bundled code allow its distribution, and the package contains them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { licenceOf, writeLicences } from '../../build/licences.ts';

const ROOT = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-licences-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const bundle = (entry: string, absWorkingDir: string) =>
  build({
    absWorkingDir,
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    metafile: true,
    write: false,
    outdir: 'out',
    logLevel: 'silent',
    plugins: [inlineWorkers(), writeLicences(join(folder, 'LICENSES.txt'))],
  });

describe('the bundled packages of the command line', () => {
  it('are all listed with their licences', async () => {
    const { metafile } = await bundle('src/cli.ts', ROOT);
    const text = readFileSync(join(folder, 'LICENSES.txt'), 'utf8');
    // Not by the code that wrote it: the longest path that ends in a package's name.
    const inputs = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path.split('node_modules/').slice(1).at(-1) ?? '')
      .filter(Boolean);
    const names = new Set(
      inputs.map((p) =>
        p
          .split('/')
          .slice(0, p[0] === '@' ? 2 : 1)
          .join('/'),
      ),
    );
    expect([...names]).toEqual(
      expect.arrayContaining([
        '@babel/parser',
        '@clack/prompts',
        'cli-progress',
        'commander',
        'jsonc-parser',
        'strip-ansi',
      ]),
    );
    const named = [...text.matchAll(/^-{80}\n\n(\S+) \S+ \(([^)]+)\)$/gm)];
    expect(named.map(([, name]) => name)).toEqual([...names].sort());
    // The copyright line of each.
    expect(text.match(/copyright/gi)?.length).toBeGreaterThanOrEqual(names.size);
  });
});

describe('a package that is bundled', () => {
  const install = (manifest: object, files: Record<string, string> = {}) => {
    write(
      'node_modules/other/package.json',
      JSON.stringify({ name: 'other', version: '1.2.3', ...manifest }),
    );
    write('node_modules/other/index.js', 'export const other = Math.random();');
    for (const [name, text] of Object.entries(files)) write(`node_modules/other/${name}`, text);
    write('entry.js', "import { other } from 'other'; console.log(other);");
  };

  it.each(['GPL-3.0-or-later', '(MIT OR GPL-2.0)', 'SEE LICENSE IN LICENSE', undefined])(
    'with the licence %s stops the build',
    async (license) => {
      install({ license }, { LICENSE: 'Copyright' });
      await expect(bundle('entry.js', folder)).rejects.toThrow(/other 1\.2\.3 has the licence/);
    },
  );

  it('without the text of its licence stops the build', async () => {
    install({ license: 'MIT' });
    await expect(bundle('entry.js', folder)).rejects.toThrow(/comes without the text/);
  });

  it('has its notice included', async () => {
    install({ license: 'Apache-2.0' }, { 'license.md': 'the licence', NOTICE: 'the notice' });
    await bundle('entry.js', folder);
    const text = readFileSync(join(folder, 'LICENSES.txt'), 'utf8');
    expect(text).toContain('other 1.2.3 (Apache-2.0)\n\nthe notice\n\nthe licence\n');
  });
});

describe('dependencies at run time', () => {
  it('all have allowed licences', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const atRunTime = Object.entries<{ dev?: boolean; devOptional?: boolean }>(packages)
      .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
      .map(([path]) => path);
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(atRunTime).toEqual(
      expect.arrayContaining(Object.keys(dependencies).map((name) => `node_modules/${name}`)),
    );
    for (const path of atRunTime) expect(licenceOf(join(ROOT, path)).text).not.toBe('');
  });
});
