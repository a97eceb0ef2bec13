// Reads a header without a key.

import { concat, isBytes } from '../bytes.ts';
import { explained } from '../format/explain.ts';
import {
  checkHeaderLength,
  decodeSeal,
  FIXED_LENGTH,
  type Header,
  parseHeader,
} from '../format/header.ts';
import { decodeMetadata } from '../format/metadata.ts';
import { checkOptions, describe } from '../options.ts';
import {
  isBlob,
  openInput,
  openRandomAccess,
  type RandomAccessSource,
  type Source,
} from '../sources/input.ts';
import { type BundleInfo, describeHeader } from './info.ts';

/** A header whose signature was not verified. */
export interface UnprovenBundleInfo extends BundleInfo {
  /** Always false: anyone may have written the header. */
  readonly proven: false;
}

/** Options of {@link inspectBundle} for a source. */
export interface InspectOptions {
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the header of a sealed bundle without a key.
 *
 * **Nothing in the result is verified.** The call does not check the signature, so anyone who stores or transports
 * the bundle may have written the header. Use the result for listings and diagnosis only, not for decisions.
 * `decryptBundle` with `expect` verifies the same facts before it checks them.
 *
 * For bytes or a seal, the call needs the whole header and returns the result at once. For a `Blob` or a {@link
 * RandomAccessSource} (`httpSource`, `fileSource`) it returns a promise, and reads only the fixed part of the header (56
 * bytes) and the metadata (at most 65,528 bytes).
 *
 * @param sealed - A sealed bundle (its header is enough), a seal in base64url, or a source of a sealed bundle.
 * @param options.signal - Aborts reading from a source: the promise rejects with the signal's reason.
 * @returns The facts in the header, with `proven: false`.
 * @throws {@link BundleSealError} `ERR_LENGTH_INVALID` if the header is cut (the message says how many bytes it
 * needs); `ERR_HEADER_INVALID`, `ERR_VERSION_UNSUPPORTED`; `ERR_SOURCE_FAILED` if the source cannot be read.
 * `TypeError` for any other input and for a wrong or unknown option.
 * @see docs/format.md#header
 * @example
 * ```ts
 * import { encryptBundle, inspectBundle, keygen } from 'bundleseal';
 *
 * const { privateKey } = await keygen();
 * const { bytes, seal } = await encryptBundle(new Uint8Array(10), { privateKey });
 * console.log(inspectBundle(seal).size, inspectBundle(seal).proven);
 * console.log((await inspectBundle(new Blob([bytes]))).keyId);
 * ```
 */
export function inspectBundle(sealed: Uint8Array | string): UnprovenBundleInfo;
/**
 * Reads the header of a sealed bundle in a `Blob` or a source, without a key. **Nothing in the result is verified.** Fetches
 * the fixed part of the header and the metadata only.
 */
export function inspectBundle(
  sealed: Blob | RandomAccessSource,
  options?: InspectOptions,
): Promise<UnprovenBundleInfo>;
export function inspectBundle(
  sealed: Uint8Array | string | Blob | RandomAccessSource,
  options: InspectOptions = {},
): UnprovenBundleInfo | Promise<UnprovenBundleInfo> {
  checkOptions('inspectBundle', options, { signal: 'signal' });
  if (typeof sealed === 'string') return inspectBytes(explained(() => decodeSeal(sealed)));
  const { read } = (sealed ?? {}) as Partial<RandomAccessSource>;
  if (typeof read === 'function' || isBlob(sealed)) {
    return inspectSource(openRandomAccess(sealed, 'sealed'), options.signal);
  }
  if (isBytes(sealed)) return inspectBytes(openInput(sealed, 'sealed').bytes as Uint8Array);
  throw new TypeError(
    `sealed expected a Uint8Array, a base64url string, a Blob or a source with size and read(), got ${describe(sealed)}`,
  );
}

// Both functions copy the fixed part and the metadata before they parse them, because the caller's memory may change.

function inspectBytes(bytes: Uint8Array): UnprovenBundleInfo {
  const header = readFixed(bytes.slice(0, FIXED_LENGTH), bytes.length);
  return infoOf(header, bytes.slice(FIXED_LENGTH, FIXED_LENGTH + header.metadataLength));
}

async function inspectSource(
  source: Source,
  signal: AbortSignal | undefined,
): Promise<UnprovenBundleInfo> {
  signal?.throwIfAborted();
  const fixed = await source.read(0, Math.min(FIXED_LENGTH, source.size), signal);
  const header = readFixed(concat(fixed), source.size);
  const end = FIXED_LENGTH + header.metadataLength;
  return infoOf(header, concat(await source.read(FIXED_LENGTH, end, signal)));
}

function readFixed(fixed: Uint8Array, size: number): Header {
  // This call does not read the digests, so the number of chunks needs no limit.
  return explained(() => {
    const header = parseHeader(fixed, Number.POSITIVE_INFINITY);
    checkHeaderLength(header, size);
    return header;
  });
}

function infoOf(header: Header, metadata: Uint8Array): UnprovenBundleInfo {
  return {
    proven: false,
    ...describeHeader(header),
    metadata: explained(() => decodeMetadata(metadata)),
  };
}
