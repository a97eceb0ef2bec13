// Mutation testing is started by hand and takes hours. This test fails as soon as its lists no longer fit the repository.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARTS } from '../mutation/parts.js';
import { intervalOf, scoreOf } from '../mutation/results.js';
import { draw } from '../mutation/sample.js';

const ROOT = join(import.meta.dirname, '../..');
const SURVIVORS = 'test/mutation/survivors';

const parts = Object.entries(PARTS);
const folders = [...new Set(parts.map(([, { folder }]) => folder))];

function sourcesOf(folder: string): string[] {
  return readdirSync(join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${folder}/${file.replaceAll('\\', '/')}`);
}

describe('the lists of mutation testing', () => {
  it.each(parts)('name tests that exist: %s', (_, { tests }) => {
    expect(tests.filter((test) => !existsSync(join(ROOT, test)))).toEqual([]);
    expect(tests).toEqual([...new Set(tests)]);
  });

  it.each(folders)('put every file of src/%s into one part', (folder) => {
    const listed = parts.flatMap(([, part]) => (part.folder === folder ? part.files : []));
    expect([...listed].sort()).toEqual(sourcesOf(folder).sort());
  });

  it.each(readdirSync(join(ROOT, SURVIVORS)))('give reasons for lines that exist: %s', (file) => {
    const reasons: readonly { file: string; line?: string }[] = JSON.parse(
      readFileSync(join(ROOT, SURVIVORS, file), 'utf8'),
    );
    const hasNoLine = (reason: (typeof reasons)[number]) => {
      if (!existsSync(join(ROOT, reason.file))) return true;
      if (reason.line === undefined) return false;
      const lines = readFileSync(join(ROOT, reason.file), 'utf8').split('\n');
      return !lines.some((line) => line.trim() === reason.line);
    };
    expect(reasons.filter(hasNoLine)).toEqual([]);
  });
});

describe('a sample of the mutants', () => {
  const place = { line: 1, column: 0 };
  const mutants = Array.from({ length: 1000 }, (_, i) => ({
    fileName: `src/file-${i % 7}.ts`,
    location: { start: { line: i, column: i % 3 }, end: { ...place, line: i } },
    mutatorName: 'BooleanLiteral',
    replacement: 'false',
  }));
  const linesOf = (drawn: typeof mutants) =>
    drawn.map(({ location }) => location.start.line).sort((a, b) => a - b);

  it('is the same for the same seed, in whatever order the mutants come', () => {
    const drawn = linesOf(draw(mutants, { size: 100, seed: 1 }));
    expect(drawn).toHaveLength(100);
    expect(new Set(drawn).size).toBe(100);
    expect(linesOf(draw([...mutants].reverse(), { size: 100, seed: 1 }))).toEqual(drawn);
  });

  it('differs by its seed', () => {
    const [one, two] = [1, 2].map((seed) => linesOf(draw(mutants, { size: 100, seed })));
    expect(one).not.toEqual(two);
  });

  it('is every mutant if it is as large as the part', () => {
    expect(draw(mutants, { size: 2000, seed: 1 })).toHaveLength(1000);
  });

  it('has a score with the interval of Wilson', () => {
    const counts = { killed: 140, timeout: 2, survived: 7, noCoverage: 1 };
    expect(scoreOf(counts)).toBeCloseTo(94.67, 2);
    const [low, high] = intervalOf(counts);
    expect(low).toBeCloseTo(89.83, 2);
    expect(high).toBeCloseTo(97.27, 2);
  });
});
