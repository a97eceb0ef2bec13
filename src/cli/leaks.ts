// Finds content that a bundle should not contain, because everyone who has the app can read it.

import type { Context } from './terminal.ts';

const KINDS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/(^|\/)\.env(?!\.(example|sample|template|dist)$)(\.[^/]*)?$/, 'it often holds passwords'],
  [/(^|\/)\.git(\/|$)/, 'it holds the history of the sources'],
  [/(^|\/)\.npmrc$/, 'it often holds an access token'],
  [/(^|\/)node_modules\//, 'a build should not need it'],
];

// Tokens in npm's syntax: "//host/:_authToken=…", "_auth=…", "_password=…".
const NPM_TOKEN = /_(authToken|auth|password)\s*=\s*\S/;

/** Collects warnings about the files of a bundle. */
export interface PublishedFiles {
  /**
   * @param content - The content of an `.npmrc`, if available. Without a token the file is harmless.
   */
  see(path: string, content?: Uint8Array): void;
  warn(context: Context): void;
}

export function createPublished(): PublishedFiles {
  const found = new Map<string, { readonly path: string; count: number }>();
  return {
    see(path, content) {
      const [pattern, why] = KINDS.find(([kind]) => kind.test(path)) ?? [];
      if (pattern === undefined || why === undefined) return;
      const text = content && new TextDecoder('latin1').decode(content);
      if (path.endsWith('.npmrc') && text !== undefined && !NPM_TOKEN.test(text)) return;
      const before = found.get(why);
      if (before === undefined) found.set(why, { path: shownPath(path, pattern), count: 1 });
      else before.count += 1;
    },
    warn(context) {
      for (const [why, { path, count }] of found) {
        const more = count > 1 && !path.endsWith('/') ? ` and ${count - 1} more like it` : '';
        context.warn(
          `the bundle holds ${JSON.stringify(path)}${more}, and everyone who has the app can read it (${why}): leave it out by --ignore`,
        );
      }
    },
  };
}

/** Returns the folder of a path, if the folder should not be in the bundle. */
function shownPath(path: string, pattern: RegExp): string {
  const end = pattern.exec(path) as RegExpExecArray;
  return end[0].endsWith('/') ? path.slice(0, end.index + end[0].length) : path;
}

/**
 * The remedy if there is no index.html at the root.
 *
 * @param indexes - Paths of files named index.html, in upper or lower case.
 * @param folder - The folder on the command line; absent for a zip.
 */
export function indexAdvice(indexes: readonly string[], folder?: string): string {
  const other = indexes.find((path) => !path.includes('/'));
  if (other !== undefined) {
    return `it has ${JSON.stringify(other)}, and case counts: rename it, or pass --no-index`;
  }
  const byDepth = [...indexes].sort((a, b) => a.split('/').length - b.split('/').length);
  const [first] = byDepth.filter((path) => path.endsWith('/index.html'));
  if (first === undefined) return 'name the folder that the build writes, or pass --no-index';
  const inner = first.slice(0, -'/index.html'.length);
  // Angular and others write the app into a subfolder.
  return folder === undefined
    ? `it has ${JSON.stringify(first)}: zip what is in ${JSON.stringify(inner)}, or pass --no-index`
    : `it has ${JSON.stringify(first)}: name ${JSON.stringify(`${folder.replace(/[\\/]+$/, '')}/${inner}`)} instead, or pass --no-index`;
}
