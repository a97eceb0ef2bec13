// Names the lines that the user has to remove by hand, so that the app still builds without the files of init.

import type { Identifier } from '@babel/types';
import { importsUpdate, linesWithCall, NAME, parseModule } from './entry-module.ts';

/** The function of docs/guides/first-update.md around the call. */
const GUIDE = 'lookForUpdate';

/** The first and the last line of a statement. */
type Range = readonly [number, number];

/**
 * Names the import, and the code that calls the function, with the lines of whole statements. The app would not build without
 * them if the code that uses their result stays. The function of the guide is named with all statements that use it.
 */
export async function describeCode(path: string, text: string): Promise<string> {
  const lines = text.split('\n');
  const program = await parseModule(path, text);
  const usesOf = (name: string) => rangesIn(program, [1, 1], name);
  const guide = usesOf(GUIDE);
  const isOfGuide = (line: number) => guide.some(([first, last]) => first <= line && line <= last);
  const uses = usesOf(NAME);
  const hasGuide = uses.some(([line]) => isOfGuide(line));
  const rest = linesWithCall(text).filter((line) => !covers(uses, line));
  const isImport = ([line]: Range) => /^\s*import\b(?!\s*\()/.test(lines[line - 1] ?? '');
  const own = lines.flatMap((line, index) =>
    importsUpdate(line) && !covers(uses, index + 1) ? [oneLine(index + 1)] : [],
  );
  const all = [...uses, ...rest.filter((line) => !covers(own, line)).map(oneLine)];
  const imports = [...all, ...own].filter(isImport);
  const calls = all.filter((range) => !isImport(range) && !(hasGuide && isOfGuide(range[0])));
  const parts = [
    ...(imports.length > 0 ? [`the import ${within(imports, lines)}`] : []),
    ...(hasGuide
      ? [`the function ${GUIDE} with the statements that use it ${within(guide, lines)}`]
      : []),
    ...(calls.length > 0
      ? [`the code that calls ${NAME} ${within(calls, lines)} with what uses its result`]
      : []),
  ];
  return listed(parts);
}

/** Joins names: "a, b and c". */
export function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' and ');
}

const oneLine = (line: number): Range => [line, line];

const covers = (ranges: readonly Range[], line: number) =>
  ranges.some(([first, last]) => first <= line && line <= last);

/** Names lines: "(lines 1 and 10 to 16)". Ranges with only blank lines between them are one range. */
function within(ranges: readonly Range[], lines: readonly string[]): string {
  const joined: Range[] = [];
  for (const range of [...ranges].sort(([a], [b]) => a - b)) {
    const before = joined.at(-1);
    const isNext =
      before !== undefined &&
      lines.slice(before[1], range[0] - 1).every((line) => line.trim() === '');
    if (isNext) joined.pop();
    joined.push(isNext ? [before[0], Math.max(before[1], range[1])] : range);
  }
  const names = joined.map(([first, last]) =>
    first === last ? `${first}` : `${first} to ${last}`,
  );
  const [one] = names as [string];
  return `(${names.length === 1 && /^\d+$/.test(one) ? 'line' : 'lines'} ${listed(names)})`;
}

/** Returns the innermost statement around each use of a name. */
function rangesIn(node: unknown, around: Range, wanted: string): Range[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap((one) => rangesIn(one, around, wanted));
  const { type, name, loc, ...children } = node as Partial<Identifier>;
  if (typeof type !== 'string') return [];
  if (type === 'Identifier' && name === wanted) return [around];
  const isStatement = /(?<!^Block)(Statement|Declaration)$/.test(type);
  const range: Range = isStatement && loc ? [loc.start.line, loc.end.line] : around;
  return Object.values(children).flatMap((child) => rangesIn(child, range, wanted));
}
