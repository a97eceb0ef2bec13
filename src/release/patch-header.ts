// Encodes and parses the header of a patch, which precedes its instructions. See docs/patch-format.md#header.

import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { encodeText } from '../utf8.ts';

export interface PatchHeader {
  /** Id of the release from which the patch starts. */
  readonly from: string;
  /** Id of the release that the patch makes. */
  readonly to: string;
  /** Length of the old image in bytes. The caller checks it. */
  readonly fromLength: number;
  /** Length of the new image in bytes. The caller checks it. */
  readonly toLength: number;
}

/** Length of the header in bytes. */
export const PATCH_HEADER_LENGTH = 96;

const MAGIC = /* @__PURE__ */ encodeText('BNDLDIFF');
const VERSION_AT = 8;
const VERSION = 1;
const FROM_AT = 16;
const TO_AT = 48;
const FROM_LENGTH_AT = 80;
const TO_LENGTH_AT = 88;

export function encodePatchHeader(header: PatchHeader): Uint8Array {
  const bytes = new Uint8Array(PATCH_HEADER_LENGTH);
  bytes.set(MAGIC);
  bytes[VERSION_AT] = VERSION;
  bytes.set(fromHex(header.from), FROM_AT);
  bytes.set(fromHex(header.to), TO_AT);
  const view = new DataView(bytes.buffer);
  // Lengths are below 2^30, so the upper four of their eight bytes are zero.
  view.setUint32(FROM_LENGTH_AT + 4, header.fromLength);
  view.setUint32(TO_LENGTH_AT + 4, header.toLength);
  return bytes;
}

/** @throws {@link BundleSealError} `ERR_PATCH_INVALID` */
export function parsePatchHeader(patch: Uint8Array): PatchHeader {
  if (patch.length < PATCH_HEADER_LENGTH) throw invalidPatch('is shorter than its header');
  if (!equalBytes(patch.subarray(0, VERSION_AT), MAGIC)) {
    throw invalidPatch('does not begin with "BNDLDIFF"');
  }
  if (patch[VERSION_AT] !== VERSION) {
    throw invalidPatch('is of a version that this release does not know');
  }
  if (patch.subarray(VERSION_AT + 1, FROM_AT).some((byte) => byte !== 0)) {
    throw invalidPatch('has reserved bytes that are not zero');
  }
  const view = new DataView(patch.buffer, patch.byteOffset);
  // A length above 2^53 is rounded, but still exceeds every limit.
  const lengthAt = (at: number) => view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  return {
    from: toHex(patch.subarray(FROM_AT, TO_AT)),
    to: toHex(patch.subarray(TO_AT, FROM_LENGTH_AT)),
    fromLength: lengthAt(FROM_LENGTH_AT),
    toLength: lengthAt(TO_LENGTH_AT),
  };
}

/**
 * Makes the error for a patch that cannot be applied.
 *
 * @param reason - The fault, as the end of a sentence that begins with "the patch".
 */
export function invalidPatch(reason: string, cause?: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_PATCH_INVALID',
    `the patch ${reason}: discard it and fetch the whole release`,
    { cause },
  );
}
