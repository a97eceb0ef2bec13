// Looking at a header without a key.

import { headerParts, parseHeader } from '../format/header.ts';
import { decodeMetadata } from '../format/metadata.ts';
import { describe } from '../options.ts';
import { type BundleInfo, describeHeader } from './info.ts';
import { decodeSeal } from './open.ts';

/** A header that nobody has vouched for: nothing in it is proven. */
export interface UnprovenBundleInfo extends BundleInfo {
  readonly proven: false;
}

/**
 * Reads what a sealed bundle's header says, without a key.
 *
 * **Nothing in it is proven**: no signature is checked, so whoever stores or carries the bundle can have
 * written it. Good for listings and diagnosis; decide nothing by it. `decryptBundle` with `expect` checks
 * the same facts once they are proven.
 *
 * @param sealedOrSeal - A sealed bundle (its header is enough), or a seal in base64url.
 * @throws {@link BundleSealError} `ERR_LENGTH_INVALID`, `ERR_HEADER_INVALID`, `ERR_VERSION_UNSUPPORTED`.
 * `TypeError` for anything else than bytes or a string.
 * @see docs/format.md#header
 * @example
 * ```ts
 * import { encryptBundle, inspectBundle, keygen } from 'bundleseal';
 *
 * const { privateKey } = await keygen();
 * const { seal } = await encryptBundle(new Uint8Array(10), { privateKey });
 * console.log(inspectBundle(seal).size, inspectBundle(seal).proven);
 * ```
 */
export function inspectBundle(sealedOrSeal: Uint8Array | string): UnprovenBundleInfo {
  const isText = typeof sealedOrSeal === 'string';
  if (!isText && !(sealedOrSeal instanceof Uint8Array)) {
    throw new TypeError(
      `sealedOrSeal expected a Uint8Array or a base64url string, got ${describe(sealedOrSeal)}`,
    );
  }
  const bytes = isText
    ? decodeSeal(sealedOrSeal)
    : new Uint8Array(sealedOrSeal.buffer, sealedOrSeal.byteOffset, sealedOrSeal.byteLength);
  // The header has to be there anyway, so its own length bounds what is read of it.
  const header = parseHeader(bytes, Number.POSITIVE_INFINITY);
  const metadata = decodeMetadata(headerParts(bytes, header).metadata);
  return { proven: false, ...describeHeader(header), metadata };
}
