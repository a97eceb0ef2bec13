// A strict reader of JSON (RFC 8259) for signed objects: every text has one meaning or none.
//
// JSON.parse keeps the last of two members of one name, takes 1.0 for 1, and makes text of half of a surrogate pair.
// Another reader may do otherwise, and two devices would act on two indexes under one signature.

import { printable } from '../archive/format/printable.ts';
import { decodeText } from '../utf8.ts';

/** Objects and arrays within each other, the outermost one included. */
export const MAX_JSON_DEPTH = 8;

/** A number that is written with a fraction or an exponent, so that nobody takes `1.0` for the integer 1. */
interface Fraction {
  readonly fraction: number;
}

/** A value of JSON. An object is a `Map`, so no name in it means anything to the language. */
export type JsonNode =
  | string
  | number
  | boolean
  | null
  | Fraction
  | readonly JsonNode[]
  | ReadonlyMap<string, JsonNode>;

/** Makes the error for a reason that is a whole clause: `index is not JSON at character 7`. */
export type Refuse = (reason: string) => Error;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * Reads UTF-8 without a byte order mark, in time proportional to its length.
 *
 * @param what - What is read, as the message begins.
 * @param refuse - Makes the error that is thrown: for what is not JSON, for two members of one name in an object, half
 * of a surrogate pair, more than {@link MAX_JSON_DEPTH} levels, and numbers that no double holds.
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

  /** Passes spaces, tabs and the ends of lines: an expression for each would take most of the time of a long list. */
  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      at += 1;
    }
  };

  const fail = () => refuse(`${what} is not JSON at character ${at}`);

  /** Whether the next character, behind white space, is this one; it is then passed. */
  const passes = (character: string): boolean => {
    skipSpace();
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  const pass = (character: string): void => {
    if (!passes(character)) throw fail();
  };

  /** Reads what stands between commas, up to the closing bracket. */
  const readList = (end: string, readOne: () => void): void => {
    if (passes(end)) return;
    do readOne();
    while (passes(','));
    pass(end);
  };

  const readString = (): string => {
    const start = at - 1;
    // Up to the first character that JSON.parse has to look at. UTF-8 has no half of a surrogate pair, only escapes have.
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

  /** @param depth - Objects and arrays around the value. */
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

/** Whether a text has no half of a surrogate pair, which no UTF-8 can hold. */
export function isUnicode(text: string): boolean {
  try {
    return encodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}
