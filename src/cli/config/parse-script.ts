// TypeScript and JavaScript into a syntax tree.

import { parse } from '@babel/parser';
import { type Config, type Node, type Span, syntaxError, type Unsure } from './syntax.ts';

export function parseScript(text: string, body: string, isTypeScript: boolean): Config | Unsure {
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
    return syntaxError(text, (error as { pos?: number }).pos ?? 0);
  }
}
