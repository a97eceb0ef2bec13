// The examples in the documentation run, and the links in docstrings lead somewhere.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { examples, ROOT, sources } from '../support/docs.ts';
import { makeProject, type Secrets } from '../support/docs-project.ts';

const ENTRIES = [
  'index',
  'node',
  'zip',
  'release',
  'update',
  'update-testing',
  'capgo',
  'capgo-node',
  'vite',
];
const RUNNER = join(ROOT, 'test/support/docs-run.js');

describe('examples', () => {
  let folder: string;
  let project: string;
  let secrets: Secrets;
  let outcomes: readonly (string | null)[];

  beforeAll(async () => {
    folder = mkdtempSync(join(ROOT, 'node_modules/.examples-'));
    const target = join(folder, 'node_modules/bundleseal');
    mkdirSync(target, { recursive: true });
    await build({
      entryPoints: ENTRIES.map((entry) => join(ROOT, `src/${entry}.ts`)),
      bundle: true,
      splitting: true,
      format: 'esm',
      outdir: target,
      external: ['node:*'],
      plugins: [inlineWorkers()],
      logLevel: 'error',
    });
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const names = Object.keys(exports).filter((name) => name !== './package.json');
    expect(names).toHaveLength(ENTRIES.length);
    const fileOf = (name: string) => (name === '.' ? 'index' : name.slice(2).replace('/', '-'));
    const targets = names.map((name) => [name, `./${fileOf(name)}.js`]);
    writeFileSync(
      join(target, 'package.json'),
      JSON.stringify({ name: 'bundleseal', type: 'module', exports: Object.fromEntries(targets) }),
    );
    project = join(folder, 'project');
    secrets = await makeProject(project);
    outcomes = await runAll(examples.map(({ code }) => code));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples.map(({ from }, i) => ({ from, i })))('of $from runs', ({ i }) => {
    expect(outcomes).toHaveLength(examples.length);
    expect(outcomes[i]).toBeNull();
  });

  it('that throw at once or later are found', async () => {
    const wrong = [
      'throw new RangeError("at once")',
      'setTimeout(() => { throw new RangeError("later"); })',
      'Promise.reject(new RangeError("unhandled"))',
      'await import("bundleseal/no-such-entry")',
      'await fetch("https://elsewhere.example.org/")',
    ];
    const found = await runAll(wrong);
    expect(found.map((outcome) => /\w*Error/.exec(outcome ?? '')?.[0])).toEqual([
      'RangeError',
      'RangeError',
      'RangeError',
      'Error',
      'TypeError',
    ]);
  });

  /** What each throws, or null. Each runs in a copy of the project, so that none depends on another. */
  async function runAll(codes: readonly string[]): Promise<(string | null)[]> {
    const copies = [];
    for (const code of codes) {
      const { code: js } = await transform(code, { loader: 'ts', format: 'esm' });
      const copy = mkdtempSync(join(folder, 'copy-'));
      cpSync(project, copy, { recursive: true });
      writeFileSync(join(copy, 'example.mjs'), js);
      copies.push(copy);
    }
    const results = join(folder, 'results.json');
    execFileSync(process.execPath, [RUNNER, results, ...copies], {
      env: { ...process.env, ...secrets },
    });
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
    const found: Record<string, string | null> = JSON.parse(readFileSync(results, 'utf8'));
    return copies.map((copy) => found[copy] as string | null);
  }
});

describe('examples of apps', () => {
  // In a page of the documentation a build machine has a private key and an app has a public one, never both.
  const inPages = examples.filter(({ file }) => /^(README\.md|docs\/)/.test(file));
  const opens =
    /\b(decryptBundle|decryptStream|decryptFile|openBundle|applyPatch|openIndex\w*|openKeys|createUpdater)\(/;

  it('are found', () => {
    expect(inPages.filter(({ code }) => opens.test(code)).length).toBeGreaterThan(5);
  });

  it.each(inPages.filter(({ code }) => opens.test(code)))('of $from make no key', ({ code }) => {
    expect(code).not.toMatch(/\bkeygen\b|privateKey/);
  });
});

/** The anchor that a heading has on code hosting sites. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

// Those in Markdown: npm run check:links.
describe('the pages and sections that docstrings link to', () => {
  const links = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const found = text.matchAll(/(?:@see |: )(docs\/[\w.-]+(?:#[\w-]+)?)/g);
    return [...found].map(([, link]) => ({ file, link: link as string }));
  });

  it('are found', () => {
    expect(links.length).toBeGreaterThan(3);
  });

  it.each(links)('exist: $link in $file', ({ link }) => {
    const [path, fragment] = link.split('#');
    const target = join(ROOT, path as string);
    expect(existsSync(target), target).toBe(true);
    if (fragment === undefined) return;
    const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm);
    expect([...headings].map(([, heading]) => anchor(heading as string))).toContain(fragment);
  });
});

describe('the reports of the interface in etc/', () => {
  const reports = readdirSync(join(ROOT, 'etc')).filter((name) => name.endsWith('.api.md'));

  it('have a file for each entry', () => {
    expect(reports.map((name) => name.replace('.api.md', '')).sort()).toEqual([...ENTRIES].sort());
  });

  it.each(reports)('show a docstring for every type and member in %s', (name) => {
    const lines = readFileSync(join(ROOT, 'etc', name), 'utf8').split('\n');
    const bare = lines.filter((_, i) => lines[i - 1]?.trim() === '// (undocumented)');
    expect(bare).toEqual([]);
  });
});

describe('docs/functions.md', () => {
  const page = readFileSync(join(ROOT, 'docs/functions.md'), 'utf8');
  const cells = [...page.matchAll(/^\| ([^|]*)\|/gm)].map(([, cell]) => cell as string);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));

  it.each(ENTRIES)('names each function of %s', async (entry) => {
    const exported: Record<string, unknown> = await import(join(ROOT, `src/${entry}.ts`));
    const functions = Object.entries(exported)
      .filter(([name, value]) => typeof value === 'function' && name !== 'BundleSealError')
      .map(([name]) => name);
    expect(functions.length).toBeGreaterThan(0);
    expect(named).toEqual(expect.arrayContaining(functions));
  });
});

describe('CONTRIBUTING.md', () => {
  const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const named = [
    ...new Set(
      [...page.matchAll(/`((?:src|test|docs|build|site)\/[^`*]+)`/g)].map(([, path]) => path),
    ),
  ] as string[];

  it('is found to name files', () => {
    expect(named.length).toBeGreaterThan(40);
  });

  // A command writes `site/dist`.
  it.each(named.filter((path) => path !== 'site/dist'))('names %s, which exists', (path) => {
    expect(existsSync(join(ROOT, path)), path).toBe(true);
  });
});

describe('docs/comparison.md', () => {
  const page = readFileSync(join(ROOT, 'docs/comparison.md'), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[| -]+$/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

  it('has two tables', () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it('names a source in each cell, or says that no statement was found', () => {
    // The first row of a table has names alone, and the first cell of a row names what is compared.
    const cells = rows
      .filter(([first]) => first !== '' && first !== '|')
      .flatMap(([, ...rest]) => rest);
    const bare = cells.filter((cell) => !/\]\[|\]\(/.test(cell) && cell !== 'not found');
    expect(bare).toEqual([]);
  });
});
