// Edits the first module of the app: adds an import and a call.

import type { Program } from '@babel/types';
import { loadScriptParser } from '../config/parse.ts';
import { MAX_MODULE_LENGTH } from './find-imports.ts';
import { APP_FOLDER } from './website.ts';

export const NAME = 'keepUpToDate';

/** Returns the specifier with which a module of the app imports the one with `keepUpToDate`. */
export function specifierFrom(entry: string, isTypeScript: boolean): string {
  const up = entry.split('/').length - 1;
  const to = entry.startsWith('src/')
    ? `${'../'.repeat(up - 1)}${APP_FOLDER.slice('src/'.length)}/update`
    : `${'../'.repeat(up)}${APP_FOLDER}/update`;
  return `${to.startsWith('.') ? to : `./${to}`}${isTypeScript ? '' : '.js'}`;
}

/** Returns the lines for users who add them manually. */
export function entryLines(specifier: string): readonly [string, string] {
  return [`import { ${NAME} } from '${specifier}';`, `${NAME}().catch(console.error);`];
}

/** The numbers of the lines that use the function, counted from 1. */
export function linesWithCall(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (USE.test(line) ? [index + 1] : []));
}

const USE = new RegExp(`\\b${NAME}\\b`);

/** Whether a module imports the one with the function. The library itself has no slash before its name. */
export function importsUpdate(text: string): boolean {
  return OWN_MODULE.test(text);
}

const OWN_MODULE = /['"][^'"\n]*\/bundleseal\/update(\.[jt]s)?['"]/;

/**
 * Adds the import before the module's first import, and the call at its end. Keeps all other bytes. The module of the import
 * listens for errors, so it has to run before every module that may throw.
 *
 * @param isModule - Whether it is known to be a module, even without an import.
 * @returns The same text if it calls the function already, or leaves that to another module and only imports the one with the function;
 * `undefined` if the text cannot be understood.
 */
export async function addCall(
  path: string,
  text: string,
  specifier: string,
  isModule = false,
): Promise<string | undefined> {
  if (USE.test(text) || importsUpdate(text)) return text;
  const imports = await findImports(path, text, isModule);
  if (imports === undefined) return undefined;
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const [before = ''] = /[^\r\n]*$/.exec(text.slice(0, imports.end)) ?? [];
  const [importLine, callLine] = inStyleOf(before, specifier);
  const head = text.slice(0, imports.start);
  const body = text.slice(imports.start);
  const separated = `${importLine}${lineBreak}${imports.end === 0 ? lineBreak : ''}`;
  const finished = body === '' || /[\r\n]$/.test(body) ? '' : lineBreak;
  const rest = text.slice(imports.end);
  return `${head}${separated}${body}${finished}${rest.trim() === '' ? '' : lineBreak}${callLine}${lineBreak}`;
}

/** Uses the quotes and semicolons of the previous import. */
function inStyleOf(before: string, specifier: string): string[] {
  const hasDouble = /"[^"']*"\s*;?\s*$/.test(before);
  const hasSemicolons = before === '' || /;\s*$/.test(before);
  return entryLines(specifier).map((line) => {
    const quoted = hasDouble ? line.replaceAll("'", '"') : line;
    return hasSemicolons ? quoted : quoted.replace(/;$/, '');
  });
}

/** A comment with which a tool leaves out a check of the next line. */
const OF_NEXT_LINE = /@ts-(ignore|expect-error)\b|-next-line\b|\b(biome|prettier)-ignore\b/;

/**
 * Finds the start of the first import, with the comments of tools about its line, and the end of the last import. Both are 0
 * in a module without imports.
 */
async function findImports(
  path: string,
  text: string,
  isModule: boolean,
): Promise<{ readonly start: number; readonly end: number } | undefined> {
  const program = await parseModule(path, text);
  if (program === undefined) return undefined;
  // Without imports it may be a script, which cannot import, unless a page loads it as a module.
  const imports = program.body.filter(({ type }) => type === 'ImportDeclaration');
  if (imports.length === 0 && program.body.length > 0 && !isModule) return undefined;
  let start = imports[0]?.start ?? 0;
  for (const comment of [...(imports[0]?.leadingComments ?? [])].reverse()) {
    if (!OF_NEXT_LINE.test(comment.value)) break;
    start = comment.start ?? start;
  }
  return { start, end: imports.at(-1)?.end ?? 0 };
}

/** Returns `undefined` for a text that is too long or has a mistake. */
export async function parseModule(path: string, text: string): Promise<Program | undefined> {
  if (text.length > MAX_MODULE_LENGTH) return undefined;
  const { parse } = await loadScriptParser();
  const isTypeScript = /\.[mc]?tsx?$/.test(path);
  const isJsx = !/\.[mc]?ts$/.test(path);
  try {
    return parse(text, {
      sourceType: 'module',
      plugins: [
        ...(isTypeScript ? (['typescript'] as const) : []),
        ...(isJsx ? (['jsx'] as const) : []),
        'decorators',
        'decoratorAutoAccessors',
        'explicitResourceManagement',
      ],
    }).program;
  } catch {
    return undefined;
  }
}
