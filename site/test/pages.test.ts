// The built pages as files: links, anchors, the reference, the policy.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse, defaultTreeAdapter as tree } from 'parse5';
import { describe, expect, it } from 'vitest';
import { DIST, htmlOf, pages, SITE } from './built.ts';

interface Page {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
  readonly images: readonly { readonly src: string; readonly alt: string | undefined }[];
}

function read(page: string): Page {
  const ids = new Set<string>();
  const links: string[] = [];
  const images: { src: string; alt: string | undefined }[] = [];
  const queue = [...parse(htmlOf(page)).childNodes];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (!tree.isElementNode(node)) continue;
    queue.push(...node.childNodes);
    const attributes = new Map(node.attrs.map(({ name, value }) => [name, value]));
    const id = attributes.get('id');
    if (id !== undefined) ids.add(id);
    const href = attributes.get('href');
    if (node.tagName === 'a' && href !== undefined) links.push(href);
    const src = attributes.get('src');
    if (node.tagName === 'img' && src !== undefined)
      images.push({ src, alt: attributes.get('alt') });
  }
  return { ids, links, images };
}

const all = new Map(pages.map((page) => [page, read(page)]));
const isElsewhere = (link: string) => /^[a-z][a-z\d+.-]*:/i.test(link);

/** The file in dist/ that a link of a page names. */
function fileOf(page: string, link: string): string {
  const path = link.replace(/[?#].*$/, '');
  if (path === '') return page;
  const absolute = path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(page), path);
  if (absolute === '' || absolute.endsWith('/')) return `${absolute}index.html`;
  return posix.extname(absolute) === '' ? `${absolute}.html` : absolute;
}

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
    const broken: string[] = [];
    let count = 0;
    for (const [page, { links }] of all) {
      for (const link of links.filter((each) => !isElsewhere(each))) {
        count++;
        const file = fileOf(page, link);
        const anchor = decodeURIComponent(/#(.*)$/.exec(link)?.[1] ?? '');
        const target = all.get(file);
        const isThere = existsSync(join(DIST, file)) && (anchor === '' || target?.ids.has(anchor));
        if (!isThere) broken.push(`${page}: ${link}`);
      }
    }
    expect(count).toBeGreaterThan(1000);
    expect([...new Set(broken)]).toEqual([]);
  });

  it('have only pictures that are there, each with a text for those who cannot see it', () => {
    const found = [...all].flatMap(([page, { images }]) =>
      images.map((image) => ({ page, ...image })),
    );
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(({ page, src }) => !existsSync(join(DIST, fileOf(page, src))))).toEqual([]);
    expect(found.filter(({ alt }) => alt === undefined || alt.trim() === '')).toEqual([]);
  });

  it('are each in the sidebar', () => {
    const linked = new Set(
      [...all].flatMap(([page, { links }]) =>
        links.filter((link) => !isElsewhere(link)).map((link) => fileOf(page, link)),
      ),
    );
    const sidebar = new Set(
      ['format.html', 'api/index.html'].flatMap((page) =>
        (all.get(page) as Page).links
          .filter((link) => !isElsewhere(link))
          .map((link) => fileOf(page, link)),
      ),
    );
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
  const functions = pages.filter((page) => /^api\/.*\/functions\//.test(page));
  // Shown in the example of encryptManifest.
  const SHOWN_ELSEWHERE = ['api/bundleseal/capgo/functions/decryptManifest.html'];

  it('has every entry', () => {
    expect(entries).toHaveLength(9);
    expect(entries.flatMap(({ names }) => names).length).toBeGreaterThan(200);
  });

  it.each(entries)('has a page for each symbol of $entry', ({ folder, names }) => {
    const linked = (all.get(`${folder}/index.html`) as Page).links.map((link) =>
      posix.basename(link, '.html'),
    );
    expect(names.filter((name) => !linked.includes(name))).toEqual([]);
  });

  it('has an example on the page of each function', () => {
    expect(functions.length).toBeGreaterThan(50);
    const without = functions.filter(
      (page) =>
        !/language-ts[\s\S]*?bundleseal[\s\S]*?<\/pre>/.test(
          htmlOf(page).replace(/^[\s\S]*?id="example/, 'id="example'),
        ) || !htmlOf(page).includes('id="example'),
    );
    expect(without.filter((page) => !SHOWN_ELSEWHERE.includes(page))).toEqual([]);
  });
});
