// Parses a config. The parsers are loaded on demand: most commands never read a config, and the parser for scripts
// takes longer to load than everything else together.

import type { Node as JsonNode, ParseError } from 'jsonc-parser';
import { MAX_DEPTH, MAX_TEXT_LENGTH, TOO_DEEP, TOO_INVOLVED, TOO_LARGE } from './budget.ts';
import {
  type Config,
  isDeeperThan,
  isUnsure,
  type Node,
  type Span,
  syntaxError,
  type Unsure,
} from './syntax.ts';

const MAX_COMMENTS = 2000;

/** Parses a text, in the language of its file extension, without running it. */
export async function parseConfig(text: string, fileName: string): Promise<Config | Unsure> {
  if (text.length > MAX_TEXT_LENGTH) return TOO_LARGE;
  // Replaces a byte order mark, which the parsers do not always skip, by a space. This keeps all offsets.
  const body = text.replace(/^\uFEFF/, ' ');
  const config = /\.json$/i.test(fileName)
    ? await parseJson(text, body)
    : await parseScript(text, body, /\.[cm]?ts$/i.test(fileName));
  return isUnsure(config) || !isDeeperThan(config.tree, MAX_DEPTH) ? config : TOO_DEEP;
}

/** TypeScript or JavaScript. */
async function parseScript(
  text: string,
  body: string,
  isTypeScript: boolean,
): Promise<Config | Unsure> {
  // Limits the number of comments, because the parser's time grows with its square.
  if (body.split(/\/[/*]/, MAX_COMMENTS + 2).length > MAX_COMMENTS + 1) return TOO_INVOLVED;
  const { parse } = await loadScriptParser();
  try {
    const file = parse(body, {
      // A config may be an ES module or CommonJS. The parser decides by its syntax.
      sourceType: 'unambiguous',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      attachComment: false,
      plugins: isTypeScript ? ['typescript'] : [],
    });
    const { program, comments } = file as unknown as { program: Node; comments: Span[] };
    return { text, language: 'script', tree: program, comments };
  } catch (error) {
    // The parser recurses without a limit of its own, so deep nesting overflows the stack.
    if (error instanceof RangeError) return TOO_DEEP;
    return syntaxError(text, (error as { pos?: number }).pos ?? 0);
  }
}

/** Parses JSON, with or without comments and trailing commas, into the syntax tree of a script. */
async function parseJson(text: string, body: string): Promise<Config | Unsure> {
  const { createScanner, parseTree, visit } = await import('jsonc-parser');
  // Checks the depth before parsing, because the parser recurses.
  const scanner = createScanner(body, true);
  for (let depth = 0; ; ) {
    scanner.scan();
    if (scanner.getTokenLength() === 0) break;
    // The first character of a token. Strings and comments never begin with a bracket.
    const sign = body[scanner.getTokenOffset()];
    if (sign === '{' || sign === '[') depth += 1;
    if (sign === '}' || sign === ']') depth -= 1;
    if (depth > MAX_DEPTH) return TOO_DEEP;
  }
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
  return { text, language: 'json', tree: asScript(root), comments };
}

const LITERALS = {
  null: 'NullLiteral',
  boolean: 'BooleanLiteral',
  number: 'NumericLiteral',
  string: 'StringLiteral',
} as const;

function asScript({ type, offset: start, length, value, children = [] }: JsonNode): Node {
  const span = { start, end: start + length };
  const parts = children.map(asScript);
  if (type === 'object') return { type: 'ObjectExpression', ...span, properties: parts };
  if (type === 'array') return { type: 'ArrayExpression', ...span, elements: parts };
  if (type !== 'property') return { type: LITERALS[type], ...span, value };
  const [key, content] = parts;
  const rest = { key, value: content, computed: false, shorthand: false };
  return { type: 'ObjectProperty', ...span, ...rest };
}

type Parser = typeof import('@babel/parser');

/**
 * Loads the parser. It is CommonJS: the default export is the whole of it both in Node and in the bundle of the command
 * line, where the names are missing.
 */
export async function loadScriptParser(): Promise<Parser> {
  const loaded: Parser & { readonly default?: Parser } = await import('@babel/parser');
  return loaded.default ?? loaded;
}
