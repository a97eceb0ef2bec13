// Opens a sealed bundle in memory.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import type { Kind } from '../format/header.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, type OptionRules, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput, sourceFrom } from '../sources/input.ts';
import { encryptedChunks, memorySink } from './chunk-loop.ts';
import { decryptChunks } from './decrypt-chunks.ts';
import { checkBody, checkHeaderOptions, type Expectations, openHeader } from './open.ts';

/** Options of {@link decryptBundle}. */
export interface DecryptOptions extends WorkOptions {
  /** The app's public key, or several while keys rotate. The header says which one to use. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The header in base64url, if it is stored separately. The input is then only the body. */
  readonly seal?: string;
  /** Required values of the signed metadata. Default: none. */
  readonly expect?: Expectations;
  /** The most chunks that the call accepts. This bounds the memory for the header. Default 1,048,576. */
  readonly maxChunks?: number;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** The options of every call that opens a whole bundle. */
export const DECRYPT_OPTIONS: OptionRules<DecryptOptions> = {
  publicKey: 'any',
  seal: 'any',
  expect: 'any',
  maxChunks: 'any',
  signal: 'signal',
  onProgress: 'function',
  backend: 'any',
};

/**
 * Opens a sealed bundle. Returns exactly the bytes that the holder of the private key has sealed, or rejects.
 *
 * The call verifies the signature, the digest and tag of every chunk, and the checksum of the whole bundle before it
 * returns. On an error it releases no byte. Memory: the result and a few MiB. It reads a `Blob` a few chunks at a time.
 *
 * @param encrypted - A sealed bundle, or its body if `seal` is given.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.seal - The header in base64url, if it is stored separately from the body.
 * @param options.expect - Required metadata. `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that the call accepts. Default 1,048,576.
 * @returns The plain bundle, in new memory.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_LENGTH_INVALID` if the input is cut or too long; `ERR_HEADER_INVALID` if it is not a sealed bundle;
 * `ERR_VERSION_UNSUPPORTED` for V1 and for versions newer than this release; `ERR_LIMIT_EXCEEDED` for more than
 * `maxChunks` chunks; `ERR_KEY_INVALID`; `ERR_KEY_MISMATCH` if the bundle was sealed for another key (`keyId`);
 * `ERR_SEAL_INVALID` if the private key did not sign the header; `ERR_EXPECTATION_FAILED` if the metadata does not
 * meet `expect`; `ERR_CHUNK_INVALID` if a chunk was altered (`chunkIndex`); `ERR_CHECKSUM_MISMATCH`;
 * `ERR_SOURCE_FAILED` if the Blob cannot be read; `ERR_BACKEND_UNAVAILABLE`.
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
    // `openHeader` has refused a source that is shorter than its header.
    const body = seal === undefined ? sourceFrom(source, headerLength) : source;
    await checkBody(opened.header, body.size);
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
