// Opens the signed JSON documents: the index and the list of keys.

import type { BackendChoice } from '../backend/backend.ts';
import { decryptObject } from '../bundle/decrypt.ts';
import { concat } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { headerParts, type Kind, parseHeader } from '../format/header.ts';
import { DEFAULT_MAX_CHUNKS } from '../format/limits.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { describe, shown } from '../options.ts';
import { type BundleInput, openInput } from '../sources/input.ts';
import { encodeUtf8 } from '../utf8.ts';
import type { Refuse } from './json.ts';

/** The most bytes that sealing adds: the header with its metadata and digests, and the tags. */
export const MAX_SEAL_LENGTH = 131_072;

/** The options of opening a document. */
export interface DocumentOpening {
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  readonly expect: { readonly appId: string; readonly channel?: string };
  readonly signal?: AbortSignal | undefined;
  readonly backend?: BackendChoice | undefined;
}

/**
 * Makes the error for a genuine document that is malformed.
 *
 * @param what - `index`, `list of keys` or `stamp`.
 */
export function malformedDocument(what: string): Refuse {
  return (reason) =>
    new BundleSealError(
      'ERR_INDEX_INVALID',
      `${reason}: the publisher's tool made a malformed ${what}, make it again with this version`,
    );
}

/** Makes the error for a malformed document that a caller wants to seal. */
export const misused: Refuse = (reason) => new TypeError(reason);

/** Encodes a document that a caller wants to seal as JSON. */
export function encodeJson(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${what} expected an object, got ${describe(value)}`);
  }
  return encodeUtf8(jsonOf(value, what));
}

function jsonOf(value: object, what: string): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TypeError(`${what} is nested too deep: make it flatter`);
  }
}

/**
 * Opens a document. Returns the plain bytes and the metadata, both verified.
 *
 * @param maxLength - The most plain bytes. The call reads no more sealed input than a document of this length can
 * have.
 */
export async function openDocument(
  sealed: BundleInput,
  kind: Kind,
  maxLength: number,
  { publicKey, expect, signal, backend }: DocumentOpening,
  refuse: Refuse,
): Promise<{ readonly plain: Uint8Array; readonly metadata: Uint8Array }> {
  const source = openInput(sealed, 'sealed');
  const limit = maxLength + MAX_SEAL_LENGTH;
  if (source.size > limit) {
    throw refuse(`the sealed document has ${source.size} bytes, over the limit of ${limit}`);
  }
  signal?.throwIfAborted();
  // Copies the input, so that the verified bytes and the later read bytes are the same.
  const bytes = concat(await source.read(0, source.size, signal));
  const options = { publicKey, expect, signal, ...(backend && { backend }) };
  const plain = await decryptObject(bytes, options, kind);
  const { metadata } = headerParts(bytes, parseHeader(bytes, DEFAULT_MAX_CHUNKS, kind));
  return { plain, metadata };
}

/** Checks a required string that must not be empty. */
export function checkName(value: unknown, name: string): asserts value is string {
  if (typeof value === 'string' && value !== '') return;
  const got = value === '' ? 'an empty one' : describe(value);
  throw new TypeError(`${name} expected a text that is not empty, got ${got}`);
}

/** Checks an option that is a count. */
export function checkCounter(value: unknown, name: string): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw new TypeError(`${name} expected an integer from 0 to 2^53 - 1, got ${shown(value)}`);
}
