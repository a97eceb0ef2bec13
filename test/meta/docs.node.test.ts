// What the documentation shows is run, and where it points there is something.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';
import { examples, ROOT, sources, writeKeyModule } from '../support/docs.ts';

const ENTRIES = ['index', 'node', 'zip', 'release', 'capgo', 'capgo-node'];

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
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    await writeKeyModule(join(folder, 'bundleseal-key.js'));
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

// Those in Markdown: npm run check:links.
describe('what docstrings point to', () => {
  const links = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const found = text.matchAll(/(?:@see |: )(docs\/[\w.-]+(?:#[\w-]+)?)/g);
    return [...found].map(([, link]) => ({ file, link: link as string }));
  });

  it('are found', () => {
    expect(links.length).toBeGreaterThan(3);
  });

  it.each(links)('is there: $link, of $file', ({ link }) => {
    const [path, fragment] = link.split('#');
    const target = join(ROOT, path as string);
    expect(existsSync(target), target).toBe(true);
    if (fragment === undefined) return;
    const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm);
    expect([...headings].map(([, heading]) => anchor(heading as string))).toContain(fragment);
  });
});
