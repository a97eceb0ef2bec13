// The pictures of the documentation are drawn by code, from what was measured and from the source as it is.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawn, PICTURES, withTexts } from '../../build/pictures/index.js';
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

  it('has its text in the pages that show it; `npm run update:pictures` writes it', () => {
    const showing = pages
      .map((page) => ({ page, text: readFileSync(join(ROOT, page), 'utf8') }))
      .filter(({ text }) => /src="[^"]*pictures\/\w+-light\.svg"/.test(text));
    expect(showing.length).toBeGreaterThan(1);
    expect(showing.filter(({ text }) => withTexts(text) !== text).map(({ page }) => page)).toEqual(
      [],
    );
    const named = showing.flatMap(({ text }) => [...text.matchAll(/pictures\/(\w+)-light\.svg/g)]);
    expect(named.filter(([, name]) => PICTURES[name as string] === undefined)).toEqual([]);
    expect(withTexts('<img alt="old" src="pictures/keys-light.svg">')).toContain(
      PICTURES['keys']?.alt,
    );
  });
});
