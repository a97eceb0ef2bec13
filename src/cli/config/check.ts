// Whether two texts say the same but for one member: the safety net under every edit.

import { commentsIn, type Splice } from './splice.ts';
import type { Config, Span } from './syntax.ts';

// Where something stands, and not what it is.
const POSITIONS = new Set(['start', 'end', 'loc']);

/**
 * Whether `after` is `before` but for the given nodes, comments included.
 *
 * @param splices - What was done to the text: comments in what was replaced are gone.
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
    // How a literal is spelt; parentheses and trailing commas are said there too, with their positions.
    if (key === 'extra') return (value as { raw?: string } | undefined)?.raw;
    if (Array.isArray(value)) return value.filter((item) => !without.includes(item));
    return without.includes(value) ? null : value;
  });
}

function textsOf({ text }: Config, spans: readonly Span[]): string {
  return JSON.stringify(spans.map(({ start, end }) => text.slice(start, end)));
}
