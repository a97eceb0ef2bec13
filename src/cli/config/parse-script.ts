// TypeScript and JavaScript into a syntax tree.

import { parse } from '@babel/parser';
import { type Config, type Node, type Span, syntaxError, type Unsure } from './syntax.ts';
import { TOO_DEEP, TOO_INVOLVED } from './work.ts';

const MAX_COMMENTS = 2000;

export function parseScript(text: string, body: string, isTypeScript: boolean): Config | Unsure {
  // The parser's time grows with the square of their number.
  if (body.split(/\/[/*]/, MAX_COMMENTS + 2).length > MAX_COMMENTS + 1) return TOO_INVOLVED;
  try {
    const file = parse(body, {
      // A config may be a module or CommonJS; what it uses says which.
      sourceType: 'unambiguous',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
      attachComment: false,
      plugins: isTypeScript ? ['typescript'] : [],
    });
    const { program, comments } = file as unknown as { program: Node; comments: Span[] };
    return { text, language: 'script', tree: program, comments };
  } catch (error) {
    // The parser recurses, and knows no limit but the stack.
    if (error instanceof RangeError) return TOO_DEEP;
    return syntaxError(text, (error as { pos?: number }).pos ?? 0);
  }
}
