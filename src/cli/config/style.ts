// Determines the style of a config, so that added text looks like the rest.

import { commaAfter, indentAt, isLineStart, skipBlanksBack } from './splice.ts';
import {
  type Config,
  childrenOf,
  type Member,
  type Node,
  type ObjectExpression,
  type ObjectProperty,
} from './syntax.ts';

export interface CodeStyle {
  readonly lineBreak: string;
  /** The quote of strings. */
  readonly quote: string;
  /** The quote of member names; empty for none. */
  readonly keyQuote: string;
  /** The text between name and value. */
  readonly colon: string;
  /** The separator of members on one line. */
  readonly comma: string;
  /** The padding inside the braces of an object on one line. */
  readonly padding: string;
  /** One step of indentation. */
  readonly unit: string;
  /** Whether the last member of an object on several lines has a comma. */
  readonly trailing: boolean;
}

const BARE_NAME = /^[A-Za-z_$][\w$]*$/;

/** @param holders - Object literals from the config down to the one that gets a member. */
export function styleOf(config: Config, holders: readonly ObjectExpression[]): CodeStyle {
  const { text, language } = config;
  // Prefers the nearest object as the example.
  const written = [...holders].reverse().filter(({ properties }) => properties.length > 0);
  const colon = firstOf(written.flatMap(({ properties }) => properties).map(colonOf(text))) ?? ': ';
  const isAiry = /\s$/.test(colon);
  const quote = language === 'json' ? '"' : quoteOf(config);
  const oneLine = written.filter((object) => !isMultiline(config, object));
  const last = written[0]?.properties.at(-1);
  return {
    lineBreak: lineBreakOf(text),
    quote,
    keyQuote: language === 'json' ? '"' : keyQuoteOf(text, written),
    colon,
    comma: firstOf(written.map(commaOf(text))) ?? (isAiry ? ', ' : ','),
    padding:
      firstOf(oneLine.map(({ start }) => /^[ \t]*/.exec(text.slice(start + 1))?.[0])) ??
      (isAiry ? ' ' : ''),
    unit: unitOf(config, written),
    trailing: last === undefined ? language === 'script' : commaAfter(config, last) !== undefined,
  };
}

function firstOf<T>(values: readonly (T | undefined)[]): T | undefined {
  return values.find((value) => value !== undefined);
}

/** Returns the most frequent line break; a line feed for a text of one line. */
function lineBreakOf(text: string): string {
  const counts = new Map([['\n', 0]]);
  for (const [found] of text.matchAll(/\r\n|\n|\r/g)) {
    counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] as string;
}

function quoteOf({ text, tree }: Config): string {
  let double = 0;
  let single = 0;
  const visit = (node: Node): void => {
    if (node.type === 'StringLiteral' || node.type === 'DirectiveLiteral') {
      if (text[node.start] === '"') double += 1;
      else single += 1;
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(tree);
  return double > single ? '"' : "'";
}

/** Returns the quote of the nearest name that does not need one. */
function keyQuoteOf(text: string, objects: readonly ObjectExpression[]): string {
  for (const member of objects.flatMap(({ properties }) => properties)) {
    if (!isWrittenOut(member)) continue;
    const { key } = member;
    if (key.type === 'StringLiteral' && BARE_NAME.test(key.value)) return text.charAt(key.start);
    if (key.type === 'Identifier') return '';
  }
  return '';
}

const colonOf = (text: string) => (member: Member) => {
  if (!isWrittenOut(member)) return undefined;
  return /^[ \t]*:[ \t]*$/.exec(text.slice(member.key.end, member.value.start))?.[0];
};

function isWrittenOut(member: Member): member is ObjectProperty {
  return member.type === 'ObjectProperty' && !member.shorthand && !member.computed;
}

const commaOf =
  (text: string) =>
  ({ properties }: ObjectExpression) =>
    firstOf(
      properties.slice(1).map(({ start }, i) => {
        const between = text.slice(properties[i]?.end, start);
        return /^,[ \t]*$/.exec(between)?.[0];
      }),
    );

/** Whether the last member of an object begins a line. */
export function isMultiline({ text }: Config, { properties }: ObjectExpression): boolean {
  const last = properties.at(-1);
  return last !== undefined && isLineStart(text, skipBlanksBack(text, last.start));
}

function unitOf(config: Config, objects: readonly ObjectExpression[]): string {
  const { text } = config;
  for (const object of objects) {
    const last = object.properties.at(-1);
    if (last === undefined || !isMultiline(config, object)) continue;
    const outer = indentAt(text, object.start);
    const inner = indentAt(text, last.start);
    if (inner.startsWith(outer) && inner.length > outer.length) return inner.slice(outer.length);
  }
  return /^(\t| {2,8})\S/m.exec(text)?.[1] ?? '  ';
}

/** Makes a string literal with this value. */
export function quoted(value: string, quote: string): string {
  const json = JSON.stringify(value);
  if (quote === '"') return json;
  return `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** Makes a member's name, with quotes if it needs them. */
export function keyOf(name: string, { keyQuote, quote }: CodeStyle): string {
  const needsQuotes = keyQuote !== '' || !BARE_NAME.test(name);
  return needsQuotes ? quoted(name, keyQuote === '' ? quote : keyQuote) : name;
}
