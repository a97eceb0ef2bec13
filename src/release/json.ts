// A strict reader of JSON (RFC 8259) for signed documents. It refuses every text that readers may understand
// differently.
//
// JSON.parse keeps the last of two members with the same name, reads 1.0 as 1, and accepts half of a surrogate pair.
// Other parsers behave differently, so two devices could read two different indexes from one signed text.

import { printable } from '../archive/format/printable.ts';
import { decodeText } from '../utf8.ts';

/** The most levels of objects and arrays, including the outermost one. */
export const MAX_JSON_DEPTH = 8;

/**
 * A number with a fraction or an exponent. It has a type of its own, so that `1.0` is not an integer.
 */
interface Fraction {
  readonly fraction: number;
}

/**
 * A JSON value. An object is a `Map`, so that names such as `__proto__` have no special meaning.
 */
export type JsonNode =
  | string
  | number
  | boolean
  | null
  | Fraction
  | readonly JsonNode[]
  | ReadonlyMap<string, JsonNode>;

/** Makes an error from a reason, which is a whole clause: `index is not JSON at character 7`. */
export type Refuse = (reason: string) => Error;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * Reads UTF-8 without a byte order mark, in time proportional to its length.
 *
 * @param what - The document's name, with which messages begin.
 * @param refuse - Makes the error that is thrown for text that is not JSON, two members with the same name in an
 * object, half of a surrogate pair, more than {@link MAX_JSON_DEPTH} levels, and numbers that a double cannot
 * represent.
 */
export function readJson(bytes: Uint8Array, what: string, refuse: Refuse): JsonNode {
  const text = decode(bytes, what, refuse);
  let at = 0;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found;
  };

  /**
   * Skips white space without a regular expression, which would take most of the time for a long list.
   */
  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at += 1;
    }
  };

  const fail = () => refuse(`${what} is not JSON at character ${at}`);

  /** Skips white space. If the next character is this one, skips it too and returns true. */
  const passes = (character: string): boolean => {
    skipSpace();
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  const pass = (character: string): void => {
    if (!passes(character)) throw fail();
  };

  /** Reads the items between commas, up to the closing bracket. */
  const readList = (end: string, readOne: () => void): void => {
    if (passes(end)) return;
    do readOne();
    while (passes(','));
    pass(end);
  };

  const readString = (): string => {
    const start = at - 1;
    // Reads up to the first character that needs JSON.parse. Decoded UTF-8 contains no half of a surrogate pair; only
    // escapes can make one.
    let code = text.charCodeAt(at);
    while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) {
      at += 1;
      code = text.charCodeAt(at);
    }
    if (code === QUOTE) {
      at += 1;
      return text.slice(start + 1, at - 1);
    }
    while (text[at] !== '"') {
      if (at >= text.length) throw fail();
      at += text[at] === '\\' ? 2 : 1;
    }
    at += 1;
    let value: string;
    try {
      value = JSON.parse(text.slice(start, at));
    } catch {
      throw fail();
    }
    if (!isUnicode(value)) throw refuse(`${what} has half of a surrogate pair in a string`);
    return value;
  };

  const readNumber = (): JsonNode => {
    const found = match(NUMBER);
    if (found === null) throw fail();
    const [digits, fraction, exponent] = found;
    const value = Number(digits);
    if (!Number.isFinite(value)) throw refuse(`${what} has a number that is too large`);
    return fraction === undefined && exponent === undefined ? value : { fraction: value };
  };

  /** @param depth - Number of objects and arrays around the value. */
  const readValue = (depth: number): JsonNode => {
    if (passes('"')) return readString();
    const isObject = passes('{');
    if (!isObject && !passes('[')) {
      const word = match(WORD);
      return word === null ? readNumber() : (WORDS[word[0]] as boolean | null);
    }
    if (depth === MAX_JSON_DEPTH) throw refuse(`${what} is nested over ${MAX_JSON_DEPTH} deep`);
    return isObject ? readObject(depth + 1) : readArray(depth + 1);
  };

  const readArray = (depth: number): readonly JsonNode[] => {
    const values: JsonNode[] = [];
    readList(']', () => values.push(readValue(depth)));
    return values;
  };

  const readObject = (depth: number): ReadonlyMap<string, JsonNode> => {
    const members = new Map<string, JsonNode>();
    readList('}', () => {
      pass('"');
      const name = readString();
      if (members.has(name)) throw refuse(`${what} has the member "${printable(name)}" twice`);
      pass(':');
      members.set(name, readValue(depth));
    });
    return members;
  };

  const value = readValue(0);
  skipSpace();
  if (at < text.length) throw fail();
  return value;
}

function decode(bytes: Uint8Array, what: string, refuse: Refuse): string {
  try {
    return decodeText(bytes);
  } catch {
    throw refuse(`${what} is not UTF-8`);
  }
}

/** Whether a text has no half of a surrogate pair, which UTF-8 cannot encode. */
export function isUnicode(text: string): boolean {
  try {
    return encodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}
