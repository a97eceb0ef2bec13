// The reader of docs/readers.md, written from docs/format.md alone, opens the bundles of this library. It refuses a bundle with
// the same code as this library.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testBundleReader } from '../support/bundle-reader.ts';
import { compile, named, run, skipped } from '../support/java.ts';

const READER = join(import.meta.dirname, 'Reader.java');
const PAGE = join(import.meta.dirname, '../../docs/readers.md');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-reader-'));
  compile(READER, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(skipped)(named('the reader in Java'), () => {
  testBundleReader({
    folder: () => folder,
    run: (key, paths) => run(folder, 'Reader', key, ...paths),
  });
});

it('the page on readers shows this reader, to the letter', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(page).toContain(`\`\`\`java\n${readFileSync(READER, 'utf8')}\`\`\`\n`);
});
