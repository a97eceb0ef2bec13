// Opens the header for every call that opens a bundle: steps 1 to 5 of docs/format.md#opening.

import type { Backend } from '../backend/backend.ts';
import { concat, equalBytes, toHex } from '../bytes.ts';
import { BundleFault } from '../format/fault.ts';
import {
  checkBodyLength,
  decodeSeal,
  FIXED_LENGTH,
  type Header,
  type HeaderParts,
  headerParts,
  type Kind,
  parseHeader,
} from '../format/header.ts';
import { DEFAULT_MAX_CHUNKS } from '../format/limits.ts';
import { decodeMetadata, type Metadata, requiredTypeOf } from '../format/metadata.ts';
import { keyDigest } from '../keys/encode.ts';
import { readPublicKey } from '../keys/read.ts';
import type { RsaPublicKey } from '../keys/rsa.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, describe, shown } from '../options.ts';
import { recoverSeal, type SealSecrets } from '../seal/seal.ts';
import { openInput, type Source } from '../sources/input.ts';

/** Requirements on the metadata of a bundle. A call checks only the members that are present. */
export interface Expectations {
  /** The required `appId`. */
  readonly appId?: string;
  /** The required `version`. */
  readonly version?: string;
  /** The required `channel`. */
  readonly channel?: string;
  /** The lowest accepted `sequence`. Use it to refuse genuine but older bundles. */
  readonly minSequence?: number;
}

/** A header whose signature was verified. */
export interface OpenedHeader {
  readonly header: Header;
  readonly parts: HeaderParts;
  readonly metadata: Metadata;
  readonly secrets: SealSecrets;
}

/** The requirements on a header. */
export interface HeaderChecks {
  /** Default `'bundle'`. */
  readonly kind?: Kind | undefined;
  readonly expect?: Expectations | undefined;
  readonly maxChunks?: number | undefined;
  /** Whether the input must end after the header. */
  readonly isAlone?: boolean;
}

/** A public key with its id: 32 bytes, as in the header. */
export interface IdentifiedKey {
  readonly id: Uint8Array;
  readonly key: RsaPublicKey;
}

/**
 * Reads one or several public keys and computes their ids.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`; `TypeError` for an empty array or another type.
 */
export async function readPublicKeys(
  backend: Backend,
  input: PublicKeyInput | readonly PublicKeyInput[],
): Promise<IdentifiedKey[]> {
  const inputs = (Array.isArray(input) ? input : [input]) as readonly PublicKeyInput[];
  if (inputs.length === 0)
    throw new TypeError('options.publicKey expected a key, got an empty array');
  return Promise.all(
    inputs.map(async (one, i) => {
      const key = await readPublicKey(one, Array.isArray(input) ? `publicKey[${i}]` : 'publicKey');
      return { id: await keyDigest(backend, key), key };
    }),
  );
}

/** @throws `TypeError`, `RangeError` if `expect` or `maxChunks` is wrong. */
export function checkHeaderOptions({ expect, maxChunks }: HeaderChecks): void {
  if (maxChunks !== undefined && (!Number.isSafeInteger(maxChunks) || maxChunks < 1)) {
    throw new RangeError(`options.maxChunks expected a positive integer, got ${shown(maxChunks)}`);
  }
  if (expect === undefined) return;
  checkOptions('expect', expect, {
    appId: 'any',
    version: 'any',
    channel: 'any',
    minSequence: 'any',
  });
  for (const [name, value] of Object.entries(expect)) {
    const isSequence = name === 'minSequence';
    const what = requiredTypeOf(isSequence ? 'sequence' : name, value);
    if (what === undefined) continue;
    const message = `options.expect.${name} expected ${what}, got ${isSequence ? shown(value) : describe(value)}`;
    throw isSequence ? new RangeError(message) : new TypeError(message);
  }
}

