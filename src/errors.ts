/**
 * Why data, a key or a source was refused. Codes are stable, so programs may branch on them. Messages may change.
 *
 * - `ERR_KEY_INVALID`: the key is not an RSA key that the format accepts.
 * - `ERR_KEY_MISMATCH`: the bundle was sealed for another key than those given.
 * - `ERR_HEADER_INVALID`: not a sealed bundle, or a field or its metadata is outside the format.
 * - `ERR_VERSION_UNSUPPORTED`: a format version or suite that this release does not know.
 * - `ERR_LENGTH_INVALID`: bytes are missing, or bytes follow the end.
 * - `ERR_SEAL_INVALID`: the signature does not belong to this header.
 * - `ERR_CHUNK_INVALID`: a chunk of the body was altered.
 * - `ERR_CHECKSUM_MISMATCH`: the whole bundle does not have the signed checksum.
 * - `ERR_EXPECTATION_FAILED`: the bundle is genuine, but not what `expect` asks for.
 * - `ERR_LIMIT_EXCEEDED`: a bundle has too many chunks, or an archive exceeds a limit.
 * - `ERR_ARCHIVE_INVALID`: the zip cannot be read or written safely; `path` names the entry.
 * - `ERR_SIGNER_FAILED`: an external signer failed, or its answer is not the requested signature.
 * - `ERR_BACKEND_UNAVAILABLE`: this runtime lacks the requested backend or a source of randomness.
 * - `ERR_SOURCE_FAILED`: the input could not be read.
 * - `ERR_FILE`: a file or folder could not be read or written; `path` names it.
 * - `ERR_STORE`: a device's storage for releases failed, is full, or was altered; or the content of a publisher's
 *   store does not allow the requested change.
 * - `ERR_PATCH_INVALID`: the patch does not start from this release, or does not make the release that it names.
 * - `ERR_INDEX_INVALID`: the index or list of keys is genuine, but malformed or not for this app and channel.
 * - `ERR_INDEX_EXPIRED`: the index has expired.
 * - `ERR_INDEX_ROLLED_BACK`: the index is older than one that was accepted before.
 */
export type ErrorCode =
  | 'ERR_KEY_INVALID'
  | 'ERR_KEY_MISMATCH'
  | 'ERR_HEADER_INVALID'
  | 'ERR_VERSION_UNSUPPORTED'
  | 'ERR_LENGTH_INVALID'
  | 'ERR_SEAL_INVALID'
  | 'ERR_CHUNK_INVALID'
  | 'ERR_CHECKSUM_MISMATCH'
  | 'ERR_EXPECTATION_FAILED'
  | 'ERR_LIMIT_EXCEEDED'
  | 'ERR_ARCHIVE_INVALID'
  | 'ERR_SIGNER_FAILED'
  | 'ERR_BACKEND_UNAVAILABLE'
  | 'ERR_SOURCE_FAILED'
  | 'ERR_FILE'
  | 'ERR_PATCH_INVALID'
  | 'ERR_INDEX_INVALID'
  | 'ERR_INDEX_EXPIRED'
  | 'ERR_INDEX_ROLLED_BACK'
  | 'ERR_STORE';

/** Details of an error, where they apply. */
export interface ErrorFields {
  /** Index of the refused chunk, from 0. */
  chunkIndex?: number;
  /** Id of the key that the bundle was sealed for: 64 hex characters. */
  keyId?: string;
  /** Byte offset of the fault in the input. */
  offset?: number;
  /** The file, or the archive's entry, at fault. */
  path?: string;
  /** Name of the option whose limit was exceeded. */
  limit?: string;
  /** The member of `expect` that the bundle does not meet. */
  expectation?: 'appId' | 'version' | 'channel' | 'minSequence';
  /** What `expect` asks for. */
  expected?: string | number;
  /** The verified value in the bundle; absent if the bundle has none. */
  actual?: string | number;
  /** The underlying error, if there is one. */
  cause?: unknown;
}

/**
 * The error for everything that data, a key or a source can cause. A caller's mistake (a wrong type, an unknown
 * option) is a `TypeError` or `RangeError` instead, and an abort rejects with the signal's reason.
 *
 * The message says what to do next and never contains key material.
 *
 * @example
 * ```ts
 * import { BundleSealError, decryptBundle, encryptBundle, keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const sealed = await encryptBundle(new Uint8Array(10), { privateKey });
 * sealed.bytes[sealed.bytes.length - 1]! ^= 1;
 * try {
 *   await decryptBundle(sealed.bytes, { publicKey });
 * } catch (error) {
 *   if (error instanceof BundleSealError) console.log(error.code, error.chunkIndex);
 * }
 * ```
 */
export class BundleSealError extends Error {
  /** Always `BundleSealError`. */
  override readonly name: string = 'BundleSealError';
  /** See {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** Index of the refused chunk, from 0. */
  declare readonly chunkIndex?: number;
  /** Id of the key that the bundle was sealed for: 64 hex characters. */
  declare readonly keyId?: string;
  /** Byte offset of the fault in the input. */
  declare readonly offset?: number;
  /** The file, or the archive's entry, at fault. */
  declare readonly path?: string;
  /** Name of the option whose limit was exceeded, for example `maxEntries`. */
  declare readonly limit?: string;

  /** The member of `expect` that the bundle does not meet, for `ERR_EXPECTATION_FAILED`. */
  declare readonly expectation?: 'appId' | 'version' | 'channel' | 'minSequence';
  /** What `expect` asks for. */
  declare readonly expected?: string | number;
  /** The verified value in the bundle; absent if the bundle has none. */
  declare readonly actual?: string | number;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
  }
}
