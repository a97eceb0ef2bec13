// Looking at a header without a key.

import { concat } from '../bytes.ts';
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
import { isBlob, openInput, type Source } from '../sources/input.ts';
import { openRandomAccess, type RandomAccessSource } from '../sources/random-access.ts';
import { type BundleInfo, describeHeader } from './info.ts';

/** A header that nobody has vouched for: nothing in it is proven. */
export interface UnprovenBundleInfo extends BundleInfo {
  readonly proven: false;
}

export interface InspectOptions {
  /** Aborts: rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads what a sealed bundle's header says, without a key.
 *
 * **Nothing in it is proven**: no signature is checked, so whoever stores or carries the bundle can have
 * written it. Good for listings and diagnosis; decide nothing by it. `decryptBundle` with `expect` checks
 * the same facts once they are proven.
 *
 * Of bytes and of a seal the whole header has to be there, and the answer comes at once. Of a `Blob` or a
 * {@link RandomAccessSource} (`httpSource`, `fileSource`) the answer is a promise: it reads the 56 bytes that every
 * header begins with and the metadata (at most 65,528 bytes), and nothing else.
 *
 * @param sealed - A sealed bundle (its header is enough), a seal in base64url, or where a sealed bundle can be read.
 * @param options.signal - Aborts the reading of a source: rejects with its reason.
 * @throws {@link BundleSealError} `ERR_LENGTH_INVALID`: the message says how many bytes the header takes;
 * `ERR_HEADER_INVALID`, `ERR_VERSION_UNSUPPORTED`; `ERR_SOURCE_FAILED`: the source could not be read. `TypeError` for
 * any other input, or a wrong or unknown option.
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
export function inspectBundle(
  sealed: Blob | RandomAccessSource,
  options?: InspectOptions,
): Promise<UnprovenBundleInfo>;
export function inspectBundle(
  sealed: Uint8Array | string | Blob | RandomAccessSource,
  options: InspectOptions = {},
): UnprovenBundleInfo | Promise<UnprovenBundleInfo> {
  checkOptions('inspectBundle', options, ['signal']);
  if (typeof sealed === 'string') return inspectBytes(decodeSeal(sealed));
  const { read } = (sealed ?? {}) as Partial<RandomAccessSource>;
  const brand = Object.prototype.toString.call(sealed).slice(8, -1);
  if (typeof read === 'function' || isBlob(sealed, brand)) {
    return inspectSource(openRandomAccess(sealed, 'sealed'), options.signal);
  }
  if (brand === 'Uint8Array')
    return inspectBytes(openInput(sealed as Uint8Array, 'sealed').bytes as Uint8Array);
  throw new TypeError(
    `sealed expected a Uint8Array, a base64url string, a Blob or a source with size and read(), got ${describe(sealed)}`,
  );
}

// Of both, bytes are copied before they are looked at: the caller's memory may change meanwhile.

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
  // What the header says is read to nobody's memory, so there is no cap on its chunks.
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
