// The code that an app loads to open bundles: its budget, and the parts that it loads only on demand.

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
