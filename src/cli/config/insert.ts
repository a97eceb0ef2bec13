// Adds a member to an object literal.

import type { Splice } from './splice.ts';
import {
  commaAfter,
  commentsIn,
  indentAt,
  innerOf,
  isLineComment,
  lastCommentOfLine,
} from './splice.ts';
import { type CodeStyle, isMultiline, keyOf, styleOf } from './style.ts';
import type { Config, ObjectExpression } from './syntax.ts';

/**
 * Adds `names[0]: { names[1]: { … value } }` as the last member of the last holder.
 *
 * @param holders - Object literals from the config down to the one that gets the member.
 * @param valueIn - Returns the value's text in a style.
 */
export function insertMember(
  config: Config,
  holders: readonly ObjectExpression[],
  names: readonly string[],
  valueIn: (style: CodeStyle) => string,
): Splice[] {
  const holder = holders.at(-1) as ObjectExpression;
  const style = styleOf(config, holders);
  const value = valueIn(style);
  if (holder.properties.length === 0) return fillEmpty(config, holders, names, value, style);

  const { text } = config;
  const last = holder.properties.at(-1) as ObjectExpression['properties'][number];
  const comma = commaAfter(config, last);
  const end = comma === undefined ? last.end : comma + 1;
  // A comment about the last member stays on its line.
  const comment = lastCommentOfLine(config, end);
  const at = comment?.end ?? end;
  const indent = indentAt(text, last.start);
  const onOwnLine = isMultiline(config, holder);
  const before =
    onOwnLine || isLineComment(config, comment)
      ? style.lineBreak + indent
      : style.comma.replace(',', '');
  const member = renderMember(names, value, style, onOwnLine ? indent : undefined);
  const added = { start: at, end: at, text: before + member + (comma === undefined ? '' : ',') };
  if (comma !== undefined) return [added];
  return at === last.end
    ? [{ ...added, text: `,${added.text}` }]
    : [{ start: last.end, end: last.end, text: ',' }, added];
}

/** @param indent - The indentation of its line; `undefined` to write everything on one line. */
export function renderMember(
  [name, ...rest]: readonly string[],
  value: string,
  style: CodeStyle,
  indent: string | undefined,
): string {
  const start = keyOf(name as string, style) + style.colon;
  if (rest.length === 0) return start + value;
  const { lineBreak, padding, unit, trailing } = style;
  if (indent === undefined) {
    return `${start}{${padding}${renderMember(rest, value, style, indent)}${padding}}`;
  }
  const inner = renderMember(rest, value, style, indent + unit) + (trailing ? ',' : '');
  return `${start}{${lineBreak}${indent}${unit}${inner}${lineBreak}${indent}}`;
}

/** Adds the member to an object that contains only white space and comments. */
function fillEmpty(
  config: Config,
  holders: readonly ObjectExpression[],
  names: readonly string[],
  value: string,
  style: CodeStyle,
): Splice[] {
  const { text } = config;
  const inner = innerOf(holders.at(-1) as ObjectExpression);
  const content = text.slice(inner.start, inner.end);
  const outer = indentAt(text, inner.start);
  const comment = commentsIn(config, inner).at(-1);
  const around = [...holders].reverse().find(({ properties }) => properties.length > 0);
  const hasLines = /[\n\r]/.test(content);
  const onLines = hasLines || (around === undefined ? true : isMultiline(config, around));
  if (!onLines) {
    const member = renderMember(names, value, style, undefined);
    if (comment === undefined) {
      return [{ ...inner, text: style.padding + member + style.padding }];
    }
    return [{ start: comment.end, end: comment.end, text: ` ${member}` }];
  }
  const { lineBreak, unit, trailing } = style;
  const own = comment === undefined ? outer : indentAt(text, comment.start);
  const indent = own.length > outer.length ? own : outer + unit;
  const member = `${lineBreak}${indent}${renderMember(names, value, style, indent)}${trailing ? ',' : ''}`;
  const end = lineBreak + outer;
  if (comment === undefined) return [{ ...inner, text: member + end }];
  const isClosedBelow = /[\n\r]/.test(text.slice(comment.end, inner.end));
  if (isClosedBelow) return [{ start: comment.end, end: comment.end, text: member }];
  return [{ start: comment.end, end: inner.end, text: member + end }];
}
