// From a config's text to its syntax tree. The parsers are loaded when they are needed: most commands never
// look at a config, and the one for scripts takes longer to start than all the rest together.

import type { Config, Unsure } from './syntax.ts';

/** Understands a text without running anything of it: by the ending of its file's name. */
export async function parseConfig(text: string, fileName: string): Promise<Config | Unsure> {
  // So that offsets stay: neither parser takes the mark for what it is wherever it stands.
  const body = text.replace(/^\uFEFF/, ' ');
  if (/\.json$/i.test(fileName)) {
    const { parseJson } = await import('./parse-json.ts');
    return parseJson(text, body);
  }
  const { parseScript } = await import('./parse-script.ts');
  return parseScript(text, body, /\.[cm]?ts$/i.test(fileName));
}
