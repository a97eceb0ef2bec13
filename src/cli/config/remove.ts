// Removes a member from an object literal.

import {
  commaAfter,
  commentsIn,
  innerOf,
  isLineStart,
  lastCommentOfLine,
  type Splice,
  skipBlanks,
  skipBlanksBack,
  skipLineBreak,
} from './splice.ts';
import type { Config, Member, ObjectExpression, Span } from './syntax.ts';

/** Removes a member with its comma, and with its line if nothing else is on it. */
export function removeMember(config: Config, holder: ObjectExpression, member: Member): Splice[] {
  const { properties } = holder;
  const inner = innerOf(holder);
  if (properties.length === 1 && commentsOutside(config, inner, member).length === 0) {
    return [{ ...inner, text: '' }];
  }
  const comma = commaAfter(config, member);
  const splices: Splice[] = [
    { ...extentOf(config, member, comma === undefined ? member.end : comma + 1), text: '' },
  ];
  // The removed member is the last one and has no comma, so the comma of the previous member is removed.
  const previous = properties[properties.indexOf(member) - 1];
  const orphan = comma === undefined && previous ? commaAfter(config, previous) : undefined;
  if (orphan !== undefined) splices.unshift({ start: orphan, end: orphan + 1, text: '' });
  return splices;
}

function commentsOutside(config: Config, inner: Span, { start, end }: Span): Span[] {
  return commentsIn(config, inner).filter(
    (comment) => comment.end <= start || comment.start >= end,
  );
}

/** @param end - End of the member's comma. */
function extentOf({ text, ...rest }: Config, { start }: Member, end: number): Span {
  const config = { text, ...rest };
  const before = skipBlanksBack(text, start);
  const comment = lastCommentOfLine(config, end);
  // Removes the comment on the member's line too, because it may contain a part of the key.
  const isOneLine = comment !== undefined && !/[\n\r]/.test(text.slice(end, comment.end));
  const after = skipBlanks(text, isOneLine ? comment.end : end);
  const behind = skipLineBreak(text, after);
  if (isLineStart(text, before)) {
    return behind > after ? { start: before, end: behind } : { start, end: skipBlanks(text, end) };
  }
  if (behind > after) return { start: before, end };
  // Keeps the white space before a following member, or after a previous one.
  const isClosed = text[after] === '}';
  return isClosed ? { start: before, end } : { start, end: skipBlanks(text, end) };
}
