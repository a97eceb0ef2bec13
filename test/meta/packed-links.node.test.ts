// The package carries every file that its own pages and docstrings link to.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, sources } from '../support/docs.ts';

const packed = new Set(
  readFileSync(join(ROOT, 'test/package/contents.txt'), 'utf8').trimEnd().split('\n'),
);
const packedPages = [...packed].filter((path) => path.endsWith('.md'));

it.each(packedPages)('%s links to files of the package alone', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  const links = [
    ...text.matchAll(/\]\(([^)\s]+)\)/g),
    ...text.matchAll(/\s(?:href|src|srcset)="([^"]+)"/g),
  ].map(([, url]) => url as string);
  const missing = links
    .filter((url) => !/^(https:|#)/.test(url))
    .map((url) => normalize(join(dirname(page), url.replace(/#.*/, ''))))
    .filter((path) => !packed.has(path));
  expect(missing).toEqual([]);
});

it('the package has the pages that docstrings name', () => {
  const named = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map(([path]) => path);
  });
  expect(named.length).toBeGreaterThan(20);
  // Whether they exist: docs.node.test.ts.
  const there = named.filter((path) => existsSync(join(ROOT, path)));
  expect(there.filter((path) => !packed.has(path))).toEqual([]);
});

it('the repository has the tests that the threat model names', () => {
  const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');
  const named = [...page.matchAll(/`((?:security|unit|property|model)\/[\w/-]+)`/g)].map(
    ([, name]) => name as string,
  );
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(
    (name) =>
      !['.test.ts', '.node.test.ts', '.long.node.test.ts'].some((ending) =>
        existsSync(join(ROOT, `test/${name}${ending}`)),
      ),
  );
  expect(missing).toEqual([]);
});
