// Writing and reading in processes of their own: under other circumstances, and how much memory V8 keeps meanwhile.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipBundle } from '../../../../src/zip.ts';
import { bundleScript } from '../../../support/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundleseal-zip-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('zipBundle', () => {
  it('makes the same bytes in every time zone and locale', async () => {
    const script = await bundleScript(
      join(folder, 'zip.mjs'),
      `
        import { createHash } from 'node:crypto';
        import { zipBundle } from './src/zip.ts';
        const zip = await zipBundle({ 'ä/b': new Uint8Array(1000), 'I/i': new Uint8Array(3) });
        console.log(createHash('sha256').update(zip).digest('hex'));
      `,
    );
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

// In a process of its own, because other tests fill the old generation too. It starts to measure when the first steps have
// compiled the code and V8 has collected all garbage, so all later growth is garbage, records of files and little else.
const GARBAGE = `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { openZip, zipBundle, zipStream } from './src/zip.ts';

  function oldBytes() {
    const old = getHeapSpaceStatistics().filter(({ space_name }) => /old|map/.test(space_name));
    return old.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  }

  async function growthAfter(steps, step) {
    for (let count = 0; count < steps; count++) await step();
    gc();
    const start = oldBytes();
    let growth = 0;
    let measured = 0;
    for (; await step(); measured++) growth = Math.max(growth, oldBytes() - start);
    return { growth, measured };
  }

  const content = Uint8Array.from({ length: 100 }, (_, index) => index);
  const files = Array.from({ length: 20_000 }, (_, index) => ['f' + index, content]);
  const reader = zipStream(files, { threads: 0 }).getReader();
  const zipped = await growthAfter(5, async () => !(await reader.read()).done);
  const zip = await openZip(await zipBundle(files, { threads: 0 }));
  const entries = zip.entries().values();
  const read = await growthAfter(2000, async () => {
    const { done, value } = entries.next();
    if (!done) await zip.read(value.path);
    return !done;
  });
  console.log(JSON.stringify({ zipped, read }));
`;
// A map of V8 for each file keeps 12 MB and more. Without it the old generation grows by 3 MB, also on a busy machine.
const MOST_GROWTH = 8 * 2 ** 20;

describe('the old generation of V8 keeps no garbage of', () => {
  let output: Record<'zipped' | 'read', { growth: number; measured: number }>;

  beforeAll(async () => {
    const script = await bundleScript(join(folder, 'garbage.mjs'), GARBAGE);
    output = JSON.parse(execFileSync(process.execPath, ['--expose-gc', script]).toString());
  });

  it('20,000 files that are zipped', () => {
    expect(output.zipped.measured).toBeGreaterThan(20);
    expect(output.zipped.growth).toBeLessThan(MOST_GROWTH);
  });

  it('20,000 files that are read', () => {
    expect(output.read.measured).toBe(18_000);
    expect(output.read.growth).toBeLessThan(MOST_GROWTH);
  });
});
