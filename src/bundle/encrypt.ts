// Seals a bundle in memory.

import type { BackendChoice } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import { chunkLayout, SESSION_KEY_LENGTH } from '../format/chunks.ts';
import { encodeSeal, headerLengthOf, type Kind } from '../format/header.ts';
import { encodeMetadata, type Metadata } from '../format/metadata.ts';
import { modulusLength } from '../keys/rsa.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { CHUNK_EXPONENT, DEFAULT_CHUNK_SIZE } from '../limits.ts';
import { checkOptions, type OptionRules, shown, type WorkOptions } from '../options.ts';
import { readSigningKey, type Signer } from '../seal/signing-key.ts';
import { type BundleInput, openInput, type Source } from '../sources/input.ts';
import { memorySink, plainChunks } from './chunk-loop.ts';
import { checkChunkCount, encryptAndSeal, type SealWork } from './encrypt-chunks.ts';

/** Options of {@link encryptBundle}. */
export interface EncryptOptions extends WorkOptions {
  /** The publisher's private key, or a {@link Signer} for a key outside this process. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** Facts about the bundle: signed, but readable by anyone. Default: none. */
  readonly metadata?: Metadata;
  /** Plain bytes in a chunk: a power of two from 4,096 to 16,777,216. Default 262,144. */
  readonly chunkSize?: number;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** The options of every call that seals. */
export const ENCRYPT_OPTIONS: OptionRules<EncryptOptions> = {
  privateKey: 'any',
  metadata: 'any',
  chunkSize: 'any',
  signal: 'signal',
  onProgress: 'function',
  backend: 'any',
};

/** A sealed bundle, whole and in its two parts. */
export interface EncryptedBundle {
  /** The complete sealed bundle: header and body. */
  readonly bytes: OwnBytes;
  /** The header only, in base64url, for a body that is stored separately. */
  readonly seal: string;
  /** The body only: a view into `bytes`. */
  readonly ciphertext: OwnBytes;
  /** SHA-256 of the plain bundle: 64 hex characters, as `sha256sum` prints it. */
  readonly checksum: string;
  /** Id of the key pair: 64 hex characters. The public key with this id opens the bundle. */
  readonly keyId: string;
  /** Bytes of the plain bundle. */
  readonly size: number;
}

/**
 * Seals a bundle. Only holders of the public key can open it, and only the holder of the private key can make it.
 *
 * Each call uses a fresh random session key. The call verifies the signature before it returns. Memory: the result
 * (0.02 % larger than the bundle) and a few MiB. On Node, bundles of 32 MiB and more use a second thread.
 *
 * @param bundle - Any bytes, usually the zip of a web app's build.
 * @param options.privateKey - PEM, DER, JWK, or a {@link Signer}.
 * @param options.metadata - Signed, but readable by anyone. Default: none.
 * @param options.chunkSize - Plain bytes in a chunk, a power of two from 4,096 to 16,777,216. Default 262,144.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_KEY_INVALID` if the key is not an RSA private key that the format accepts; `ERR_SIGNER_FAILED` if the signer
 * fails or returns another signature; `ERR_LIMIT_EXCEEDED` for more than 2^20 chunks;
 * `ERR_SOURCE_FAILED` if the Blob cannot be read, or memory became shorter during the call;
 * `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/format.md
 * @example
 * ```ts
 * import { encryptBundle, keygen } from 'bundleseal';
 *
 * const { privateKey } = await keygen();
 * const zip = new TextEncoder().encode('the bytes of a zip');
 * const { bytes, checksum } = await encryptBundle(zip, {
 *   privateKey,
 *   metadata: { appId: 'com.example.app', version: '1.2.3', sequence: 7 },
 * });
 * ```
 */
export async function encryptBundle(
  bundle: BundleInput,
  options: EncryptOptions,
): Promise<EncryptedBundle> {
  checkOptions('encryptBundle', options, ENCRYPT_OPTIONS);
  return encryptObject(bundle, options, 'bundle');
}

/** Seals an object of this kind: see {@link encryptBundle}. */
export async function encryptObject(
  bundle: BundleInput,
  options: EncryptOptions,
  kind: Kind,
): Promise<EncryptedBundle> {
  const source = openInput(bundle, 'bundle');
  const sealing = {
    ...readSealing(options, source.size),
    key: await readSigningKey(options.privateKey),
  };
  options.signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const sessionKey = randomBytes(SESSION_KEY_LENGTH);
  try {
    return await sealBundle(source, { ...options, ...sealing, kind, backend, sessionKey });
  } finally {
    sessionKey.fill(0);
  }
}

/** The options of a call that seals, checked and without the key. */
export type Sealing = Pick<SealWork, 'metadata' | 'chunkSize'>;

/**
 * Checks the options of a call that seals. `readSigningKey` reads the key, because that is asynchronous.
 *
 * @param size - Plain bytes of the bundle, if they are known.
 */
export function readSealing(options: EncryptOptions, size?: number): Sealing {
  return {
    chunkSize: readChunkSize(options.chunkSize, size),
    metadata: encodeMetadata(options.metadata),
  };
}

/**
 * Checks the chunk size, and if the size of the bundle is known, that readers accept the number of chunks.
 */
function readChunkSize(chunkSize: number = DEFAULT_CHUNK_SIZE, size: number = 0): number {
  const exponent = Math.log2(chunkSize);
  if (
    typeof chunkSize !== 'number' ||
    !Number.isInteger(exponent) ||
    exponent < CHUNK_EXPONENT.min ||
    exponent > CHUNK_EXPONENT.max
  ) {
    throw new RangeError(
      `options.chunkSize expected a power of two from ${2 ** CHUNK_EXPONENT.min} to ${2 ** CHUNK_EXPONENT.max}, got ${shown(chunkSize)}`,
    );
  }
  checkChunkCount(chunkLayout(size, chunkSize).count);
  return chunkSize;
}

/** The arguments of {@link sealBundle} beside its {@link Source}. */
export type BundleWork = Omit<SealWork, 'size'>;

/** Seals a bundle and returns the result in memory. */
export async function sealBundle(source: Source, work: BundleWork): Promise<EncryptedBundle> {
  const { backend, key, metadata, chunkSize } = work;
  const layout = chunkLayout(source.size, chunkSize);
  const headerLength = headerLengthOf(layout, metadata.length, modulusLength(key.publicKey));
  // The only large allocation: to allocate memory takes longer than to encrypt as many bytes.
  const bytes = new Uint8Array(headerLength + layout.bodyLength);
  const ciphertext = bytes.subarray(headerLength);
  const copy = backend.hashesWhole ? copyAtEnd(source, ciphertext) : undefined;
  const { header, ...about } = await encryptAndSeal(
    { ...work, size: source.size },
    plainChunks(copy ?? source, layout, copy?.bytes),
    memorySink(ciphertext),
  );
  bytes.set(header);
  return { bytes, seal: encodeSeal(header), ciphertext, ...about };
}

/**
 * Copies a bundle in memory to the end of the memory for its body. Then one call can hash it, and no other code can write
 * to it. The chunks are encrypted in place: in a body of n chunks, encrypted chunk i ends 16 (n - 1 - i) bytes before
 * plain chunk i + 1 begins.
 */
function copyAtEnd({ bytes }: Source, body: Uint8Array): Source | undefined {
  if (bytes === undefined) return undefined;
  const copy = body.subarray(body.length - bytes.length);
  copy.set(bytes);
  return openInput(copy, 'bundle');
}
