// From a config's text to its syntax tree. The parsers are loaded when they are needed: most commands never
// look at a config, and the one for scripts takes longer to start than all the rest together.

import { type Config, isDeeperThan, isUnsure, type Unsure } from './syntax.ts';
import { MAX_DEPTH, MAX_TEXT_LENGTH, TOO_DEEP, TOO_LARGE } from './work.ts';

/** Understands a text without running anything of it: by the ending of its file's name. */
export async function parseConfig(text: string, fileName: string): Promise<Config | Unsure> {
  if (text.length > MAX_TEXT_LENGTH) return TOO_LARGE;
  const config = await parseText(text, fileName);
  return isUnsure(config) || !isDeeperThan(config.tree, MAX_DEPTH) ? config : TOO_DEEP;
}

async function parseText(text: string, fileName: string): Promise<Config | Unsure> {
  // So that offsets stay: neither parser takes the mark for what it is wherever it stands.
  const body = text.replace(/^\uFEFF/, ' ');
  if (/\.json$/i.test(fileName)) {
    const { parseJson } = await import('./parse-json.ts');
    return parseJson(text, body);
  }
  const { parseScript } = await import('./parse-script.ts');
  return parseScript(text, body, /\.[cm]?ts$/i.test(fileName));
}
