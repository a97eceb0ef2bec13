// The code that an app loads to open bundles: its budget, and the parts that it loads only on demand.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';

// From src. test/package/size.js measures the built files.
const BUDGET = 9_700;

let meta: Metafile;
const gzipped = new Map<string, number>();

beforeAll(async () => {
  const result = await build({
    stdin: {
      contents: "export { decryptBundle } from './src/index.ts'",
      resolveDir: process.cwd(),
    },
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    outdir: 'out',
    chunkNames: '[name]-[hash]',
    metafile: true,
    write: false,
    plugins: [inlineWorkers()],
    logLevel: 'error',
  });
  meta = result.metafile;
  for (const { path, contents } of result.outputFiles) {
    gzipped.set(path.slice(path.indexOf('out/')), gzipSync(contents, { level: 9 }).length);
  }
});

/** The files that an import of this file loads at once. */
function eager(path: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: next, kind } of meta.outputs[path]?.imports ?? []) {
    if (kind === 'import-statement') eager(next, seen);
  }
  return seen;
}

const inputsOf = (paths: Iterable<string>) =>
  [...paths].flatMap((path) => Object.keys(meta.outputs[path]?.inputs ?? {}));

describe('import { decryptBundle }', () => {
  it('is at most 10 KB, minified and gzipped', () => {
    const files = eager('out/stdin.js');
    const size = [...files].reduce((sum, file) => sum + (gzipped.get(file) ?? Number.NaN), 0);
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThanOrEqual(BUDGET);
  });

  it('contains no primitive and no backend until one is chosen', () => {
    const inputs = inputsOf(eager('out/stdin.js'));
    expect(inputs).toContain('src/bundle/decrypt.ts');
    expect(
      inputs.filter((input) => /node_modules|backend\/(node|webcrypto|noble)/.test(input)),
    ).toEqual([]);
  });

  it('contains no code that only seals or makes keys', () => {
    const inputs = inputsOf(eager('out/stdin.js'));
    expect(inputs.filter((input) => /encrypt|reseal|keygen|primes|signer/.test(input))).toEqual([]);
  });

  it('loads neither pure ciphers nor modules for Node for WebCrypto', () => {
    const [webcrypto] = Object.keys(meta.outputs).filter((path) => /out\/webcrypto-/.test(path));
    const inputs = inputsOf(eager(webcrypto as string));
    expect(inputs).toContain('src/backend/webcrypto.ts');
    expect(inputs.filter((input) => /@noble|node-thread/.test(input))).toEqual([]);
  });
});

describe('the updater of a website', () => {
  /** What an app loads at once for these exports, or a service worker as one script. In bytes, gzipped. */
  const sizeOf = async (names: string, isOneScript: boolean) => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `export { ${names} } from './src/update.ts'`, resolveDir: process.cwd() },
      ...{ bundle: true, minify: true, write: false, outdir: 'out', logLevel: 'error' },
      ...(isOneScript ? { format: 'iife' as const } : { format: 'esm' as const, splitting: true }),
      ...{ metafile: true, plugins: [inlineWorkers()] },
    });
    const outputs = new Map(
      outputFiles.map(({ path, contents }) => [path.slice(path.indexOf('out/')), contents]),
    );
    const loaded = new Set(['out/stdin.js']);
    for (const path of loaded) {
      for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
        if (kind === 'import-statement') loaded.add(next);
    }
    const bytes = (path: string) => gzipSync(outputs.get(path) as Uint8Array, { level: 9 }).length;
    return [...loaded].reduce((sum, path) => sum + bytes(path), 0);
  };

  it('adds to page and service worker what docs/updates.md says, within 2 KB', async () => {
    const said =
      /the page loads (\d+) KB at once,\s+and the service worker is one script of (\d+) KB/;
    const text = readFileSync('docs/updates.md', 'utf8').replaceAll('\n', ' ');
    const [, page, worker] = said.exec(text) ?? [];
    const names = 'cacheStore, createUpdater, fetchBuiltIn';
    expect(Math.abs((await sizeOf(names, false)) / 1000 - Number(page))).toBeLessThan(2);
    expect(
      Math.abs((await sizeOf(`${names}, serveReleases`, true)) / 1000 - Number(worker)),
    ).toBeLessThan(2);
  });
});
