// Finds where a config's text defines a member, and whether that definition takes effect.

import { spend, withinBounds } from './budget.ts';
import { exportedBy } from './exported.ts';
import { followName } from './names.ts';
import {
  type BlockStatement,
  type Config,
  childrenOf,
  type Expression,
  isUnsure,
  lineAndColumn,
  type Member,
  type Node,
  nameOf,
  type ObjectExpression,
  type ObjectProperty,
  type Unsure,
  unwrap,
} from './syntax.ts';

/** The default plugin. */
export const UPDATER = 'CapacitorUpdater';

/** The part of a path that the text defines. */
export interface Location {
  /** The object literals along the path, from the config down. */
  readonly holders: readonly ObjectExpression[];
  /** The members along the path, each in the holder with the same index. */
  readonly members: readonly ObjectProperty[];
  /** The names of the path without a member. */
  readonly missing: readonly string[];
  /** Why the first missing name may still have a value. */
  readonly maybe?: string;
}

interface Found {
  readonly member: ObjectProperty;
  readonly holder: ObjectExpression;
}

interface Absent {
  readonly maybe?: string;
}

// Functions that return their argument.
const IDENTITY = /^(define\w*|Object\.(freeze|seal))$/;

/** Follows a path of member names from the config down. */
export function locate(config: Config, path: readonly string[]): Location | Unsure {
  return withinBounds(() => follow(config, path));
}

function follow(config: Config, path: readonly string[]): Location | Unsure {
  const exported = exportedBy(config);
  if (isUnsure(exported)) return exported;
  let object = objectOf(config, exported, path, 'the config');
  const holders: ObjectExpression[] = [];
  const members: ObjectProperty[] = [];
  for (let depth = 0; ; depth++) {
    if (isUnsure(object)) return object;
    const rest = path.slice(depth);
    const found = memberOf(config, object, rest);
    if (isUnsure(found)) return found;
    if (!('member' in found)) {
      return { holders: [...holders, object], members, missing: rest, ...found };
    }
    holders.push(found.holder);
    members.push(found.member);
    if (rest.length === 1) return { holders, members, missing: [] };
    const what = path.slice(0, depth + 1).join('.');
    object = objectOf(config, found.member.value, rest.slice(1), what);
  }
}

/** Returns the object literal of an expression. `path` is the path to find in it. */
function objectOf(
  config: Config,
  expression: Expression,
  path: readonly string[],
  what: string,
): ObjectExpression | Unsure {
  spend(config.tree);
  const bare = unwrap(expression);
  switch (bare.type) {
    case 'ObjectExpression':
      return bare;
    case 'Identifier': {
      const value = followName(config.text, config.tree, bare, path);
      return isUnsure(value) ? value : objectOf(config, value, path, what);
    }
    case 'CallExpression': {
      const callee = unwrap(bare.callee);
      const [first, second] = bare.arguments;
      const { start, end } = callee;
      const name = config.text.slice(start, end);
      if (first !== undefined && second === undefined && IDENTITY.test(name)) {
        return objectOf(config, first, path, what);
      }
      const isCalledHere = callee.type.includes('Function') && first === undefined;
      if (isCalledHere) return returnedBy(config, callee as unknown as Node, path, what);
      return { unsure: `${what} is the result of a function` };
    }
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return returnedBy(config, bare as unknown as Node, path, what);
    case 'ConditionalExpression':
    case 'LogicalExpression':
      return { unsure: `${what} depends on a condition` };
    default:
      return { unsure: `${what} is not written as an object literal` };
  }
}

/** Returns the object literal that a function returns, if there is only one. */
function returnedBy(
  config: Config,
  callee: Node,
  path: readonly string[],
  what: string,
): ObjectExpression | Unsure {
  const body = callee['body'] as Expression | BlockStatement;
  if (callee['generator'] === true) return { unsure: `${what} is a generator` };
  if (body.type !== 'BlockStatement') return objectOf(config, body, path, what);
  const statements: readonly unknown[] = body.body;
  const returns = returnsIn(body as unknown as Node);
  const [only] = returns;
  const value = only?.['argument'] as Expression | null | undefined;
  if (only === undefined || returns.length > 1 || !statements.includes(only) || value == null) {
    return { unsure: `${what} depends on a branch in a function` };
  }
  return objectOf(config, value, path, what);
}

function returnsIn(node: Node): Node[] {
  if (node.type === 'ReturnStatement') return [node];
  if (/Function|Method|^Class/.test(node.type)) return [];
  return childrenOf(node).flatMap(returnsIn);
}

/**
 * Finds the property or spread that defines the first member of `path` in an object: the last one takes effect.
 */
function memberOf(
  config: Config,
  object: ObjectExpression,
  path: readonly string[],
): Found | Absent | Unsure {
  const name = path[0] as string;
  const shown = JSON.stringify(name);
  const own = object.properties.filter((member) => staticName(member) === name);
  if (own.length > 1) return { unsure: `${shown} is in the same object more than once` };
  let maybe: string | undefined;
  for (const member of [...object.properties].reverse()) {
    if (member.type === 'SpreadElement') {
      const given = givenBy(config, member.argument, path);
      if (given === 'never') continue;
      if (given !== 'maybe') return maybe === undefined ? given : { unsure: maybe };
      maybe ??= `the value spread at ${lineAndColumn(config.text, member.start)} may have ${shown} too`;
    } else if (member === own[0]) {
      if (member.type === 'ObjectMethod') return { unsure: `${shown} is a getter or a method` };
      return maybe === undefined ? { member, holder: object } : { unsure: maybe };
    } else if (staticName(member) === undefined) {
      maybe ??= `the computed name at ${lineAndColumn(config.text, member.start)} may be ${shown}`;
    }
  }
  return maybe === undefined ? {} : { maybe };
}

function staticName(member: Member): string | undefined {
  if (member.type === 'SpreadElement') return undefined;
  const name = nameOf(member.key, member.computed);
  // `__proto__` sets the prototype, which may define any member.
  return name === '__proto__' && !member.computed ? undefined : name;
}

/**
 * Finds out whether spreading an expression defines the first member of `path`, and if it always does, where.
 */
function givenBy(
  config: Config,
  expression: Expression,
  path: readonly string[],
): Found | 'never' | 'maybe' {
  spend(config.tree);
  const both = (...parts: Expression[]) =>
    parts.every((part) => givenBy(config, part, path) === 'never') ? 'never' : 'maybe';
  const bare = unwrap(expression);
  switch (bare.type) {
    case 'ObjectExpression': {
      const found = memberOf(config, bare, path);
      if (isUnsure(found) || 'maybe' in found) return 'maybe';
      return 'member' in found ? found : 'never';
    }
    case 'Identifier': {
      if (bare.name === 'undefined') return 'never';
      const value = followName(config.text, config.tree, bare, path);
      return isUnsure(value) ? 'maybe' : givenBy(config, value, path);
    }
    case 'ConditionalExpression':
      return both(bare.consequent, bare.alternate);
    case 'LogicalExpression':
      // The left side of && is spread only if it is falsy, and then it has no members.
      return bare.operator === '&&' ? both(bare.right) : both(bare.left, bare.right);
    case 'StringLiteral':
    case 'NumericLiteral':
    case 'BooleanLiteral':
    case 'NullLiteral':
      return 'never';
    default:
      return 'maybe';
  }
}
