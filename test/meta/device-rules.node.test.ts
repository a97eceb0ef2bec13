// docs/internals/device-rules.md names files and tests that exist.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/docs.ts';
import { testNames } from '../support/test-names.ts';

const PAGE = 'docs/internals/device-rules.md';
const ROW = /^\| (.+?) +\| `(src\/[^`]+)` +\| `([^`]+\.ts)`: `([^`]+)` +\|$/;

const lines = readFileSync(join(ROOT, PAGE), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (?:rule|-+) +\|/.test(line));
const rows = lines.map((line) => {
  const [, rule = '', source = '', file = '', name = ''] = ROW.exec(line) ?? [];
  return { line, rule, source, file, name };
});

const namesIn = new Map<string, readonly string[]>();
function hasTest(file: string, name: string): boolean {
  if (!existsSync(join(ROOT, file))) return false;
  const names = namesIn.get(file) ?? testNames(readFileSync(join(ROOT, file), 'utf8'));
  namesIn.set(file, names);
  return names.includes(name);
}

describe('the page of the rules of devices', () => {
  it('has a rule, a source and a test in every row', () => {
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter(({ rule }) => rule === '').map(({ line }) => line)).toEqual([]);
  });

  it('has each rule once', () => {
    const rules = rows.map(({ rule }) => rule);
    expect(rules.filter((rule, at) => rules.indexOf(rule) !== at)).toEqual([]);
  });

  it('names sources that exist', () => {
    const missing = rows.filter(({ source }) => !existsSync(join(ROOT, source)));
    expect(missing.map(({ source }) => source)).toEqual([]);
  });

  it('names tests that exist, by their file and full name', () => {
    const missing = rows.filter(({ file, name }) => !hasTest(file, name));
    expect(missing.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  });
});

describe('the names of the tests in a source', () => {
  it('are those of groups and tests, of each form of a call', () => {
    const source = `
      describe('a', () => {
        it('b', () => {});
        it.each([[1]])('c %s', () => { check('no test'); });
        describe.each(KINDS)("d %s", () => it.skipIf(process.env.CI)(\`e \${n}\`, () => {}));
      });
      test('f', async (store) => {});
      other.test('g', () => {});
    `;
    expect(testNames(source)).toEqual(['a > b', 'a > c %s', `a > d %s > e \${n}`, 'f']);
  });
});
