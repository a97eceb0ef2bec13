// What the documentation shows is run, and where it points there is something.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build, transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ENTRIES = ['index', 'node', 'zip', 'capgo', 'capgo-node'];
const ROOT = join(import.meta.dirname, '../..');

interface Example {
  readonly from: string;
  readonly code: string;
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));
}

function examplesIn(file: string): Example[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  // In a docstring each line begins with an asterisk.
  const plain = file.endsWith('.ts') ? text.replace(/^[ \t]*\* ?/gm, '') : text;
  return [...plain.matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].map(([, code], i) => ({
    from: `${file}, example ${i + 1}`,
    code: code as string,
  }));
}

const PAGES = [
  'README.md',
  'SECURITY.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...filesIn('docs', '.md'),
];
const examples = [...filesIn('src', '.ts'), ...PAGES].flatMap(examplesIn);

describe('examples', () => {
  let folder: string;

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
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)('of $from runs', async ({ code }) => {
    const { code: js } = await transform(code, { loader: 'ts', format: 'esm' });
    const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(file, js);
    execFileSync(process.execPath, [file], { cwd: folder, timeout: 60_000 });
  });
});

/** The anchor that a heading has on code hosting sites. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

describe('links', () => {
  const links = [...PAGES, ...filesIn('src', '.ts')].flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const inText = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => ({
      page,
      link: link as string,
      base: dirname(page),
    }));
    const inDocstrings = [...text.matchAll(/(?:@see |: )(docs\/[\w.-]+(?:#[\w-]+)?)/g)].map(
      ([, link]) => ({ page, link: link as string, base: '.' }),
    );
    return page.endsWith('.ts') ? inDocstrings : inText;
  });

  it('are found', () => {
    expect(links.length).toBeGreaterThan(10);
  });

  it.each(links)('in $page to $link lead somewhere', ({ page, link, base }) => {
    const [path, fragment] = link.split('#');
    const target = join(ROOT, path === '' ? page : join(base, path as string));
    expect(existsSync(target), target).toBe(true);
    if (fragment === undefined) return;
    const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm);
    expect([...headings].map(([, heading]) => anchor(heading as string))).toContain(fragment);
  });
});
