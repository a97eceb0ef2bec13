// Finds the scripts that a page of the app loads.

import { posix } from 'node:path';
import { readText } from './read.ts';

/** A script of a page. */
interface Script {
  /** Its path from the current folder. */
  readonly path: string;
  /** Whether the page loads it as a module. */
  readonly isModule: boolean;
}

/**
 * Lists the scripts of the app that the first of these pages loads: its modules, or its other scripts if it loads no module.
 * Bundlers put only modules into the build. Returns `undefined` if no page has a script, or if a script is outside of this
 * folder. The list is empty if the page has only modules without a file.
 */
export async function scriptsOf(pages: readonly string[]): Promise<readonly Script[] | undefined> {
  for (const page of pages) {
    const html = await readText(page);
    if (html === undefined) continue;
    const tags = html.replace(/<!--[\s\S]*?(?:-->|$)/g, '').match(/<script\b[^>]*>/gi) ?? [];
    const all = tags.map((tag) => ({
      path: pathOf(tag, page),
      isModule: attribute(tag, 'type')?.toLowerCase() === 'module',
    }));
    const modules = all.filter((script) => script.isModule);
    const found = (modules.length > 0 ? modules : all).flatMap(({ path, isModule }) =>
      path === undefined ? [] : [{ path, isModule }],
    );
    const isOutside = found.some(({ path }) => path.startsWith('../'));
    return isOutside || all.length === 0 ? undefined : found;
  }
  return undefined;
}

/** The path of a script that belongs to the app. A query may follow it, and Vite replaces a variable before it. */
function pathOf(tag: string, page: string): string | undefined {
  const [, path] =
    /^(?:%\w+%)?\.?\/?([^/:?#%][^:?#]*\.[mc]?[jt]sx?)(?:[?#]|$)/.exec(
      attribute(tag, 'src') ?? '',
    ) ?? [];
  return path === undefined ? undefined : posix.join(posix.dirname(page), path);
}

function attribute(tag: string, name: string): string | undefined {
  const [, ...values] =
    new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag) ?? [];
  return values.find((value) => value !== undefined);
}