/** The options of every call that opens a bundle, as far as they concern the header. */
export interface HeaderOptions extends HeaderChecks {
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  readonly seal?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the header: the seal if it is passed separately, otherwise the start of the source. */
export async function openHeader(
  backend: Backend,
  source: Source,
  options: HeaderOptions,
): Promise<OpenedHeader> {
  const keys = await readPublicKeys(backend, options.publicKey);
  return options.seal === undefined
    ? openHeaderFrom(backend, source, keys, options, options.signal)
    : openSeal(backend, options.seal, keys, options);
}

/** Opens the header at the start of a source. */
export async function openHeaderFrom(
  backend: Backend,
  source: Source,
  keys: readonly IdentifiedKey[],
  checks: HeaderChecks,
  signal?: AbortSignal,
): Promise<OpenedHeader> {
  // Copies the bytes, because the caller's memory may change between the check of the signature and the use of the
  // digests.
  const fixed = concat(await source.read(0, Math.min(FIXED_LENGTH, source.size), signal));
  try {
    return await openWithFixed(fixed, backend, source, keys, checks, signal);
  } catch (error) {
    throw await withMessage(error, fixed, source, signal);
  }
}

/** Opens a header whose fixed part has been read. */
async function openWithFixed(
  fixed: Uint8Array,
  backend: Backend,
  source: Source,
  keys: readonly IdentifiedKey[],
  checks: HeaderChecks,
  signal: AbortSignal | undefined,
): Promise<OpenedHeader> {
  const header = parseHeader(
    fixed,
    checks.maxChunks ?? DEFAULT_MAX_CHUNKS,
    checks.kind ?? 'bundle',
  );
  const key = chooseKey(header, keys);
  const end = Math.min(header.headerLength, source.size);
  const bytes =
    (await source.readAfter?.(fixed, end, signal)) ??
    concat(fixed, await source.read(FIXED_LENGTH, end, signal));
  const parts = headerParts(bytes, header);
  const headDigest = await backend.sha256(parts.head);
  const secrets = await recoverSeal(backend, key, parts.signature, headDigest);
  try {
    const offset = header.headerLength;
    if (checks.isAlone && source.size > offset) {
      throw new BundleFault('ERR_LENGTH_INVALID', 'seal-length', { offset }, source.size);
    }
    const metadata = decodeMetadata(parts.metadata);
    if (checks.expect !== undefined) checkExpectations(metadata, checks.expect);
    return { header, parts, metadata, secrets };
  } catch (error) {
    secrets.sessionKey.fill(0);
    throw error;
  }
}

/** Opens a seal: a header without a body. */
export async function openSeal(
  backend: Backend,
  seal: string,
  keys: readonly IdentifiedKey[],
  checks: HeaderChecks,
): Promise<OpenedHeader> {
  const bytes = await withMessages(() => decodeSeal(seal));
  return openHeaderFrom(backend, openInput(bytes, 'seal'), keys, { ...checks, isAlone: true });
}

/** Step 5 of docs/format.md#opening. @throws {@link BundleSealError} `ERR_LENGTH_INVALID`. */
export function checkBody(header: Header, bodyLength: number): Promise<void> {
  return withMessages(() => checkBodyLength(header, bodyLength));
}

/** Returns the result of `read`. If `read` throws a fault, rejects with the error and its message. */
async function withMessages<T>(read: () => T): Promise<T> {
  try {
    return read();
  } catch (fault) {
    throw await withMessage(fault);
  }
}

/**
 * Returns the error with its message. If the module with the messages cannot be loaded, returns the fault unchanged.
 *
 * @param fixed - The first bytes of the bundle. With them and `source`, the message also says whether the bundle was
 * transferred as text.
 */
export async function withMessage(
  fault: unknown,
  fixed?: Uint8Array,
  source?: Source,
  signal?: AbortSignal,
): Promise<unknown> {
  const diagnosis = await import('./diagnose.ts').catch(() => undefined);
  return diagnosis === undefined ? fault : diagnosis.diagnose(fault, fixed, source, signal);
}

function chooseKey(header: Header, keys: readonly IdentifiedKey[]): RsaPublicKey {
  const match = keys.find(({ id }) => equalBytes(id, header.keyId));
  if (match !== undefined) return match.key;
  const wanted = toHex(header.keyId);
  const given = keys.map(({ id }) => toHex(id)).join(', ');
  throw new BundleFault('ERR_KEY_MISMATCH', 'key', { keyId: wanted }, given);
}

function checkExpectations(metadata: Metadata, expect: Expectations): void {
  for (const name of ['appId', 'version', 'channel'] as const) {
    const expected = expect[name];
    const actual = own(metadata, name);
    if (expected !== undefined && actual !== expected) throw unexpected(name, expected, actual);
  }
  const sequence = own(metadata, 'sequence');
  const { minSequence } = expect;
  if (minSequence !== undefined && !(sequence !== undefined && sequence >= minSequence)) {
    throw unexpected('minSequence', minSequence, sequence);
  }
}

function unexpected(
  expectation: keyof Expectations,
  expected: string | number,
  actual: string | number | undefined,
): BundleFault {
  return new BundleFault('ERR_EXPECTATION_FAILED', 'expectation', {
    ...{ expectation, expected },
    ...(actual !== undefined && { actual }),
  });
}

/** Reads an own member of the metadata. A polluted prototype may add members that the publisher did not sign. */
function own(metadata: Metadata, name: 'appId' | 'version' | 'channel'): string | undefined;
function own(metadata: Metadata, name: 'sequence'): number | undefined;
function own(metadata: Metadata, name: keyof Metadata): unknown {
  return Object.hasOwn(metadata, name) ? metadata[name] : undefined;
}
