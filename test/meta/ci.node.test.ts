// What CI runs: every part has a job, and a part that failed, skipped a test or did not run is never taken for passed.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const parts = execFileSync('bash', ['.ci/run', '--list'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n');

describe('the parts of .ci/run', () => {
  it('have a job each in ci.yml', () => {
    expect(read('.github/workflows/ci.yml')).toContain(`        part: [${parts.join(', ')}]\n`);
  });

  it('are known to .ci/part, and no other is', () => {
    const cases = [...read('.ci/part').matchAll(/^ {2}(\w+)\)$/gm)].map(([, name]) => name);
    expect(cases.sort()).toEqual([...parts].sort());
  });

  it('name their Debian packages in packages.txt, each once', () => {
    const lines = read('.ci/packages.txt')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(/\s+/));
    expect(lines.filter(([part, name, ...reason]) => !part || !name || !reason[0])).toEqual([]);
    expect(lines.filter(([part]) => !parts.includes(part as string))).toEqual([]);
    const names = lines.map(([part, name]) => `${part} ${name}`);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('.ci/result.js', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-ci-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const test = { status: 'passed' };
  const report = {
    success: true,
    numPassedTests: 2,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [
      { name: 'a.test.ts', assertionResults: [test] },
      { name: 'a.test.ts', assertionResults: [test] },
    ],
  };

  function resultOf(files: Readonly<Record<string, string>>, ...wanted: readonly string[]) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const args = [join(ROOT, '.ci/result.js'), folder, ...wanted];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout };
  }

  it('accepts parts that passed', () => {
    const files = {
      'lint.result': 'passed 3',
      'test.result': 'passed 300',
      'test.json': JSON.stringify(report),
    };
    expect(resultOf(files, 'lint', 'test')).toEqual({
      status: 0,
      stdout: [
        'lint: passed, 3 s',
        'test: passed, 300 s',
        '  1 files, 1 of them in Node and in Chromium',
        '  2 passed, 0 failed, 0 skipped',
        '',
      ].join('\n'),
    });
  });

  it('accepts the site, whose tests start a browser themselves, and refuses it with a test that was skipped', () => {
    const once = { ...report, testResults: report.testResults.slice(1) };
    const files = { 'site.result': 'passed 100', 'site.json': JSON.stringify(once) };
    expect(resultOf(files, 'site')).toEqual({
      status: 0,
      stdout: 'site: passed, 100 s\n  1 files\n  2 passed, 0 failed, 0 skipped\n',
    });
    const skipped = { ...once, numPendingTests: 1 };
    expect(resultOf({ 'site.json': JSON.stringify(skipped) }, 'site').status).toBe(1);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a part that did not run', {}, 'not accepted: lint did not run'],
    ['a part that failed', { 'lint.result': 'failed 1' }, 'not accepted: lint failed'],
  ])('refuses %s', (_, files, said) => {
    const { status, stdout } = resultOf(files, 'lint');
    expect(status).toBe(1);
    expect(stdout).toContain(said);
  });

  it('quotes the end of the log of a part that failed, and of no other', () => {
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`);
    const files = {
      'lint.result': 'failed 1',
      'lint.log': lines.join('\n'),
      'package.result': 'passed 1',
      'package.log': 'all is well',
    };
    const { stdout } = resultOf(files, 'lint', 'package');
    expect(stdout).toContain('lint: failed, 1 s\n  | line 70\n');
    expect(stdout).toContain('  | line 99\npackage: passed');
    expect(stdout).not.toContain('all is well');
  });

  it('refuses a call that names no part', () => {
    expect(resultOf({}).status).toBe(1);
  });

  it.each<[string, object | undefined, string]>([
    ['left no report', undefined, 'test left no report'],
    ['failed', { ...report, success: false }, 'test: a test failed'],
    ['skipped a test', { ...report, numPendingTests: 1 }, 'test: 1 tests were skipped'],
    ['ran no test', { ...report, numPassedTests: 0 }, 'test: no test ran'],
    [
      'left Chromium out',
      { ...report, testResults: report.testResults.slice(1) },
      'test: nothing ran in Chromium',
    ],
  ])('refuses a suite that %s, though its command passed', (_, said, complaint) => {
    const files = {
      'test.result': 'passed 300',
      ...(said !== undefined && { 'test.json': JSON.stringify(said) }),
    };
    const { status, stdout } = resultOf(files, 'test');
    expect(status).toBe(1);
    expect(stdout).toContain(`not accepted: ${complaint}`);
  });

  describe('of a suite with tests that failed', () => {
    const failed = {
      status: 'failed',
      fullName: 'store > waits',
      failureMessages: ['Error: late\n  at x'],
    };
    const withFailure = {
      ...report,
      success: false,
      numFailedTests: 1,
      testResults: [...report.testResults, { name: 'b.test.ts', assertionResults: [failed] }],
    };
    const againWith = (status: string) => ({
      success: status === 'passed',
      testResults: [{ name: 'b.test.ts', assertionResults: [{ ...failed, status }] }],
    });
    const filesWith = (again?: object) => ({
      'test.result': 'passed 300',
      'test.json': JSON.stringify(withFailure),
      ...(again && { 'test-again.json': JSON.stringify(again) }),
    });

    it('accepts a test that passed by itself, and names it', () => {
      const { status, stdout } = resultOf(filesWith(againWith('passed')), 'test');
      expect(status).toBe(0);
      expect(stdout).toContain(
        '  failed beside other work, passed by itself: b.test.ts: store > waits\n    Error: late\n',
      );
    });

    it.each<[string, object | undefined]>([
      ['failed again', againWith('failed')],
      ['did not run again', undefined],
      [
        'was not among the tests that ran again',
        { success: true, testResults: report.testResults },
      ],
    ])('refuses a test that %s, and names it', (_, again) => {
      const { status, stdout } = resultOf(filesWith(again), 'test');
      expect(status).toBe(1);
      expect(stdout).toContain('  failed: b.test.ts: store > waits\n    Error: late\n');
      expect(stdout).toContain('not accepted: test: a test failed');
    });
  });
});

describe('.ci/again.js', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundleseal-ci-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const fileWith = (name: string, ...messages: readonly string[]) => ({
    name,
    status: 'failed',
    assertionResults: messages.map((message) => ({ status: 'failed', failureMessages: [message] })),
  });

  /** Runs the failed files of a report by a command that prints its arguments. */
  function againOf(...testResults: readonly object[]) {
    writeFileSync(join(folder, 'test.json'), JSON.stringify({ testResults }));
    const args = [join(ROOT, '.ci/again.js'), join(folder, 'test'), 'echo', 'ran'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout };
  }

  it('runs each file with a failed test once, with a report of its own', () => {
    const { status, stdout } = againOf(
      fileWith('a.test.ts', 'late', 'late'),
      fileWith('a.test.ts', 'late'),
      { name: 'b.test.ts', status: 'passed', assertionResults: [] },
    );
    expect(status).toBe(0);
    expect(stdout).toContain(
      `ran -- a.test.ts --reporter=default --reporter=json --outputFile.json=${join(folder, 'test-again.json')}\n`,
    );
  });

  it.each<[string, readonly object[], string]>([
    ['no test failed', [], 'no test failed, so the fault is elsewhere'],
    ['a file could not be loaded', [fileWith('a.test.ts')], 'a file failed outside its tests'],
    ['more than three tests failed', [fileWith('a.test.ts', '1', '2', '3', '4')], '4 tests failed'],
    [
      'a property has a counterexample',
      [fileWith('a.test.ts', 'Error: Property failed after 3 tests')],
      'a property has a counterexample',
    ],
  ])('runs nothing if %s', (_, results, said) => {
    const { status, stdout } = againOf(...results);
    expect(status).toBe(1);
    expect(stdout).toBe(`not run again: ${said}\n`);
  });
});
