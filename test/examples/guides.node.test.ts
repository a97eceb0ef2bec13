// The guides show the code of the examples, which run, and all of it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocks, ROOT } from '../support/docs.ts';

const EXAMPLES = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The parts that every app has. */
const OF_APP = /(^|\/)src\/app\.js$|^node_modules\//;

const filesOf = (example: string): readonly string[] =>
  readdirSync(join(ROOT, 'examples', example), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js') && !OF_APP.test(path))
    .sort();

it('the folder examples/ has several examples', () => {
  expect(EXAMPLES.length).toBeGreaterThan(1);
});

describe.each(EXAMPLES)('the guide of examples/%s', (example) => {
  const page = `docs/guides/${example}.md`;
  const text = readFileSync(join(ROOT, page), 'utf8');
  const read = (path: string) => readFileSync(join(ROOT, 'examples', example, path), 'utf8');

  it('says how many lines of code the example has', () => {
    const [intro = ''] = text.split('\n## ');
    const said = [...intro.matchAll(/(\d+)(?: lines| for the page)/g)].map(([, count]) =>
      Number(count),
    );
    const lines = filesOf(example).map((path) => read(path).trimEnd().split('\n').length);
    const sum = (counts: readonly number[]) => counts.reduce((all, one) => all + one, 0);
    expect(sum(said)).toBe(sum(lines));
  });

  it('shows every script as it runs, after its name', () => {
    const files = filesOf(example);
    const shown = blocks.filter(({ file, language }) => file === page && language === 'javascript');
    expect(shown.map(({ code }) => code).sort()).toEqual(files.map(read).sort());
    for (const path of files) {
      const [before = ''] = text.split(read(path));
      expect(before.split('```').at(-2), path).toContain(`\`${path}\``);
    }
  });

  it('shows the page that a server sends, if it shows one', () => {
    const [html] = blocks.filter(({ file, language }) => file === page && language === 'html');
    if (example !== 'node') expect(html).toBeUndefined();
    else expect(html?.code).toBe(read('public/index.html'));
  });
});
