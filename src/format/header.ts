// The bytes of the header: docs/format.md#header. This module does not check that a header is genuine: `seal/`
// verifies the signature.

import { fromBase64, toBase64 } from '../base64.ts';
import { concat } from '../bytes.ts';
import { describe } from '../options.ts';
import { type ChunkLayout, chunkLayout, DIGEST_LENGTH } from './chunks.ts';
import { BundleFault, type BundleFaultKind, type FaultDetail } from './fault.ts';
import { CHUNK_EXPONENT, MAX_SIZE, MODULUS_BITS } from './limits.ts';

export const MAGIC: Uint8Array = /* @__PURE__ */ Uint8Array.from('BNDLSEAL', (c) =>
  c.charCodeAt(0),
);
const VERSION = 2;
const SUITE = 1;

/** Kinds of sealed objects. The header contains the index of the kind in this list. */
export const KINDS = ['bundle', 'patch', 'index', 'keys'] as const;

/**
 * The kind of a sealed object: a bundle, or an object that publishes releases. Each kind has its own calls, and all
 * other calls refuse it.
 */
export type Kind = (typeof KINDS)[number];

/** Length of the header's fixed part, in bytes. */
export const FIXED_LENGTH = 56;

/** Offset of the key id, which is the last field of the fixed part. */
const KEY_ID_AT: number = FIXED_LENGTH - DIGEST_LENGTH;

/** The fields of the header's fixed part, and the lengths that follow from them. */
export interface Header {
  readonly kind: Kind;
  readonly layout: ChunkLayout;
  /** SHA-256 of the public key's SubjectPublicKeyInfo: 32 bytes. */
  readonly keyId: Uint8Array;
  /** `k`: bytes of the signature and of the RSA modulus. */
  readonly signatureLength: number;
  /** Bytes of metadata, padding included. */
  readonly metadataLength: number;
  /** Length of the head, in bytes: the signed part of the header. */
  readonly headLength: number;
  /** Bytes of the whole header. */
  readonly headerLength: number;
}

/** The header's parts as views into it. */
export interface HeaderParts {
  readonly head: Uint8Array;
  readonly metadata: Uint8Array;
  readonly digests: Uint8Array;
  readonly signature: Uint8Array;
}

/** The fields of a header without its signature. */
export interface HeadFields {
  readonly kind: Kind;
  readonly layout: ChunkLayout;
  readonly keyId: Uint8Array;
  readonly signatureLength: number;
  /** Encoded and padded by `encodeMetadata`. */
  readonly metadata: Uint8Array;
  /** The digests of the encrypted chunks, in order. */
  readonly digests: Uint8Array;
}

/** Length of the header of a bundle with this layout, in bytes. */
export function headerLengthOf(
  layout: ChunkLayout,
  metadataLength: number,
  signatureLength: number,
): number {
  return FIXED_LENGTH + metadataLength + DIGEST_LENGTH * layout.count + signatureLength;
}

export function encodeHead(fields: HeadFields): Uint8Array {
  const fixed = new Uint8Array(FIXED_LENGTH);
  const view = new DataView(fixed.buffer);
  fixed.set(MAGIC);
  fixed[8] = VERSION;
  fixed[9] = SUITE;
  fixed[10] = Math.log2(fields.layout.chunkSize);
  fixed[11] = KINDS.indexOf(fields.kind);
  view.setUint16(12, fields.signatureLength);
  view.setUint16(14, fields.metadata.length);
  view.setUint32(16, Math.floor(fields.layout.size / 2 ** 32));
  view.setUint32(20, fields.layout.size % 2 ** 32);
  fixed.set(fields.keyId, KEY_ID_AT);
  return concat(fixed, fields.metadata, fields.digests);
}

/**
 * Step 1 of docs/format.md#opening: reads the fixed part and checks every field before it is used.
 *
 * @param kind - The kind that the caller opens. Default: every kind.
 * @throws {@link BundleFault} `ERR_LENGTH_INVALID`, `ERR_HEADER_INVALID`,
 * `ERR_VERSION_UNSUPPORTED` or `ERR_LIMIT_EXCEEDED`.
 */
