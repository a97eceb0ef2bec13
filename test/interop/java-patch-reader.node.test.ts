// The reader of patches in docs/readers.md, written from docs/patch-format.md alone, makes the same images as this library
// and refuses the same patches.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, named, run, skipped } from '../support/java.ts';
import { testPatchReader } from '../support/patch-reader.ts';

const READER = join(import.meta.dirname, 'PatchReader.java');
const PAGE = join(import.meta.dirname, '../../docs/readers.md');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-patch-reader-'));
  compile(READER, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(skipped)(named('the reader of patches in Java'), () => {
  testPatchReader({
    folder: () => folder,
    run: (paths) => run(folder, 'PatchReader', ...paths),
  });
});

it('the page on readers shows this reader, to the letter', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toContain(`\`\`\`java\n${readFileSync(READER, 'utf8')}\`\`\`\n`);
});
