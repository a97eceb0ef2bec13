// The pages about errors name every error code, and no other. Messages of the library name commands that run as they are.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/docs.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** Not those of Chromium, which begin with `net::`. */
const codesIn = (text: string) => [...new Set(text.match(/(?<!net::)\bERR_[A-Z_]+\b/g))].sort();

const ofLibrary = codesIn(
  read('src/errors.ts').split('export type ErrorCode')[1]?.split(';')[0] ?? '',
);
const ofCommandLine = ['ERR_INTERRUPTED', 'ERR_UNEXPECTED', 'ERR_USAGE'];

/** The first cells of the rows that begin with a code, and how many of their cells are empty. */
const rows = (page: string) =>
  [...page.matchAll(/^\| `(ERR_[A-Z_]+)` +\|([^|]*)\|([^|]*)\|/gm)].map(
    ([, code, cause, remedy]) => ({ code, cause: cause?.trim(), remedy: remedy?.trim() }),
  );

describe('error codes', () => {
  it('are found in the source', () => {
    expect(ofLibrary.length).toBeGreaterThan(15);
    for (const code of ofCommandLine) expect(read('docs/cli.md')).toContain(code);
  });

  it('have a row with a cause and a remedy in docs/errors.md', () => {
    const found = rows(read('docs/errors.md'));
    expect(found.map(({ code }) => code).sort()).toEqual(ofLibrary);
    for (const { code, cause, remedy } of found) {
      expect(cause, code).not.toBe('');
      expect(remedy, code).not.toBe('');
    }
  });

  it('have a symptom in docs/troubleshooting.md, and so have those of the command line', () => {
    const page = read('docs/troubleshooting.md');
    expect(codesIn(page)).toEqual([...ofLibrary, ...ofCommandLine].sort());
    for (const line of page.split('\n').filter((each) => /^\| (?!---|symptom)/.test(each))) {
      const [, symptom, , cause, remedy] = line.split('|').map((cell) => cell.trim());
      for (const cell of [symptom, cause, remedy]) expect(cell, line).not.toBe('');
    }
  });
});

describe('the messages of the library', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('cli'),
  );

  it('name commands with npx, because no shell finds bundleseal alone', () => {
    const lines = sources
      .flatMap((path) => read(`src/${path}`).split('\n'))
      .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line));
    const commands = lines.flatMap(
      (line) => line.match(/(npx )?\bbundleseal (key|bundle|release|init|doctor) [a-z]+/g) ?? [],
    );
    expect(commands).toContain('npx bundleseal release stamp');
    expect(commands.filter((one) => !one.startsWith('npx '))).toEqual([]);
  });
});
