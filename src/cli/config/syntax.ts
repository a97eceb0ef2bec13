// The part of a syntax tree that a config's text is read by. JSON and scripts are both parsed into it, so that
// everything above works on either.

import type * as babel from '@babel/types';

/** Characters `start` to `end` of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A node of the parser's types that has its place: the parser always gives one, its types leave it open. */
type Placed<T> = T extends readonly (infer Item)[]
  ? Placed<Item>[]
  : T extends { readonly type: string }
    ? { readonly [Field in Exclude<keyof T, keyof Span>]: Placed<T[Field]> } & Span
    : T;

/** What may stand where a value does. A pattern and a type may stand there too, to be refused. */
export type Expression = Placed<babel.Node>;
export type ObjectExpression = Placed<babel.ObjectExpression>;
export type ObjectProperty = Placed<babel.ObjectProperty>;
export type Identifier = Placed<babel.Identifier>;
export type MemberExpression = Placed<babel.MemberExpression | babel.OptionalMemberExpression>;
export type BlockStatement = Placed<babel.BlockStatement>;

/** One entry of an object literal, without its comma. */
export type Member = ObjectExpression['properties'][number];

/** Any node of the tree, seen from outside. */
export interface Node extends Span {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A config's text, understood. */
export interface Config {
  readonly text: string;
  readonly language: 'json' | 'script';
  /** All of the file. */
  readonly tree: Node;
  readonly comments: readonly Span[];
}

/** Why something can't be found, told or changed; a sentence's end, without key material. */
export interface Unsure {
  readonly unsure: string;
}

export function isUnsure(value: object): value is Unsure {
  return 'unsure' in value;
}

export function isNode(value: unknown): value is Node {
  return typeof (value as Partial<Node> | null)?.type === 'string';
}

/** The nodes directly below one, in no particular order. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

/** Whether nodes lie deeper in each other. Does not recurse. */
export function isDeeperThan(tree: Node, limit: number): boolean {
  let level = [tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

/** The expression itself, without what is said of its type and without a wait for it. */
export function unwrap(expression: Expression): Expression {
  switch (expression.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ParenthesizedExpression':
      return unwrap(expression.expression);
    case 'AwaitExpression':
      return unwrap(expression.argument);
    default:
      return expression;
  }
}

/** The name that a key gives its member, if the text alone says it. */
export function nameOf(key: Expression, computed: boolean): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name;
  const literal = unwrap(key);
  if (literal.type === 'StringLiteral') return literal.value;
  if (literal.type === 'NumericLiteral') return String(literal.value);
  if (literal.type === 'TemplateLiteral' && literal.expressions.length === 0) {
    return literal.quasis[0]?.value.cooked;
  }
  return undefined;
}

/** "line 3, column 5" */
export function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/);
  return `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}

/** What every message about a text that can't be parsed begins with. */
export function syntaxError(text: string, offset: number): Unsure {
  // The parser's own words stay out: they may quote the text, and a key with it.
  return { unsure: `it has a syntax error at ${placeOf(text, offset)}` };
}
