// Writing under other circumstances: in processes of their own, and how much memory V8 keeps meanwhile.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../../build/inline-worker.js';
import { openZip, zipBundle, zipStream } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';

describe('zipBundle', () => {
  let folder = '';
  let script = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-zip-'));
    script = join(folder, 'zip.mjs');
    const contents = `
      import { createHash } from 'node:crypto';
      import { zipBundle } from './src/zip.ts';
      const zip = await zipBundle({ 'ä/b': new Uint8Array(1000), 'I/i': new Uint8Array(3) });
      console.log(createHash('sha256').update(zip).digest('hex'));
    `;
    await build({
      stdin: { contents, resolveDir: process.cwd() },
      bundle: true,
      format: 'esm',
      platform: 'node',
      outfile: script,
      plugins: [inlineWorkers()],
      logLevel: 'error',
    });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the same bytes in every time zone and locale', async () => {
    const zip = await zipBundle({ 'I/i': new Uint8Array(3), 'ä/b': new Uint8Array(1000) });
    const expected = createHash('sha256').update(zip).digest('hex');
    for (const env of [
      { TZ: 'Pacific/Kiritimati', LC_ALL: 'C' },
      { TZ: 'Pacific/Pago_Pago', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
    ]) {
      const printed = execFileSync(process.execPath, [script], { env: { ...process.env, ...env } });
      expect(printed.toString().trim()).toBe(expected);
    }
  });
});

/** Bytes in the old generation of V8, which it collects seldom. */
function oldBytes(): number {
  const old = getHeapSpaceStatistics().filter(({ space_name }) => /old|map/.test(space_name));
  return old.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

/** The most bytes by which the old generation grows between two steps. */
async function growthDuring(step: () => Promise<boolean>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  let growth = 0;
  while (await step()) {
    least = Math.min(least, oldBytes());
    growth = Math.max(growth, oldBytes() - least);
  }
  expect(least).toBeGreaterThan(0);
  return growth;
}

// A map of V8 for each file would keep 5 MiB and more.
const MOST_GROWTH = 3 * 2 ** 20;

describe('4000 files', () => {
  const content = bytesOf(1000);
  const files = Array.from({ length: 4000 }, (_, i) => [`f${i}`, content] as const);

  it('leave no garbage in the old generation when they are zipped', async () => {
    const reader = zipStream(files, { threads: 0 }).getReader();
    const growth = await growthDuring(async () => !(await reader.read()).done);
    expect(growth).toBeLessThan(MOST_GROWTH);
  });

  it('leave no garbage in the old generation when they are read', async () => {
    const zip = await openZip(await zipBundle(files, { threads: 0 }));
    const entries = zip.entries().values();
    const growth = await growthDuring(async () => {
      const { done, value } = entries.next();
      if (!done) await zip.read(value.path);
      return !done;
    });
    expect(growth).toBeLessThan(MOST_GROWTH);
  });
});
