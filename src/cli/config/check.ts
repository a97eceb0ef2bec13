// Checks after every edit that two texts differ in one member only.

import { commentsIn, type Splice } from './splice.ts';
import type { Config, Span } from './syntax.ts';

// Members of a node with its position, which do not belong to its meaning.
const POSITIONS = new Set(['start', 'end', 'loc']);

/**
 * Whether `after` equals `before` except for the given nodes. Comments count too.
 *
 * @param splices - The edits. Comments within a replaced span are removed.
 */
export function isSameBut(
  before: Config,
  nodesBefore: readonly Span[],
  after: Config,
  nodesAfter: readonly Span[],
  splices: readonly Splice[],
): boolean {
  if (outline(before, nodesBefore) !== outline(after, nodesAfter)) return false;
  const gone = new Set(splices.flatMap((splice) => commentsIn(before, splice)));
  const kept = before.comments.filter((comment) => !gone.has(comment));
  return textsOf(before, kept) === textsOf(after, after.comments);
}

/** The syntax tree without positions and without some nodes. */
function outline({ tree }: Config, without: readonly unknown[]): string {
  return JSON.stringify(tree, (key, value: unknown) => {
    if (POSITIONS.has(key)) return undefined;
    // Of `extra`, compares only how a literal is spelt. It also has parentheses and trailing commas with their
    // positions.
    if (key === 'extra') return (value as { raw?: string } | undefined)?.raw;
    if (Array.isArray(value)) return value.filter((item) => !without.includes(item));
    return without.includes(value) ? null : value;
  });
}

function textsOf({ text }: Config, spans: readonly Span[]): string {
  return JSON.stringify(spans.map(({ start, end }) => text.slice(start, end)));
}
