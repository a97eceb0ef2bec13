// Mutation testing is started by hand and takes hours. This test fails as soon as its lists no longer fit the repository.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARTS } from '../mutation/parts.js';

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

  it.each(readdirSync(join(ROOT, SURVIVORS)))('give reasons for files that exist: %s', (file) => {
    const reasons: readonly { file: string }[] = JSON.parse(
      readFileSync(join(ROOT, SURVIVORS, file), 'utf8'),
    );
    expect(reasons.filter((reason) => !existsSync(join(ROOT, reason.file)))).toEqual([]);
  });
});
