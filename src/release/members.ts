// Reads the members of a JSON object by their rules. Messages name the wrong member by its path.

import type { JsonValue } from '../format/metadata.ts';
import { encodeUtf8 } from '../utf8.ts';
import { type JsonNode, type Refuse, readJson } from './json.ts';

/** A value and its place in the document. */
export interface MemberPlace {
  /** `undefined` if the object has no such member. */
  readonly node: JsonNode | undefined;
  /** `index.releases[0].id` */
  readonly path: string;
  /** Whether unknown members are refused. True for a document that the caller is about to seal. */
  readonly isOwn: boolean;
  readonly refuse: Refuse;
}

/** Reads a value. @throws the error of the place's `refuse`. */
export type Reader<T> = (place: MemberPlace) => T;

/** The reader of each member of an object; {@link optional} marks optional ones. Other members are ignored. */
type Shape<T> = { readonly [Name in keyof Required<T>]: Reader<Member<T, Name>> };

type Member<T, Name extends keyof T> =
  Record<never, never> extends Pick<T, Name> ? Required<T>[Name] | undefined : T[Name];

/** Reads a JSON object of at most `maxLength` bytes. */
export function readDocument<T>(
  bytes: Uint8Array,
  maxLength: number,
  what: string,
  read: Reader<T>,
  refuse: Refuse,
  isOwn: boolean,
): T {
  if (bytes.length > maxLength) {
    throw refuse(`${what} takes ${bytes.length} bytes as JSON and the limit is ${maxLength}`);
  }
  return read({ node: readJson(bytes, what, refuse), path: what, isOwn, refuse });
}

/**
 * Reads an object with these members. Absent optional members stay absent.
 *
 * @param shapeOf - A function, so that a bundler can leave out the readers that are not used.
 */
export function objectOf<T>(shapeOf: () => Shape<T>): Reader<T> {
  let shape: Shape<T> | undefined;
  return (place) => {
    // Calls `shapeOf` once, and not for each of some thousand files.
    shape ??= shapeOf();
    const { node, path, isOwn, refuse } = place;
    if (!(node instanceof Map)) throw mustBe(place, 'an object');
    if (isOwn) {
      const known = shape;
      const unknown = [...node.keys()].find((name) => !Object.hasOwn(known, name));
      if (unknown !== undefined) throw refuse(`${path} has the unknown member "${unknown}"`);
    }
    const members: Record<string, unknown> = {};
    for (const name in shape) {
      const read: Reader<unknown> = shape[name];
      const value = read({ node: node.get(name), path: `${path}.${name}`, isOwn, refuse });
      if (value !== undefined) members[name] = value;
    }
    return members as T;
  };
}

export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (place) => (place.node === undefined ? undefined : read(place));
}

export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (place) => {
    if (!Array.isArray(place.node)) throw mustBe(place, 'an array');
    const nodes: readonly JsonNode[] = place.node;
    return nodes.map((node, i) => read({ ...place, node, path: `${place.path}[${i}]` }));
  };
}

/** Reads a list in which no two items have the same key. */
export function distinct<T>(
  read: Reader<readonly T[]>,
  keyOf: (item: T) => string,
): Reader<readonly T[]> {
  return (place) => {
    const items = read(place);
    const keys = new Set<string>();
    for (const item of items) {
      const key = keyOf(item);
      if (keys.has(key)) throw place.refuse(`${place.path} has ${key} twice`);
      keys.add(key);
    }
    return items;
  };
}

export function exactly<const T extends string | number>(value: T): Reader<T> {
  return (place) => {
    if (place.node !== value) throw mustBe(place, JSON.stringify(value));
    return value;
  };
}

export const text: Reader<string> = (place) => {
  if (typeof place.node !== 'string') throw mustBe(place, 'a string');
  return place.node;
};

/** Reads a string of at most `maxLength` bytes of UTF-8. */
export function textUpTo(maxLength: number): Reader<string> {
  return (place) => {
    const value = text(place);
    if (encodeUtf8(value).length > maxLength) {
      throw mustBe(place, `at most ${maxLength} bytes of UTF-8`);
    }
    return value;
  };
}

export const flag: Reader<boolean> = (place) => {
  if (typeof place.node !== 'boolean') throw mustBe(place, 'true or false');
  return place.node;
};

/** Reads an integer without fraction and exponent. */
export function integerFrom(min: number, max: number = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (place) => {
    const { node } = place;
    const isInteger = typeof node === 'number' && Number.isInteger(node) && !Object.is(node, -0);
    if (!isInteger || node < min || node > max) {
      const range = `from ${min} to ${max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max}`;
      throw mustBe(place, `an integer ${range}, without fraction and exponent`);
    }
    return node;
  };
}

/** Reads 64 lower-case hex characters. */
export const digest: Reader<string> = (place) => {
  if (!isDigest(place.node)) throw mustBe(place, '64 lower-case hex characters');
  return place.node;
};

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

export const time: Reader<string> = (place) => {
  if (!isTime(place.node)) throw mustBe(place, 'a time such as "2026-01-31T12:00:00Z"');
  return place.node;
};

/** Whether a text is `YYYY-MM-DDTHH:MM:SSZ` and an existing date. Such texts can be compared directly. */
export function isTime(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return false;
  const at = new Date(value);
  // Compares with the engine's own spelling, because some engines accept 30 February and 24:00:00 as other dates.
  return !Number.isNaN(at.getTime()) && at.toISOString() === value.replace('Z', '.000Z');
}

/** The last time of `Date`, in milliseconds since 1970. */
const LAST_TIME = 8.64e15;

/** Formats a time as `YYYY-MM-DDTHH:MM:SSZ`, without the fraction of its second. */
export function timeText(milliseconds: number): string {
  const text = new Date(Math.min(milliseconds, LAST_TIME)).toISOString();
  return text.replace(/\.\d+Z$/, 'Z');
}

/**
 * Reads an object of any content, like JSON.parse. A member named `__proto__` is an ordinary member.
 */
export const freeObject: Reader<{ readonly [name: string]: JsonValue }> = (place) => {
  if (!(place.node instanceof Map)) throw mustBe(place, 'an object');
  return plain(place.node) as { readonly [name: string]: JsonValue };
};

function plain(node: JsonNode): JsonValue {
  if (typeof node !== 'object' || node === null) return node;
  if (node instanceof Map) {
    return Object.fromEntries([...node].map(([name, value]) => [name, plain(value)]));
  }
  return Array.isArray(node) ? node.map(plain) : (node as { fraction: number }).fraction;
}

export function mustBe({ node, path, refuse }: MemberPlace, expected: string): Error {
  return refuse(
    node === undefined
      ? `${path} is missing, it must be ${expected}`
      : `${path} must be ${expected}`,
  );
}
