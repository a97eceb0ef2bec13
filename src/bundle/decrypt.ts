// Opening a sealed bundle in memory.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import { checkBodyLength, type Kind } from '../format/header.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput, sourceFrom } from '../sources/input.ts';
import { encryptedChunks, memorySink } from './chunk-loop.ts';
import { decryptChunks } from './decrypt-chunks.ts';
import { checkHeaderOptions, type Expectations, openHeader } from './open-header.ts';

export interface DecryptOptions extends WorkOptions {
  /** The app's public key; several while keys rotate: the header says which one is meant. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The header in base64url, where it travels apart: then the input is the body alone. */
  readonly seal?: string;
  /** What the bundle must say of itself. Default: nothing is asked. */
  readonly expect?: Expectations;
  /** The most chunks that are accepted, which bounds the header's memory. Default 1,048,576. */
  readonly maxChunks?: number;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** What everything that opens a whole bundle takes. */
export const DECRYPT_OPTIONS: readonly string[] = [
  'publicKey',
  'seal',
  'expect',
  'maxChunks',
  'signal',
  'onProgress',
  'backend',
];

/**
 * Opens a sealed bundle: returns exactly the bytes that the private key's holder sealed, or throws.
 *
 * Before it returns, the signature, every chunk's digest and tag, and the checksum of the whole have been
 * verified; on any error nothing is returned. Memory: the result and some MiB; of a `Blob` only some chunks
 * at a time are in memory.
 *
 * @param encrypted - A sealed bundle, or its body where `seal` is given.
 * @param options.publicKey - PEM, DER or JWK; several while keys rotate.
 * @param options.seal - The header in base64url, for a body that travels apart from it.
 * @param options.expect - What the metadata must say; `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that are accepted. Default 1,048,576.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_LENGTH_INVALID`: cut, or too long; `ERR_HEADER_INVALID`: not a sealed bundle; `ERR_VERSION_UNSUPPORTED`:
 * V1, or newer than this release; `ERR_LIMIT_EXCEEDED`: over `maxChunks`; `ERR_KEY_INVALID`; `ERR_KEY_MISMATCH`:
 * sealed for another key, `keyId` says which; `ERR_SEAL_INVALID`: not signed by the private key;
 * `ERR_EXPECTATION_FAILED`; `ERR_CHUNK_INVALID`: altered, `chunkIndex` says where; `ERR_CHECKSUM_MISMATCH`;
 * `ERR_SOURCE_FAILED`: the Blob could not be read; `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/format.md#opening
 * @example
 * ```ts
 * import { decryptBundle, encryptBundle, keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const sealed = await encryptBundle(new TextEncoder().encode('zip'), { privateKey });
 * const whole = await decryptBundle(sealed.bytes, { publicKey });
 * const apart = await decryptBundle(sealed.ciphertext, { publicKey, seal: sealed.seal });
 * ```
 */
export async function decryptBundle(
  encrypted: BundleInput,
  options: DecryptOptions,
): Promise<OwnBytes> {
  checkOptions('decryptBundle', options, DECRYPT_OPTIONS);
  return decryptObject(encrypted, options, 'bundle');
}

/** Opens a sealed object of this kind: see {@link decryptBundle}. */
export async function decryptObject(
  encrypted: BundleInput,
  options: DecryptOptions,
  kind: Kind,
): Promise<OwnBytes> {
  checkHeaderOptions(options);
  const { signal, seal } = options;
  const source = openInput(encrypted, 'encrypted');
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const opened = await openHeader(backend, source, { ...options, kind });
  try {
    const { layout, headerLength } = opened.header;
    // A source shorter than its header was refused with it.
    const body = seal === undefined ? sourceFrom(source, headerLength) : source;
    checkBodyLength(opened.header, body.size);
    const bundle = new Uint8Array(layout.size);
    try {
      const chunks = encryptedChunks(body, layout);
      const work = { ...options, backend, opened, checksum: bundle };
      await decryptChunks(work, chunks, memorySink(bundle));
      return bundle;
    } catch (error) {
      bundle.fill(0);
      throw error;
    }
  } finally {
    opened.secrets.sessionKey.fill(0);
  }
}
