// Files of tests share a process, except those that change what the process shares: vitest.config.ts.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const TESTS = join(import.meta.dirname, '..');
// Mocked modules stay mocked, and modules that are loaded already can not be mocked. Threads and memory are counted.
const NEEDS_ITS_OWN =
  /\bvi\.(mock|doMock|resetModules)\(|'node:worker_threads'|process\.memoryUsage/;
// In two parts, because Vitest looks for such a line in this file too.
const OWN = new RegExp(`^// @vitest-${'environment'}-options \\{ "own": "([^"]+)" \\}$`, 'm');

const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
  .map((file) => ({ file, text: readFileSync(join(TESTS, file), 'utf8') }))
  .filter(({ file }) => !file.startsWith('meta/isolation'));

describe('a file of tests that mocks modules, counts threads or measures memory', () => {
  it('has a process of its own', () => {
    const sharing = files.filter(({ text }) => NEEDS_ITS_OWN.test(text) && !OWN.test(text));
    expect(sharing.map(({ file }) => file)).toEqual([]);
  });

  it('shares its process with no other file', () => {
    const names = files.map(({ text }) => OWN.exec(text)?.[1]).filter((name) => name !== undefined);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
