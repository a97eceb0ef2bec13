/**
 * Why data, a key or a source was refused. Stable: code may branch on it; messages may be reworded.
 *
 * - `ERR_KEY_INVALID`: the key is not an RSA key that this format takes.
 * - `ERR_KEY_MISMATCH`: the bundle was sealed for another key than those given.
 * - `ERR_HEADER_INVALID`: not a sealed bundle, or a field or its metadata is outside the format.
 * - `ERR_VERSION_UNSUPPORTED`: a format version or suite that this release does not know.
 * - `ERR_LENGTH_INVALID`: bytes are missing, or there are too many.
 * - `ERR_SEAL_INVALID`: the signature does not vouch for this header.
 * - `ERR_CHUNK_INVALID`: a chunk of the body was altered.
 * - `ERR_CHECKSUM_MISMATCH`: the whole bundle is not the one that was signed.
 * - `ERR_EXPECTATION_FAILED`: genuine, but not the bundle that the caller expects.
 * - `ERR_LIMIT_EXCEEDED`: more chunks, or more in an archive, than the reader's cap.
 * - `ERR_ARCHIVE_INVALID`: not a zip that can be read or written safely; `path` names the entry.
 * - `ERR_SIGNER_FAILED`: an external signer failed, or its answer is not the signature asked for.
 * - `ERR_BACKEND_UNAVAILABLE`: the backend asked for, or a source of randomness, is not in this runtime.
 * - `ERR_SOURCE_FAILED`: the input could not be read.
 * - `ERR_FILE`: a file or folder could not be read or written; `path` names it.
 * - `ERR_STORE`: the place where a device keeps releases failed, is full, or was altered; or what a publisher's store holds
 *   does not allow what was asked for.
 * - `ERR_PATCH_INVALID`: not a patch from this release, or it does not make the release that it names.
 * - `ERR_INDEX_INVALID`: genuine, but not a well-formed index (or list of keys) for this app and channel.
 * - `ERR_INDEX_EXPIRED`: an index that is no longer to be believed.
 * - `ERR_INDEX_ROLLED_BACK`: an index that is older than one that was accepted before.
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

/** What an error says beside its message, where it applies. */
export interface ErrorFields {
  /** Index of the refused chunk, from 0. */
  chunkIndex?: number;
  /** Id of the key that the bundle was sealed for: 64 hex characters. */
  keyId?: string;
  /** Byte offset into the input at which the fault lies. */
  offset?: number;
  /** The file, or the archive's entry, at fault. */
  path?: string;
  /** Name of the option that sets the limit which was exceeded. */
  limit?: string;
  /** Which member of `expect` the bundle does not meet. */
  expectation?: 'appId' | 'version' | 'channel' | 'minSequence';
  /** What `expect` asks for. */
  expected?: string | number;
  /** What the bundle says in its place; absent where it says nothing. */
  actual?: string | number;
  /** The error underneath, where there is one. */
  cause?: unknown;
}

/**
 * Everything that data, a key or a source can cause. A caller's mistake (a wrong type, an unknown
 * option) is a `TypeError` or `RangeError` instead, and an abort rejects with the signal's reason.
 *
 * The message says what to do next and never holds key material.
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
  override readonly name: string = 'BundleSealError';
  /** See {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** Index of the refused chunk, from 0. */
  declare readonly chunkIndex?: number;
  /** Id of the key that the bundle was sealed for: 64 hex characters. */
  declare readonly keyId?: string;
  /** Byte offset into the input at which the fault lies. */
  declare readonly offset?: number;
  /** The file, or the archive's entry, at fault. */
  declare readonly path?: string;
  /** Name of the option that sets the limit which was exceeded: `maxEntries` for example. */
  declare readonly limit?: string;

  /** Which member of `expect` the bundle does not meet: of `ERR_EXPECTATION_FAILED`. */
  declare readonly expectation?: 'appId' | 'version' | 'channel' | 'minSequence';
  /** What `expect` asks for. */
  declare readonly expected?: string | number;
  /** What the bundle says in its place, proven; absent where it says nothing. */
  declare readonly actual?: string | number;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
  }
}