export function parseHeader(bytes: Uint8Array, maxChunks: number, kind?: Kind): Header {
  if (bytes.length < FIXED_LENGTH) {
    throw new BundleFault('ERR_LENGTH_INVALID', 'short', { offset: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, FIXED_LENGTH);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw invalid(0, 'magic');
  }
  checkVersion(view.getUint8(8), view.getUint8(9));
  const found = KINDS[view.getUint8(11)];
  if (found === undefined || (kind !== undefined && found !== kind)) {
    throw invalid(11, 'kind', found ?? view.getUint8(11), kind ?? KINDS.join(', '));
  }
  const exponent = view.getUint8(10);
  if (exponent < CHUNK_EXPONENT.min || exponent > CHUNK_EXPONENT.max) {
    throw invalid(10, 'exponent', exponent);
  }
  const signatureLength = view.getUint16(12);
  if (signatureLength < MODULUS_BITS.min / 8 || signatureLength > MODULUS_BITS.max / 8) {
    throw invalid(12, 'signature-length', signatureLength);
  }
  const metadataLength = view.getUint16(14);
  if (metadataLength % 8 !== 0) throw invalid(14, 'metadata-length', metadataLength);
  // A double holds integers exactly up to 2^53. It may round larger sizes, but never to a number within the limit.
  const size = view.getUint32(16) * 2 ** 32 + view.getUint32(20);
  if (size > MAX_SIZE) throw invalid(16, 'size');
  const layout = chunkLayout(size, 2 ** exponent);
  if (layout.count > maxChunks) {
    const fields = { offset: 16, limit: 'maxChunks' };
    throw new BundleFault('ERR_LIMIT_EXCEEDED', 'chunks', fields, layout.count, maxChunks);
  }
  const headerLength = headerLengthOf(layout, metadataLength, signatureLength);
  return {
    kind: found,
    layout,
    keyId: bytes.slice(KEY_ID_AT, FIXED_LENGTH),
    signatureLength,
    metadataLength,
    headLength: headerLength - signatureLength,
    headerLength,
  };
}

function checkVersion(version: number, suite: number): void {
  if (version === VERSION && suite === SUITE) return;
  const fields = { offset: version === VERSION ? 9 : 8 };
  throw new BundleFault('ERR_VERSION_UNSUPPORTED', 'version', fields, version, suite);
}

function invalid(offset: number, kind: BundleFaultKind, ...details: FaultDetail[]): BundleFault {
  return new BundleFault('ERR_HEADER_INVALID', kind, { offset }, ...details);
}

/** @throws {@link BundleFault} `ERR_LENGTH_INVALID` if `length` is shorter than the header. */
export function checkHeaderLength({ headerLength }: Header, length: number): void {
  if (length >= headerLength) return;
  throw new BundleFault('ERR_LENGTH_INVALID', 'cut', { offset: length }, headerLength);
}

/**
 * Splits a header whose fixed part was parsed.
 *
 * @throws {@link BundleFault} `ERR_LENGTH_INVALID` if `bytes` are shorter than the header.
 */
export function headerParts(bytes: Uint8Array, header: Header): HeaderParts {
  checkHeaderLength(header, bytes.length);
  const metadataEnd = FIXED_LENGTH + header.metadataLength;
  return {
    head: bytes.subarray(0, header.headLength),
    metadata: bytes.subarray(FIXED_LENGTH, metadataEnd),
    digests: bytes.subarray(metadataEnd, header.headLength),
    signature: bytes.subarray(header.headLength, header.headerLength),
  };
}

/**
 * Step 5 of docs/format.md#opening: checks the length of the body.
 *
 * @throws {@link BundleFault} `ERR_LENGTH_INVALID`.
 */
export function checkBodyLength(header: Header, bodyLength: number): void {
  const wanted = header.layout.bodyLength;
  if (bodyLength === wanted) return;
  const fields = { offset: Math.min(bodyLength, wanted) };
  throw new BundleFault('ERR_LENGTH_INVALID', 'body-length', fields, wanted, bodyLength);
}

/**
 * Decodes a seal into the bytes of the header. Ignores white space around the seal.
 *
 * @throws `TypeError` if the seal is not a string; {@link BundleFault} `ERR_HEADER_INVALID` if it is not base64url.
 */
export function decodeSeal(seal: unknown): Uint8Array {
  if (typeof seal !== 'string') {
    throw new TypeError(`seal expected a base64url string, got ${describe(seal)}`);
  }
  const bytes = fromBase64(seal.trim(), 'base64url');
  if (bytes === undefined) throw new BundleFault('ERR_HEADER_INVALID', 'seal-text', {});
  return bytes;
}

/** Encodes a header as text: base64url without padding (RFC 4648 §5). */
export function encodeSeal(header: Uint8Array): string {
  return toBase64(header, 'base64url');
}
