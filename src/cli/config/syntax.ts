// The used part of the syntax tree. JSON and scripts are parsed into the same tree, so that all other modules work on
// both.

import type * as babel from '@babel/types';

/** Characters `start` to `end` of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * A node of the parser's types with a position. The parser always sets it, but its types have it as optional.
 */
type Placed<T> = T extends readonly (infer Item)[]
  ? Placed<Item>[]
  : T extends { readonly type: string }
    ? { readonly [Field in Exclude<keyof T, keyof Span>]: Placed<T[Field]> } & Span
    : T;

/**
 * Any node in the place of a value. Patterns and types are included, so that they can be refused.
 */
export type Expression = Placed<babel.Node>;
export type ObjectExpression = Placed<babel.ObjectExpression>;
export type ObjectProperty = Placed<babel.ObjectProperty>;
export type Identifier = Placed<babel.Identifier>;
export type MemberExpression = Placed<babel.MemberExpression | babel.OptionalMemberExpression>;
export type BlockStatement = Placed<babel.BlockStatement>;

/** An entry of an object literal, without its comma. */
export type Member = ObjectExpression['properties'][number];

/** Any node of the tree. */
export interface Node extends Span {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A parsed config. */
export interface Config {
  readonly text: string;
  readonly language: 'json' | 'script';
  /** The tree of the whole file. */
  readonly tree: Node;
  readonly comments: readonly Span[];
}

/**
 * Why something cannot be found, read or changed, as the end of a sentence without key material.
 */
export interface Unsure {
  readonly unsure: string;
}

export function isUnsure(value: object): value is Unsure {
  return 'unsure' in value;
}

export function isNode(value: unknown): value is Node {
  return typeof (value as Partial<Node> | null)?.type === 'string';
}

/** Returns the child nodes of a node, in any order. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

/** Whether the tree is deeper than a limit. Does not recurse. */
export function isDeeperThan(tree: Node, limit: number): boolean {
  let level = [tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

/** Returns the expression without type annotations and `await`. */
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

/** Returns the name of a member from its key, if it can be read from the text. */
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
export function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/);
  return `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
}

/** Makes the reason for a text that cannot be parsed. */
export function syntaxError(text: string, offset: number): Unsure {
  // Leaves out the parser's message, because it may quote the text and a key in it.
  return { unsure: `it has a syntax error at ${lineAndColumn(text, offset)}` };
}
