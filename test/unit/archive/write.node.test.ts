// Writing under other circumstances: in processes of their own.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inlineWorkers } from '../../../build/inline-worker.js';
import { zipBundle } from '../../../src/zip.ts';

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
