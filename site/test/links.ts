// What pages link to, and where it lies in the folder of the built site.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse, defaultTreeAdapter as tree } from 'parse5';

export interface PageFile {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
  readonly images: readonly { readonly src: string; readonly alt: string | undefined }[];
  /** Scripts and files of the head. */
  readonly assets: readonly string[];
}

/** Paths of every page below a folder. */
export const pagesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

export function readPage(file: string): PageFile {
  const ids = new Set<string>();
  const links: string[] = [];
  const images: { src: string; alt: string | undefined }[] = [];
  const assets: string[] = [];
  const queue = [...parse(readFileSync(file, 'utf8')).childNodes];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (!tree.isElementNode(node)) continue;
    queue.push(...node.childNodes);
    const attributes = new Map(node.attrs.map(({ name, value }) => [name, value]));
    const [id, href, src] = ['id', 'href', 'src'].map((name) => attributes.get(name));
    if (id !== undefined) ids.add(id);
    if (node.tagName === 'a' && href !== undefined) links.push(href);
    if (node.tagName === 'link' && href !== undefined) assets.push(href);
    if (node.tagName === 'script' && src !== undefined) assets.push(src);
    if (node.tagName === 'img' && src !== undefined)
      images.push({ src, alt: attributes.get('alt') });
  }
  return { ids, links, images, assets };
}

export const isElsewhere = (link: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(link);

/** The file that a link of a page names, below the folder of the site; undefined if it leads out of the base. */
export function fileOf(page: string, link: string, base = '/'): string | undefined {
  const path = link.replace(/[?#].*$/, '');
  if (path === '') return page;
  if (path.startsWith('/') && !path.startsWith(base)) return undefined;
  const below = path.startsWith('/')
    ? path.slice(base.length)
    : posix.join(posix.dirname(page), path);
  if (below === '' || below.endsWith('/')) return `${below}index.html`;
  return posix.extname(below) === '' ? `${below}.html` : below;
}

/** Links to pages and anchors that are not there, each with its page, and the number of all. */
export function brokenLinks(
  folder: string,
  pages: ReadonlyMap<string, PageFile>,
  base = '/',
): { readonly count: number; readonly broken: readonly string[] } {
  const broken: string[] = [];
  let count = 0;
  for (const [page, { links }] of pages) {
    for (const link of links.filter((each) => !isElsewhere(each))) {
      count++;
      const file = fileOf(page, link, base);
      const anchor = decodeURIComponent(/#(.*)$/.exec(link)?.[1] ?? '');
      const isThere =
        file !== undefined &&
        existsSync(join(folder, file)) &&
        (anchor === '' || pages.get(file)?.ids.has(anchor) === true);
      if (!isThere) broken.push(`${page}: ${link}`);
    }
  }
  return { count, broken: [...new Set(broken)] };
}
