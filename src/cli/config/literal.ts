// Evaluates expressions whose value can be read from the text.

import { spend, withinBounds } from './budget.ts';
import { followName } from './names.ts';
import { type Config, type Expression, isUnsure, nameOf, unwrap } from './syntax.ts';

// The longest chain of constants to follow.
const MAX_FOLLOWED = 50;

const CHARACTERS_PER_STEP = 16;

/** A value that can be read from the text. */
export interface Literal {
  readonly value: unknown;
}

/**
 * Evaluates a literal, and expressions that join literals: templates, `+`, `[…].join('\n')`.
 *
 * @param follow - Whether to follow the names of constants to primitive values.
 * @returns `undefined` if the value depends on anything else.
 */
export function literalOf(
  config: Config,
  expression: Expression,
  follow: boolean,
): Literal | undefined {
  const literal = withinBounds(() => evaluate(config, expression, follow, []));
  return literal === undefined || isUnsure(literal) ? undefined : literal;
}

function evaluate(
  config: Config,
  expression: Expression,
  follow: boolean,
  followed: readonly string[],
): Literal | undefined {
  spend(config.tree);
  const inner = (part: Expression) => evaluate(config, part, follow, followed);
  const joined = (parts: readonly string[], by = ''): Literal => {
    const value = parts.join(by);
    // A constant that joins another one with itself doubles the length, so the length counts as work.
    spend(config.tree, value.length / CHARACTERS_PER_STEP);
    return { value };
  };
  const bare = unwrap(expression);
  switch (bare.type) {
    case 'StringLiteral':
    case 'NumericLiteral':
    case 'BooleanLiteral':
      return { value: bare.value };
    case 'NullLiteral':
      return { value: null };
    case 'TemplateLiteral': {
      const parts = all(bare.expressions, inner);
      const texts = bare.quasis.map(({ value }) => value.cooked);
      const values = parts?.map(String);
      return values && joined(texts.map((text, i) => text + (values[i] ?? '')));
    }
    case 'UnaryExpression': {
      const value = inner(bare.argument)?.value;
      if (bare.operator === '-' && typeof value === 'number') return { value: -value };
      return bare.operator === '!' && typeof value === 'boolean' ? { value: !value } : undefined;
    }
    case 'BinaryExpression': {
      const parts = all([bare.left, bare.right], inner);
      const areTexts = parts?.every((part) => typeof part === 'string') ?? false;
      return bare.operator === '+' && areTexts ? joined(parts as string[]) : undefined;
    }
    case 'CallExpression': {
      const { callee } = bare;
      const isJoin =
        callee.type === 'MemberExpression' &&
        nameOf(callee.property, callee.computed) === 'join' &&
        bare.arguments.length <= 1;
      if (!isJoin || callee.object.type !== 'ArrayExpression') return undefined;
      const list = inner(callee.object)?.value as unknown[] | undefined;
      const by = bare.arguments[0] === undefined ? { value: ',' } : inner(bare.arguments[0]);
      if (list?.every((part) => typeof part === 'string') !== true) return undefined;
      return typeof by?.value === 'string' ? joined(list as string[], by.value) : undefined;
    }
    case 'ArrayExpression': {
      const parts = all(bare.elements as Expression[], inner);
      return parts && { value: parts };
    }
    case 'ObjectExpression': {
      const members: [string, unknown][] = [];
      for (const member of bare.properties) {
        const name = member.type === 'ObjectProperty' && nameOf(member.key, member.computed);
        const value = member.type === 'ObjectProperty' ? inner(member.value) : undefined;
        if (typeof name !== 'string' || name === '__proto__' || value === undefined) {
          return undefined;
        }
        members.push([name, value.value]);
      }
      return { value: Object.fromEntries(members) };
    }
    case 'Identifier': {
      if (bare.name === 'undefined') return { value: undefined };
      // Constants may refer to each other in a circle.
      if (!follow || followed.length >= MAX_FOLLOWED || followed.includes(bare.name)) {
        return undefined;
      }
      const target = followName(config.text, config.tree, bare, []);
      if (isUnsure(target)) return undefined;
      const literal = evaluate(config, target, follow, [...followed, bare.name]);
      // Every use of its name may change an object or an array, so only primitive values are followed.
      return typeof literal?.value === 'object' ? undefined : literal;
    }
    default:
      return undefined;
  }
}

/** Evaluates all expressions. Returns `undefined` if one has no value. */
function all(
  parts: readonly (Expression | null)[],
  valueIn: (part: Expression) => Literal | undefined,
): unknown[] | undefined {
  const values: unknown[] = [];
  for (const part of parts) {
    const literal = part === null ? undefined : valueIn(part);
    if (literal === undefined) return undefined;
    values.push(literal.value);
  }
  return values;
}
