// Opening a header: steps 1 to 4 of docs/format.md#opening, in their order, for all that opens a bundle.

import type { Backend } from '../backend/backend.ts';
import { concat, equalBytes, toHex } from '../bytes.ts';
import { HeaderFault } from '../format/fault.ts';
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
import { decodeMetadata, type Metadata, unfit } from '../format/metadata.ts';
import { keyDigest } from '../keys/encode.ts';
import { readPublicKey } from '../keys/read.ts';
import type { RsaPublicKey } from '../keys/rsa.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { DEFAULT_MAX_CHUNKS } from '../limits.ts';
import { checkOptions, describe, shown } from '../options.ts';
import { recoverSeal, type SealSecrets } from '../seal/seal.ts';
import { openInput, type Source } from '../sources/input.ts';

/** What a bundle must say of itself to be opened; what is left out is not looked at. */
export interface Expectations {
  /** The bundle's `appId` must be this one. */
  readonly appId?: string;
  /** The bundle's `version` must be this one. */
  readonly version?: string;
  /** The bundle's `channel` must be this one. */
  readonly channel?: string;
  /** The bundle's `sequence` must be this or more: refuses older bundles, though genuine. */
  readonly minSequence?: number;
}

export interface OpenedHeader {
  readonly header: Header;
  readonly parts: HeaderParts;
  readonly metadata: Metadata;
  readonly secrets: SealSecrets;
}

export interface HeaderChecks {
  /** Default `'bundle'`. */
  readonly kind?: Kind | undefined;
  readonly expect?: Expectations | undefined;
  readonly maxChunks?: number | undefined;
  /** Whether nothing may follow the header. */
  readonly isAlone?: boolean;
}

/** A public key with its id as the header holds it. */
export interface IdentifiedKey {
  readonly id: Uint8Array;
  readonly key: RsaPublicKey;
}

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
    const what = unfit(isSequence ? 'sequence' : name, value);
    if (what === undefined) continue;
    const message = `options.expect.${name} expected ${what}, got ${isSequence ? shown(value) : describe(value)}`;
    throw isSequence ? new RangeError(message) : new TypeError(message);
  }
}

/** What all that opens a bundle is told of its header. */
export interface HeaderOptions extends HeaderChecks {
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  readonly seal?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the header: the seal where it travels apart, else what the source begins with. */
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

/** Opens the header that a source begins with. */
export async function openHeaderFrom(
  backend: Backend,
  source: Source,
  keys: readonly IdentifiedKey[],
  checks: HeaderChecks,
  signal?: AbortSignal,
): Promise<OpenedHeader> {
  // Copies: the caller's memory may change between the check of the signature and the use of the digests.
  const fixed = concat(await source.read(0, Math.min(FIXED_LENGTH, source.size), signal));
  try {
    return await openAfter(fixed, backend, source, keys, checks, signal);
  } catch (error) {
    throw await told(error, fixed, source, signal);
  }
}

async function openAfter(
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
      throw new HeaderFault('ERR_LENGTH_INVALID', 'seal-length', { offset }, source.size);
    }
    const metadata = decodeMetadata(parts.metadata);
    if (checks.expect !== undefined) checkExpectations(metadata, checks.expect);
    return { header, parts, metadata, secrets };
  } catch (error) {
    secrets.sessionKey.fill(0);
    throw error;
  }
}

/** Opens a seal: a header alone, with nothing after it. */
export async function openSeal(
  backend: Backend,
  seal: string,
  keys: readonly IdentifiedKey[],
  checks: HeaderChecks,
): Promise<OpenedHeader> {
  const bytes = await orTold(() => decodeSeal(seal));
  return openHeaderFrom(backend, openInput(bytes, 'seal'), keys, { ...checks, isAlone: true });
}

/** Step 5 of docs/format.md#opening. @throws {@link BundleSealError} `ERR_LENGTH_INVALID`. */
export function checkBody(header: Header, bodyLength: number): Promise<void> {
  return orTold(() => checkBodyLength(header, bodyLength));
}

/** The result of `read`. Rejects with its fault and the sentence. */
async function orTold<T>(read: () => T): Promise<T> {
  try {
    return read();
  } catch (fault) {
    throw await told(fault);
  }
}

/**
 * The fault with its sentence, or as it is if the module with the sentences cannot be loaded.
 *
 * @param fixed - The first bytes of the bundle. With them and `source` the sentence also tells a bundle that was
 * transferred as text.
 */
export async function told(
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
  throw new HeaderFault('ERR_KEY_MISMATCH', 'key', { keyId: wanted }, given);
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
): HeaderFault {
  return new HeaderFault('ERR_EXPECTATION_FAILED', 'expectation', {
    ...{ expectation, expected },
    ...(actual !== undefined && { actual }),
  });
}

/** A member that the publisher wrote, and none that a polluted prototype lends. */
function own(metadata: Metadata, name: 'appId' | 'version' | 'channel'): string | undefined;
function own(metadata: Metadata, name: 'sequence'): number | undefined;
function own(metadata: Metadata, name: keyof Metadata): unknown {
  return Object.hasOwn(metadata, name) ? metadata[name] : undefined;
}
