// The upload commands of docs/guides/publishing.md, of which `npm run test:stores` runs those for S3, rsync and Netlify, and its
// steps for GitHub Pages.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const guide = readFileSync(join(ROOT, 'docs/guides/publishing.md'), 'utf8');
const blocks = [...guide.matchAll(/```text\n([\s\S]*?)```/g)].map(([, block]) => block as string);

it('the commands of the guide upload the index after the objects that it names', () => {
  const uploads = blocks.filter((one) => one.includes('out/channels/production.sealed'));
  expect(uploads.length).toBe(5);
  for (const one of uploads) {
    expect(one.indexOf('out/objects')).toBeGreaterThanOrEqual(0);
    expect(one.lastIndexOf('out/objects')).toBeLessThan(one.indexOf('out/channels/'));
  }
});

it('the guide for a first update deploys a website by the command of this guide, which keeps the store', () => {
  const deploys = blocks.filter((one) => one.startsWith('rsync -a --delete '));
  expect(deploys).toHaveLength(1);
  const first = readFileSync(join(ROOT, 'docs/guides/first-update.md'), 'utf8');
  expect(first).toContain(`\n  ${deploys[0]}`);
});

it('the steps of the guide for GitHub Pages use the actions that init pins', () => {
  const folder = join(ROOT, 'src/cli/init');
  const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const used = [...guide.matchAll(/- uses: (.+)/g)].map(([, action]) => action as string);
  expect(used.length).toBe(2);
  for (const action of used) expect(source.join('\n')).toContain(action);
});
