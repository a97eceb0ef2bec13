// The pictures of the documentation are drawn by code, from what was measured and from the source as it is.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawn, PICTURES } from '../../build/pictures/index.js';
import { pages, ROOT } from '../support/docs.ts';

const FOLDER = join(ROOT, 'docs/pictures');

describe('docs/pictures', () => {
  it('has each picture as it is drawn; `npm run update:pictures` draws them again', () => {
    const expected = new Map(drawn());
    expect(readdirSync(FOLDER).sort()).toEqual([...expected.keys()].sort());
    const old = [...expected].filter(
      ([file, content]) => readFileSync(join(FOLDER, file), 'utf8') !== content,
    );
    expect(old.map(([file]) => file)).toEqual([]);
  });

  it.each(drawn())('%s has a title and a description, and asks for nothing', (_, content) => {
    expect(content).toMatch(/<title id="title">[^<]{5,}<\/title>/);
    expect(content).toMatch(/<desc id="description">[^<]{50,}<\/desc>/);
    expect(content).toContain('role="img"');
    expect(content.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|href|<script|url\((?!#)/,
    );
  });

  it('is shown with the text of each picture for those who cannot see it', () => {
    const shown = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const found = text.matchAll(/<img alt="([^"]*)" src="[^"]*pictures\/(\w+)-light\.svg">/g);
      return [...found].map(([, alt, name]) => ({ page, alt, name: name as string }));
    });
    expect(shown.length).toBeGreaterThan(0);
    for (const { page, alt, name } of shown)
      expect(alt, `${name} in ${page}`).toBe(PICTURES[name]?.alt);
  });
});
