// docs/benchmarks.md as `npm run bench -- --write` writes it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARTS, toMarkdown } from '../../../bench/markdown.js';

const BENCH = join(import.meta.dirname, '../../../bench');
const machine = {
  ...{ cpu: 'a CPU', cores: 2, memoryGiB: 8, platform: 'linux x64', node: '20', openssl: '3' },
  ...{ date: '2026-01-02', loadAverage: [0], loadAverageAtEnd: [0] },
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

  it('keeps the sections of parts that a run did not measure, in the order of the parts', () => {
    const figure = { what: 'seal', value: 1, unit: 'ms' };
    const pageOf = (parts: string[], before?: string) =>
      toMarkdown(
        { machine, missing: [], figures: parts.map((part) => ({ ...figure, part })) },
        before,
      );
    const all = pageOf(['node', 'job', 'size']);
    expect(pageOf(['job'], all)).toBe(all);
    expect(pageOf(['job'], pageOf(['node', 'size']))).toBe(all);
    expect(pageOf(['size'], pageOf(['job', 'node']))).toBe(all);
  });

  it('replaces the section of a part, and says of each when and where it was measured', () => {
    const figures = [{ part: 'job', what: 'seal', value: 1, unit: 'ms' }];
    const before = toMarkdown({ machine, missing: ['a tool'], figures });
    const later = { ...machine, date: '2026-01-03' };
    const page = toMarkdown(
      { machine: later, missing: [], figures: [{ ...figures[0], value: 2 }] },
      before,
    );
    expect(page).toContain('| seal | 2 ms |  |');
    expect(page).not.toContain('| seal | 1 ms |');
    expect(page).toContain('Measured on 2026-01-03: a CPU, 2 cores');
    expect(page).not.toContain('2026-01-02');
    expect(page).not.toContain('Not measured');
  });

  it('refuses a figure of a part that has no section', () => {
    const figures = [{ part: 'unknown', what: 'lost', value: 1, unit: 'ms' }];
    expect(() => toMarkdown({ machine, figures, missing: [] })).toThrow(/part unknown: lost/);
  });
});
