// The worked examples in docs/format.md are those of the vectors.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dump, edges } from '../../build/format-examples.js';
import { withBlock } from '../../build/generated.js';
import { MAX_METADATA_LENGTH } from '../../src/format/limits.ts';
import { ROOT } from '../support/docs.ts';

const page = readFileSync(join(ROOT, 'docs/format.md'), 'utf8');

it.each([
  ['edges', edges()],
  ['dump', dump()],
])('the block %s is current; `npm run update:format` writes it again', (name, text) => {
  expect(text.length).toBeGreaterThan(200);
  expect(page).toBe(withBlock(page, name, text));
});

it('docs/format.md computes the longest header under the cap of chunks', () => {
  const longest = 56 + MAX_METADATA_LENGTH + 32 * 2 ** 20 + 1024;
  expect(page).toContain(`${longest.toLocaleString('en-US')} at the cap`);
});

it('docs/format.md computes the advantage for each row of the table of confidentiality', () => {
  const rows = [...page.matchAll(/^\| ([^|]+?) +\| 2\^(\d+) +\| 2\^-(\d+) +\|$/gm)];
  expect(rows).toHaveLength(5);
  const sizes = [2 ** 26, 2 ** 30, 2 ** 38, 2 ** 44, 2 ** 53];
  for (const [i, [, what, blocks, advantage]] of rows.entries()) {
    const size = sizes[i] as number;
    // Chunks of 2^18 bytes, or as many as the cap allows; their blocks, their tags and the hash key.
    const count = Math.min(size / 2 ** 18, 2 ** 20);
    const calls = Math.log2(size / 16 + count + 1);
    expect(Math.round(calls), what).toBe(Number(blocks));
    expect(Math.round(129 - 2 * calls), what).toBe(Number(advantage));
  }
});
