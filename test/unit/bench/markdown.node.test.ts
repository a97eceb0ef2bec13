// docs/benchmarks.md as `npm run bench -- --write` writes it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARTS, toMarkdown } from '../../../bench/markdown.js';

const BENCH = join(import.meta.dirname, '../../../bench');
const machine = {
  ...{ cpu: 'a CPU', cores: 2, memoryGiB: 8, platform: 'linux x64', node: '20', openssl: '3' },
  ...{ loadAverage: [0], loadAverageAtEnd: [0] },
};

describe('the page of benchmarks', () => {
  it('has a section for each part that a bench begins', () => {
    const begun = readdirSync(BENCH)
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [
        ...readFileSync(join(BENCH, file), 'utf8').matchAll(/report\.begin\(\s*'([^']+)'/g),
      ])
      .map(([, part]) => part);
    expect(begun).toContain('job');
    expect(begun.filter((part) => !Object.hasOwn(PARTS, String(part)))).toEqual([]);
  });

  it('shows ours, the other, the ratio and the target of a comparison, and the figure of a value', () => {
    const timing = (median: number) => ({ median, min: median, times: [median] });
    const page = toMarkdown({
      machine,
      missing: ['a tool'],
      figures: [
        {
          ...{ part: 'apply', what: 'applyPatch / unzipBundle', value: 2, unit: 'times as fast' },
          ...{ target: { op: '>=', value: 1.5 }, met: true },
          details: { ours: timing(10), peer: timing(20) },
        },
        { part: 'apply', what: '  peak memory', value: 12, unit: 'MiB' },
      ],
    });
    expect(page).toContain('| applyPatch / unzipBundle | 10 ms | 20 ms | 2.00 | ≥ 1.5 |');
    expect(page).toContain('| peak memory | 12 MiB | | |  |');
    expect(page).toContain('Not measured: a tool');
  });

  it('refuses a figure of a part that has no section', () => {
    const figures = [{ part: 'unknown', what: 'lost', value: 1, unit: 'ms' }];
    expect(() => toMarkdown({ machine, figures, missing: [] })).toThrow(/part unknown: lost/);
  });
});
