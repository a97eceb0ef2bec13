// Converts a header to the facts that callers get.

import { toHex } from '../bytes.ts';
import type { Header, Kind } from '../format/header.ts';
import type { Metadata } from '../format/metadata.ts';
import type { OpenedHeader } from './open-header.ts';

/** The facts about a bundle in its header. */
export interface BundleInfo {
  /**
   * Whether the call verified the signature. {@link inspectBundle} does not: anyone may have written its values.
   */
  readonly proven: boolean;
  /** The kind of the sealed object. Calls that open bundles refuse every other kind. */
  readonly kind: Kind;
  /** Version of the format. */
  readonly version: 2;
  /** Id of the key pair: 64 hex characters. The public key with this id opens the bundle. */
  readonly keyId: string;
  /** Bits of the RSA modulus, computed from the length of the signature. */
  readonly modulusBits: number;
  /** Bytes of the plain bundle. */
  readonly size: number;
  /** Bytes of header and body together. */
  readonly sealedSize: number;
  /** Bytes of the header. */
  readonly headerLength: number;
  /** Plain bytes in a chunk. */
  readonly chunkSize: number;
  /** Chunks in the body. */
  readonly chunkCount: number;
  /**
   * SHA-256 of the plain bundle, 64 hex characters. {@link inspectBundle} does not return it, because only the public
   * key recovers it from the signature.
   */
  readonly checksum?: string;
  /** The publisher's metadata. */
  readonly metadata: Metadata;
}

/** Returns the facts in the fixed part of a header. */
export function describeHeader(header: Header): Omit<BundleInfo, 'proven' | 'metadata'> {
  const { layout, headerLength } = header;
  return {
    kind: header.kind,
    version: 2,
    keyId: toHex(header.keyId),
    modulusBits: 8 * header.signatureLength,
    size: layout.size,
    sealedSize: headerLength + layout.bodyLength,
    headerLength,
    chunkSize: layout.chunkSize,
    chunkCount: layout.count,
  };
}

/** Returns the facts in a header whose signature was verified. */
export function infoOf({ header, metadata, secrets }: OpenedHeader): BundleInfo {
  return {
    proven: true,
    ...describeHeader(header),
    checksum: toHex(secrets.checksum),
    metadata,
  };
}
