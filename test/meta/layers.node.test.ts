// The rules of .dependency-cruiser.js hold for src/, and CONTRIBUTING.md shows the imports as they are.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withBlock } from '../../build/generated.js';
import { picture, violationsIn } from '../../build/layers.js';

const ROOT = join(import.meta.dirname, '../..');
const SRC = join(ROOT, 'src');

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The names of the rules that a small src/ breaks. */
async function rulesBrokenBy(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-layers-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'src', name)), { recursive: true });
    writeFileSync(join(folder, 'src', name), text);
  }
  const { violations } = await violationsIn(folder);
  return [...new Set(violations.map(({ rule }) => rule.name))].sort();
}

describe('src/', () => {
  it('breaks no rule of the layers', async () => {
    const { violations, files, imports } = await violationsIn(ROOT);
    expect(files).toBeGreaterThan(200);
    // A dynamic import counts.
    expect(imports).toContain('src/backend/select.ts imports src/backend/noble.ts');
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`)).toEqual(
      [],
    );
  });

  it('is drawn in CONTRIBUTING.md as it is; `npm run update:layers` draws it again', async () => {
    const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    expect(page).toBe(withBlock(page, 'layers', await picture(ROOT)));
  });

  it('has a row in CONTRIBUTING.md for each folder', () => {
    const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([\w-]+)\/` +\|/gm)].map(([, name]) => name);
    const inSource = readdirSync(SRC, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(rows).toEqual(expect.arrayContaining(inSource));
  });
});

describe.each(['src', 'test', 'build'])('%s/', (folder) => {
  it('has no file of code over 400 lines', () => {
    const code = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(ts|js|java)$/.test(file) && !file.includes('node_modules'),
    );
    expect(code).not.toEqual([]);
    const long = code.filter(
      (file) =>
        readFileSync(join(ROOT, folder, file), 'utf8')
          .trimEnd()
          .split('\n').length > 400,
    );
    expect(long).toEqual([]);
  });
});

describe('the rules of the layers', () => {
  const cases: [string, string, Record<string, string>][] = [
    [
      'an import of a higher floor',
      'format-imports-downward',
      { 'format/a.ts': "import '../bundle/b.ts';", 'bundle/b.ts': 'export {};' },
    ],
    [
      'an import of a type from a higher floor',
      'seal-imports-downward',
      {
        'seal/a.ts': "import type { B } from '../files/b.ts';\nexport type A = B;",
        'files/b.ts': 'export type B = 1;',
      },
    ],
    [
      'a dynamic import of a higher floor',
      'capgo-imports-downward',
      {
        'capgo/a.ts': "export const later = () => import('../release/b.ts');",
        'release/b.ts': 'export {};',
      },
    ],
    [
      'an import of the command line by an entry',
      'node-imports-downward',
      { 'node.ts': "export * from './cli/b.ts';", 'cli/b.ts': 'export const b = 1;' },
    ],
    [
      'a folder without a floor',
      'every-file-has-a-floor',
      { 'cli/a.ts': "import '../attic/b.ts';", 'attic/b.ts': 'export {};' },
    ],
    [
      'a cycle in a folder',
      'no-cycles',
      {
        'keys/a.ts': "import { b } from './b.ts';\nexport const a = () => b;",
        'keys/b.ts': "import { a } from './a.ts';\nexport const b = () => a;",
      },
    ],
    [
      'an import of a file that is missing',
      'no-unresolved-imports',
      { 'keys/a.ts': "import './b.ts';" },
    ],
    [
      'cryptography in the format',
      'primitives-stay-below',
      { 'format/a.ts': "import { createHash } from 'node:crypto';\nexport const a = createHash;" },
    ],
    [
      'a module of Node outside of files and the command line',
      'node-modules-stay-in-files-publish-vite-and-cli',
      { 'archive/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;" },
    ],
    [
      'a concrete backend outside of backend',
      'backends-are-chosen-by-backend',
      { 'bundle/a.ts': "import '../backend/noble.ts';", 'backend/noble.ts': 'export {};' },
    ],
  ];

  it.each(cases)('refuse %s', async (_, rule, files) => {
    expect(await rulesBrokenBy(files)).toContain(rule);
  });

  it('refuse packages that the library does not need', async () => {
    const imports = "import { zip } from 'fflate';\nexport const a = zip;";
    expect(await rulesBrokenBy({ 'bundle/a.ts': imports })).toContain('few-packages');
    expect(await rulesBrokenBy({ 'archive/a.ts': imports })).toContain('few-packages');
  });

  it('allow imports of lower floors and cycles of types', async () => {
    expect(
      await rulesBrokenBy({
        'format/a.ts': "import type { B } from './b.ts';\nexport type A = B[];",
        'format/b.ts': "import type { A } from './a.ts';\nexport type B = A | 1;",
        'bundle/c.ts': "import type { A } from '../format/a.ts';\nexport type C = A;",
        'files/d.ts': "import { join } from 'node:path';\nexport const d = join;",
      }),
    ).toEqual([]);
  });
});
