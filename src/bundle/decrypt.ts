// Opens a sealed bundle in memory. Streams, files and readers share `decryptChunks` and `provenChunk`: steps 6 and 7 of
// docs/format.md#opening.

import type { Awaitable, Backend, BackendChoice, ChunkCipher } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { equalBytes, type OwnBytes } from '../bytes.ts';
import { chunkNonce, chunkPlace, DIGEST_LENGTH, TAG_LENGTH } from '../format/chunks.ts';
import { BundleFault } from '../format/fault.ts';
import type { Kind } from '../format/header.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, type OptionRules, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput, sourceFrom } from '../sources/input.ts';
import {
  type ChunkSource,
  encryptedChunks,
  memorySink,
  type PlainChunkSink,
  runChunks,
} from './chunk-loop.ts';
import {
  checkBody,
  checkHeaderOptions,
  type Expectations,
  type OpenedHeader,
  openHeader,
  withMessage,
} from './open-header.ts';

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

/** The options and the header of a bundle to open. */
export interface OpenWork extends WorkOptions {
  readonly backend: Backend;
  readonly opened: OpenedHeader;
  /**
   * How to compute the checksum of the whole bundle:
   * - `'running'` hashes the chunks as they arrive.
   * - Memory that the chunks fill: hashes it at the end, if the backend then needs one native call.
   * - `'none'` computes no checksum, for calls that release parts of the bundle.
   */
  readonly checksum: 'running' | 'none' | Uint8Array;
  /** Opens the chunks from `from` to before `to`. Default: all chunks. */
  readonly range?: readonly [from: number, to: number];
}

/**
 * Opens the chunks of `source` and passes them to `sink` after it has verified them.
 *
 * @throws {@link BundleSealError} `ERR_CHUNK_INVALID`, `ERR_CHECKSUM_MISMATCH`, and the errors of source and sink.
 */
export async function decryptChunks(
  { backend, opened, checksum, range, signal, onProgress }: OpenWork,
  source: ChunkSource,
  sink: PlainChunkSink,
): Promise<void> {
  const { layout } = opened.header;
  const [from, to] = range ?? [0, layout.count];
  const atOnce = checksum instanceof Uint8Array && backend.hashesWhole;
  const hash = atOnce || checksum === 'none' ? undefined : await backend.createHash();
  const plains = new Map<number, Uint8Array>();
  const total = Math.min(layout.size, to * layout.chunkSize) - from * layout.chunkSize;
  let done = 0;

  const { sessionKey } = opened.secrets;
  const cipher = await backend.createCipher('decrypt', sessionKey, total, layout.chunkSize);
  try {
    await runChunks({
      count: to - from,
      inFlight: Math.min(cipher.inFlight, source.inFlight),
      signal,
      read: (index, stop) => source.read(from + index, stop),
      work(index, encrypted) {
        const room = sink.room?.(index, encrypted.length - TAG_LENGTH);
        const keep = (plain: Uint8Array) => void plains.set(index, plain);
        const plain = provenChunk(cipher, opened, from + index, encrypted, room);
        return plain instanceof Promise ? plain.then(keep) : keep(plain);
      },
      finish(index) {
        const plain = plains.get(index) as Uint8Array;
        plains.delete(index);
        hash?.update(plain);
        done += plain.length;
        onProgress?.({ done, total });
        return sink.take(plain);
      },
    });
  } finally {
    cipher.close();
  }
  if (checksum === 'none') return;
  const actual = atOnce ? await backend.sha256(checksum) : hash?.digest();
  signal?.throwIfAborted();
  if (actual === undefined || !equalBytes(actual, opened.secrets.checksum)) {
    throw await withMessage(new BundleFault('ERR_CHECKSUM_MISMATCH', 'checksum', {}));
  }
}

/**
 * Opens one chunk: step 6 of docs/format.md#opening. Returns its plain bytes, in `room` if it is given.
 *
 * @throws {@link BundleSealError} `ERR_CHUNK_INVALID` if the bytes differ from the sealed chunk.
 */
export function provenChunk(
  cipher: ChunkCipher,
  { header: { layout }, parts }: OpenedHeader,
  index: number,
  encrypted: Uint8Array,
  room?: Uint8Array,
): Awaitable<Uint8Array> {
  const digest = parts.digests.subarray(DIGEST_LENGTH * index, DIGEST_LENGTH * (index + 1));
  const nonce = chunkNonce(index, index === layout.count - 1);
  const genuine = cipher.decrypt(nonce, encrypted, digest, room);
  const check = (plain: Uint8Array | undefined): Awaitable<Uint8Array> => {
    if (plain !== undefined) return plain;
    const offset = chunkPlace(layout, index).encryptedStart;
    const fault = new BundleFault('ERR_CHUNK_INVALID', 'chunk', { chunkIndex: index, offset });
    return withMessage(fault).then((error) => {
      throw error;
    });
  };
  return genuine instanceof Promise ? genuine.then(check) : check(genuine);
}
