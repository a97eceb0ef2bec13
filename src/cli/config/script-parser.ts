// The parser of scripts, loaded when it is needed: it takes longer to load than all the rest together.

type Parser = typeof import('@babel/parser');

/**
 * Loads the parser. It is CommonJS: the default export is the whole of it both in Node and in the bundle of the command
 * line, where the names are missing.
 */
export async function loadScriptParser(): Promise<Parser> {
  const loaded: Parser & { readonly default?: Parser } = await import('@babel/parser');
  return loaded.default ?? loaded;
}
