// The built pages as files: links, anchors, the reference, the policy.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIST, htmlOf, pages, SITE } from './built.ts';
import { brokenLinks, fileOf, isElsewhere, type PageFile, readPage } from './links.ts';

const all = new Map(pages.map((page) => [page, readPage(join(DIST, page))]));
const linksOf = (page: string) => (all.get(page) as PageFile).links;
const targetsOf = (page: string) =>
  linksOf(page)
    .filter((link) => !isElsewhere(link))
    .map((link) => fileOf(page, link));

describe('the pages', () => {
  it('are the pages of the documentation and of the reference', () => {
    expect(pages).toEqual(
      expect.arrayContaining(['index.html', 'playground.html', 'format.html', 'api/index.html']),
    );
    const docs = readdirSync(join(SITE, '../docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html'));
    expect(docs.length).toBeGreaterThan(30);
    expect(docs.filter((page) => !pages.includes(page))).toEqual([]);
  });

  it('have only links that lead to a page, and anchors that are there', () => {
    const { count, broken } = brokenLinks(DIST, all);
    expect(count).toBeGreaterThan(1000);
    expect(broken).toEqual([]);
  });

  it('have only pictures that are there, each with a text for those who cannot see it', () => {
    const found = [...all].flatMap(([page, { images }]) =>
      images.map((image) => ({ page, ...image })),
    );
    expect(found.length).toBeGreaterThan(5);
    expect(
      found.filter(({ page, src }) => !existsSync(join(DIST, fileOf(page, src) as string))),
    ).toEqual([]);
    expect(found.filter(({ alt }) => alt === undefined || alt.trim() === '')).toEqual([]);
  });

  it('are each in the sidebar', () => {
    const linked = new Set(pages.flatMap(targetsOf));
    const sidebar = new Set(['format.html', 'api/index.html'].flatMap(targetsOf));
    const guides = pages.filter((page) => !/^(api\/|404|index)/.test(page));
    expect(guides.filter((page) => !sidebar.has(page))).toEqual([]);
    expect(pages.filter((page) => page !== '404.html' && !linked.has(page))).toEqual([]);
  });

  it('forbid every request by a script', () => {
    for (const page of pages) {
      const [, policy] =
        /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(htmlOf(page)) ?? [];
      expect(policy, page).toContain("default-src 'none'");
      expect(policy, page).toContain("connect-src 'none'");
      expect(policy, page).not.toMatch(/script-src[^;]*'unsafe-inline'/);
    }
  });
});

const KINDS = /^api\/.*\/(functions|classes|interfaces|type-aliases|variables)\//;

describe('the API reference', () => {
  // What each entry exports, by the report of its interface.
  const entries = readdirSync(join(SITE, '../etc')).map((file) => {
    const entry = file.replace('.api.md', '');
    const report = readFileSync(join(SITE, '../etc', file), 'utf8');
    const exported = report.matchAll(
      /^export (?:declare )?(?:function|interface|type|class|const) (\w+)/gm,
    );
    const own = [...exported].map(([, name]) => name as string);
    const listed = [...report.matchAll(/^export \{ (\w+) \}/gm)].map(([, name]) => name as string);
    const folder =
      entry === 'index' ? 'api/bundleseal' : `api/bundleseal/${entry.replace('-', '/')}`;
    return { entry, folder, names: [...new Set([...own, ...listed])] };
  });
  const symbols = pages.filter((page) => KINDS.test(page));

  it('has every entry', () => {
    expect(entries).toHaveLength(9);
    expect(entries.flatMap(({ names }) => names).length).toBeGreaterThan(200);
  });

  it.each(entries)('has a page for each symbol of $entry', ({ folder, names }) => {
    const linked = linksOf(`${folder}/index.html`).map((link) => posix.basename(link, '.html'));
    expect(names.filter((name) => !linked.includes(name))).toEqual([]);
  });

  it('has an example on the page of each symbol', () => {
    expect(symbols.length).toBeGreaterThan(200);
    const hasExample = (page: string) => {
      const [, example = ''] = htmlOf(page).split(/<h\d id="example[^>]*>/);
      const [block = ''] = example.split('</pre>');
      return /language-ts[\s\S]*from[\s\S]*bundleseal/.test(block);
    };
    expect(symbols.filter((page) => !hasExample(page))).toEqual([]);
  });

  it('says which function the example of a type is of', () => {
    const text = htmlOf('api/bundleseal/interfaces/EncryptOptions.html');
    expect(text).toMatch(
      /Of <a href="[^"]*\/functions\/encryptBundle.html"[^>]*><code>encryptBundle/,
    );
  });
});
