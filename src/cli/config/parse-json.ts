// JSON, with comments and trailing commas where they are, as the syntax tree of a script.

import {
  createScanner,
  type Node as JsonNode,
  type ParseError,
  parseTree,
  visit,
} from 'jsonc-parser';
import { type Config, type Node, type Span, syntaxError, type Unsure } from './syntax.ts';
import { MAX_DEPTH, TOO_DEEP } from './work.ts';

export function parseJson(text: string, body: string): Config | Unsure {
  if (isDeep(body)) return TOO_DEEP;
  const errors: ParseError[] = [];
  const root = parseTree(body, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined || root === undefined) return syntaxError(text, error?.offset ?? 0);
  const comments: Span[] = [];
  visit(body, {
    onComment: (start, length) => {
      comments.push({ start, end: start + length });
    },
  });
  return { text, language: 'json', tree: convert(root), comments };
}

/** Before it is parsed, as the parser recurses. */
function isDeep(body: string): boolean {
  const scanner = createScanner(body, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    if (scanner.getTokenLength() === 0) return false;
    // Of a string and of a comment this is the first character, which is neither.
    const sign = body[scanner.getTokenOffset()];
    if (sign === '{' || sign === '[') depth += 1;
    if (sign === '}' || sign === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
}

function convert(node: JsonNode): Node {
  const { type, offset: start, length, value, children = [] } = node;
  const span = { start, end: start + length };
  switch (type) {
    case 'object':
      return { type: 'ObjectExpression', ...span, properties: children.map(convert) };
    case 'array':
      return { type: 'ArrayExpression', ...span, elements: children.map(convert) };
    case 'property': {
      const [key, content] = children.map(convert);
      const rest = { key, value: content, computed: false, shorthand: false };
      return { type: 'ObjectProperty', ...span, ...rest };
    }
    case 'null':
      return { type: 'NullLiteral', ...span };
    case 'boolean':
      return { type: 'BooleanLiteral', ...span, value };
    case 'number':
      return { type: 'NumericLiteral', ...span, value };
    default:
      return { type: 'StringLiteral', ...span, value };
  }
}
