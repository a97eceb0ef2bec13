// Encodes and decodes metadata, which is signed but not encrypted: docs/format.md#metadata.

import { describe } from '../options.ts';
import { decodeUtf8, encodeUtf8 } from '../utf8.ts';
import { BundleFault, type BundleFaultKind } from './fault.ts';
import { MAX_METADATA_DEPTH, MAX_METADATA_LENGTH } from './limits.ts';

/** A value that JSON can hold (RFC 8259). */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/**
 * The metadata of a bundle. The publisher signs it and anyone can read it, so put no secret in it. At most 65,528
 * bytes as JSON in UTF-8, with objects and arrays nested up to 100 deep. You may add members with other names.
 */
export interface Metadata {
  /** The app that the bundle is for, e.g. `com.example.app`. */
  readonly appId?: string;
  /** The bundle's version, in whatever scheme the app uses. */
  readonly version?: string;
  /** The release channel, e.g. `production`. */
  readonly channel?: string;
  /** Grows with every release, so that a device can refuse an older bundle: 0 to 2^53 - 1. */
  readonly sequence?: number;
  /** When the bundle was made: RFC 3339, e.g. `2026-01-31T12:00:00Z`. */
  readonly createdAt?: string;
  /** A member of your own, under any other name. */
  readonly [name: string]: JsonValue | undefined;
}

// RFC 3339 §5.6, date-time.
const RFC_3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

type Rule = readonly [what: string, holds: (value: unknown) => boolean];

const STRING: Rule = ['a string', (value) => typeof value === 'string'];

const NAMED: ReadonlyMap<string, Rule> = /* @__PURE__ */ new Map([
  ['appId', STRING],
  ['version', STRING],
  ['channel', STRING],
  [
    'sequence',
    [
      'an integer from 0 to 2^53 - 1',
      (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
    ],
  ],
  [
    'createdAt',
    [
      'an RFC 3339 date and time such as "2026-01-31T12:00:00Z"',
      (value: unknown) => typeof value === 'string' && RFC_3339.test(value),
    ],
  ],
] as const);

/** Describes the type that a named member must have, if the value has another type. Otherwise returns `undefined`. */
export function requiredTypeOf(name: string, value: unknown): string | undefined {
  const [what, holds] = NAMED.get(name) ?? [];
  return value === undefined || holds?.(value) !== false ? undefined : what;
}

/** Describes the first named member that has the wrong type, as `metadata.name must be …`. */
function wrongMemberOf(metadata: object): string | undefined {
  for (const [name, value] of Object.entries(metadata)) {
    const what = requiredTypeOf(name, value);
    if (what !== undefined) return `metadata.${name} must be ${what}`;
  }
  return undefined;
}

/**
 * Encodes metadata for the header: JSON in UTF-8, padded with spaces to a multiple of 8 bytes.
 *
 * @throws `TypeError` if the metadata is not JSON or a named member has another type, `RangeError` if it is too long
 * or nested too deep.
 */
export function encodeMetadata(metadata: Metadata | undefined): Uint8Array {
  if (metadata === undefined) return new Uint8Array(0);
  if (!isPlainObject(metadata)) {
    throw new TypeError(`options.metadata expected a plain object, got ${describe(metadata)}`);
  }
  checkJson(metadata, 'metadata', new Set());
  const wrong = wrongMemberOf(metadata);
  if (wrong !== undefined) throw new TypeError(`options.${wrong}`);
  const json = encodeUtf8(JSON.stringify(metadata));
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  if (padded.length > MAX_METADATA_LENGTH) {
    throw new RangeError(
      `options.metadata takes ${json.length} bytes as JSON and the limit is ${MAX_METADATA_LENGTH}: put long content into the bundle`,
    );
  }
  padded.set(json);
  return padded;
}

/**
 * Reads the metadata of a header.
 *
 * @throws {@link BundleFault} `ERR_HEADER_INVALID` if the bytes are not UTF-8 or not a JSON object, are nested too
 * deep, or have a named member of another type.
 */
export function decodeMetadata(bytes: Uint8Array): Metadata {
  if (bytes.length === 0) return {};
  let value: unknown;
  let isTooDeep = false;
  try {
    const text = decodeUtf8(bytes);
    isTooDeep = isNestedTooDeep(text);
    // The decoder keeps a byte order mark, so that JSON.parse refuses it.
    if (!isTooDeep) value = JSON.parse(text);
  } catch (cause) {
    throw metadataFault('json', '', cause);
  }
  if (isTooDeep) throw metadataFault('depth');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw metadataFault('object');
  }
  const wrong = wrongMemberOf(value);
  if (wrong !== undefined) throw metadataFault('member', wrong);
  return value as Metadata;
}

/**
 * Whether the JSON is nested too deep. This counts in the text before JSON.parse runs, because deeply nested JSON
 * exhausts the stack of some parsers. With the other parsers, JSON.stringify exhausts the stack later.
 */
function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') isString = !isString;
    else if (isString) i += char === '\\' ? 1 : 0;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > MAX_METADATA_DEPTH) return true;
  }
  return false;
}

function metadataFault(
  kind: BundleFaultKind,
  detail: string | number = '',
  cause?: unknown,
): BundleFault {
  return new BundleFault('ERR_HEADER_INVALID', kind, { offset: 56, cause }, detail);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Throws for values that JSON.stringify would drop or change silently. */
function checkJson(value: unknown, path: string, above: Set<object>): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw new TypeError(`options.${path} expected a finite number, got ${value}`);
  }
  if (!Array.isArray(value) && !isPlainObject(value)) {
    throw new TypeError(`options.${path} expected a JSON value, got ${describe(value)}`);
  }
  if (above.size === MAX_METADATA_DEPTH) {
    throw new RangeError(
      `options.metadata is nested more than ${MAX_METADATA_DEPTH} levels deep: make it flatter`,
    );
  }
  if (above.has(value)) throw new TypeError(`options.${path} refers to itself`);
  if ('toJSON' in value) throw new TypeError(`options.${path} has a toJSON member`);
  above.add(value);
  for (const [name, member] of Object.entries(value)) {
    // JSON.stringify omits an `undefined` member of an object, as intended, but writes an `undefined` item of an
    // array as null.
    if (member === undefined && !Array.isArray(value)) continue;
    checkJson(member, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, above);
  }
  above.delete(value);
}
