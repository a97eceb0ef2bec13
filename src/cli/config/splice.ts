// Changes a text by position, and finds commas, comments and white space between members.

import type { Config, Member, ObjectExpression, Span } from './syntax.ts';

/** Replaces a span by `text`. */
export interface Splice extends Span {
  readonly text: string;
}

/**
 * Applies splices and keeps all other characters. Splices must not overlap. Two splices at the same place keep their
 * order.
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = '';
  let at = 0;
  for (const splice of [...splices].sort((a, b) => a.start - b.start)) {
    result += text.slice(at, splice.start) + splice.text;
    at = splice.end;
  }
  return result + text.slice(at);
}

const byStart = new WeakMap<readonly Span[], ReadonlyMap<number, Span>>();

/** Returns the comment that begins at a place. */
function commentAt({ comments }: Config, at: number): Span | undefined {
  let index = byStart.get(comments);
  if (index === undefined) {
    index = new Map(comments.map((comment) => [comment.start, comment]));
    byStart.set(comments, index);
  }
  return index.get(at);
}

/** Returns the comments in a span. */
export function commentsIn({ comments }: Config, { start, end }: Span): Span[] {
  return comments.filter((comment) => comment.start >= start && comment.end <= end);
}

export function isLineComment({ text }: Config, comment: Span | undefined): boolean {
  return comment !== undefined && text.startsWith('//', comment.start);
}

/** Returns the position of the comma after a member, if there is one. */
export function commaAfter(config: Config, member: Member): number | undefined {
  let at = member.end;
  for (;;) {
    const comment = commentAt(config, at);
    if (comment !== undefined) at = comment.end;
    else if (/\s/.test(config.text.charAt(at))) at += 1;
    else return config.text[at] === ',' ? at : undefined;
  }
}

/**
 * Returns the last comment that begins on the same line after `at`, if only comments are between.
 */
export function lastCommentOfLine(config: Config, at: number): Span | undefined {
  let last: Span | undefined;
  for (let end = at; ; ) {
    end = skipBlanks(config.text, end);
    const comment = commentAt(config, end);
    if (comment === undefined) return last;
    last = comment;
    end = comment.end;
  }
}

/** Skips spaces and tabs. */
export function skipBlanks(text: string, at: number): number {
  let end = at;
  while (/[^\S\n\r\u2028\u2029]/.test(text.charAt(end))) end += 1;
  return end;
}

/** Skips spaces and tabs backwards. */
export function skipBlanksBack(text: string, at: number): number {
  let start = at;
  while (start > 0 && /[^\S\n\r\u2028\u2029]/.test(text.charAt(start - 1))) start -= 1;
  return start;
}

export function isLineStart(text: string, at: number): boolean {
  return at === 0 || isLineEnd(text, at - 1);
}

function isLineEnd(text: string, at: number): boolean {
  return /[\n\r\u2028\u2029]/.test(text.charAt(at));
}

/** Skips a line break, if there is one. */
export function skipLineBreak(text: string, at: number): number {
  if (text.startsWith('\r\n', at)) return at + 2;
  return isLineEnd(text, at) ? at + 1 : at;
}

/** Returns the indentation of the line of `at`. */
export function indentAt(text: string, at: number): string {
  let start = at;
  while (!isLineStart(text, start)) start -= 1;
  // A byte order mark counts as white space but is not indentation.
  return text.slice(start, skipBlanks(text, start)).replace(/^\uFEFF/, '');
}

/** Returns the span between an object's braces. */
export function innerOf({ start, end }: ObjectExpression): Span {
  return { start: start + 1, end: end - 1 };
}
