// The version stands in several files; and the pages that a newcomer reads first stay short.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, ROOT } from '../support/docs.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('the version of package.json', () => {
  it('is that of package-lock.json', () => {
    const lock = JSON.parse(read('package-lock.json'));
    expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  });

  it.each(readdirSync(join(ROOT, 'examples')).filter((name) => !name.includes('.')))(
    'is the one that examples/%s depends on',
    (name) => {
      const { dependencies } = JSON.parse(read(`examples/${name}/package.json`));
      expect(dependencies.bundleseal).toBe(version);
    },
  );

  it('is that of every tarball that a page names', () => {
    const named = pages
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) => [...read(page).matchAll(/bundleseal-(\d+\.\d+\.\d+)\.tgz/g)])
      .map(([, one]) => one);
    expect(named.length).toBeGreaterThan(1);
    expect([...new Set(named)]).toEqual([version]);
  });

  it('has a section with a date in CHANGELOG.md', () => {
    const headings = read('CHANGELOG.md').match(/^## .*/gm) ?? [];
    expect(headings).toContainEqual(
      expect.stringMatching(
        new RegExp(`^## ${version.replaceAll('.', '\\.')} - \\d{4}-\\d\\d-\\d\\d$`),
      ),
    );
  });
});

describe('README.md', () => {
  it('has at most 150 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });
});
