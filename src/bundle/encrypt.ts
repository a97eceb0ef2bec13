// Sealing a bundle in memory.

import type { Backend, BackendChoice, ChunkCipher } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { concat, toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { type ChunkLayout, chunkLayout, chunkNonce, chunkPlace } from '../format/chunks.ts';
import { DIGEST_LENGTH, encodeHead, headerLengthOf } from '../format/header.ts';
import { encodeMetadata, type Metadata } from '../format/metadata.ts';
import { keyDigest } from '../keys/identity.ts';
import { type PrivateKeyInput, parsePrivateKey, parsePublicKey } from '../keys/parse.ts';
import { modulusLength } from '../keys/rsa.ts';
import { CHUNK_EXPONENT, DEFAULT_CHUNK_SIZE, DEFAULT_MAX_CHUNKS } from '../limits.ts';
import { checkOptions, describe, shown, type WorkOptions } from '../options.ts';
import { type SigningKey, signSeal } from '../seal/seal.ts';
import { isSigner, type Signer } from '../seal/signer.ts';
import { untilAborted } from '../turn.ts';
import { type BundleInput, openInput, type Source } from './input.ts';
import { encodeSeal } from './open.ts';
import { runChunks } from './pipeline.ts';

export interface EncryptOptions extends WorkOptions {
  /** The publisher's private key, or a {@link Signer} that holds it elsewhere. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** Signed, readable by anyone. Default none. */
  readonly metadata?: Metadata;
  /** Plain bytes in a chunk: a power of two from 4,096 to 16,777,216. Default 262,144. */
  readonly chunkSize?: number;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A sealed bundle, whole and in its two parts. */
export interface EncryptedBundle {
  /** The self-contained sealed bundle: header and body. */
  readonly bytes: Uint8Array;
  /** The header alone, base64url: for a body that is stored or sent apart from it. */
  readonly seal: string;
  /** The body alone: a view into `bytes`. */
  readonly ciphertext: Uint8Array;
  /** SHA-256 of the plain bundle: 64 hex characters, as `sha256sum` prints it. */
  readonly checksum: string;
  /** Id of the key that opens it: 64 hex characters. */
  readonly keyId: string;
  /** Bytes of the plain bundle. */
  readonly size: number;
}

/**
 * Seals a bundle: only the public key opens it, and only the private key can have made it.
 *
 * Each call draws a fresh session key. The signature is verified before anything is returned. Memory:
 * the result (0.02 % larger than the bundle) and some MiB; bundles from 32 MiB use a second thread on Node.
 *
 * @param bundle - Any bytes; in practice the zip of a web app's build.
 * @param options.privateKey - PEM, DER, JWK, or a {@link Signer}.
 * @param options.metadata - Signed, readable by anyone. Default none.
 * @param options.chunkSize - Plain bytes in a chunk, a power of two from 4,096 to 16,777,216. Default 262,144.
 * @throws `TypeError`, `RangeError`: a wrong or unknown option, by name. {@link BundleSealError}
 * `ERR_KEY_INVALID`: not an RSA private key that this format takes; `ERR_SIGNER_FAILED`: the signer failed
 * or signed something else; `ERR_LIMIT_EXCEEDED`: over 2^20 chunks; `ERR_SOURCE_FAILED`: the Blob could not
 * be read; `ERR_BACKEND_UNAVAILABLE`.
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
  checkOptions('encryptBundle', options, [
    'privateKey',
    'metadata',
    'chunkSize',
    'signal',
    'onProgress',
    'backend',
  ]);
  const source = openInput(bundle, 'bundle');
  const layout = readLayout(source.size, options.chunkSize);
  const metadata = encodeMetadata(options.metadata);
  options.signal?.throwIfAborted();
  const key = readSigningKey(options.privateKey);
  const backend = await selectBackend(options.backend);
  const sessionKey = randomBytes(DIGEST_LENGTH);
  try {
    return await sealSource(backend, source, layout, { ...options, key, metadata, sessionKey });
  } finally {
    sessionKey.fill(0);
  }
}

export function readSigningKey(input: PrivateKeyInput | Signer): SigningKey {
  if (!isSigner(input)) {
    const privateKey = parsePrivateKey(input);
    return { privateKey, publicKey: privateKey };
  }
  if (typeof input.sign !== 'function') {
    throw new TypeError(`privateKey.sign expected a function, got ${describe(input.sign)}`);
  }
  return { signer: input, publicKey: parsePublicKey(input.publicKey, 'privateKey.publicKey') };
}

function readLayout(size: number, chunkSize: number = DEFAULT_CHUNK_SIZE): ChunkLayout {
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
  const layout = chunkLayout(size, chunkSize);
  if (layout.count > DEFAULT_MAX_CHUNKS) {
    throw new BundleSealError(
      'ERR_LIMIT_EXCEEDED',
      `${size} bytes make ${layout.count} chunks, more than the ${DEFAULT_MAX_CHUNKS} that a reader takes: use a larger chunkSize`,
    );
  }
  return layout;
}

/** What {@link encryptBundle} has made of its options. */
export interface SealWork extends WorkOptions {
  readonly key: SigningKey;
  readonly metadata: Uint8Array;
  /** For this bundle and no other. */
  readonly sessionKey: Uint8Array;
}

export async function sealSource(
  backend: Backend,
  source: Source,
  layout: ChunkLayout,
  { key, metadata, sessionKey, signal, onProgress }: SealWork,
): Promise<EncryptedBundle> {
  const signatureLength = modulusLength(key.publicKey);
  const headerLength = headerLengthOf(layout, metadata.length, signatureLength);
  // The one large allocation: fresh memory costs more than the cipher.
  const bytes = new Uint8Array(headerLength + layout.bodyLength);
  const ciphertext = bytes.subarray(headerLength);
  const digests = new Uint8Array(DIGEST_LENGTH * layout.count);

  const cipher = await backend.createCipher('seal', sessionKey, layout.size, layout.chunkSize);
  let checksum: Uint8Array;
  try {
    checksum = await encryptChunks(backend, cipher, source, layout, ciphertext, digests, {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  } finally {
    cipher.close();
  }

  const id = await keyDigest(backend, key.publicKey);
  const head = encodeHead({ layout, keyId: id, signatureLength, metadata, digests });
  const headDigest = await backend.sha256(head);
  const signing = signSeal(backend, key, { sessionKey, checksum }, headDigest);
  const signature = await untilAborted(signing, signal);
  signal?.throwIfAborted();
  const header = concat(head, signature);
  bytes.set(header);
  return {
    bytes,
    seal: encodeSeal(header),
    ciphertext,
    checksum: toHex(checksum),
    keyId: toHex(id),
    size: layout.size,
  };
}

/** Fills `out` and `digests`; answers with the checksum of what was read. */
async function encryptChunks(
  backend: Backend,
  cipher: ChunkCipher,
  source: Source,
  layout: ChunkLayout,
  out: Uint8Array,
  digests: Uint8Array,
  { signal, onProgress }: WorkOptions,
): Promise<Uint8Array> {
  // Native and in one piece where it can be, and then at the same time as the chunks.
  const whole =
    backend.hashesWhole && source.bytes !== undefined
      ? Promise.resolve(backend.sha256(source.bytes))
      : undefined;
  // A chunk's error may come first; this one's is then of no interest.
  whole?.catch(() => {});
  const hash = whole === undefined ? await backend.createHash() : undefined;
  const total = layout.size;

  await runChunks({
    count: layout.count,
    // A hash takes its chunks in order, so a source that answers later is read one chunk at a time.
    inFlight: source.bytes === undefined ? 1 : cipher.inFlight,
    signal,
    read(index, stop) {
      const { plainStart, plainEnd } = chunkPlace(layout, index);
      return source.read(plainStart, plainEnd, stop);
    },
    work(index, plain) {
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      const chunk = out.subarray(encryptedStart, encryptedEnd);
      const digest = cipher.seal(chunkNonce(layout, index), plain, chunk);
      // After the chunk was handed over, so that both are under way at once where there are two cores.
      hash?.update(plain);
      const keep = (value: Uint8Array) => digests.set(value, DIGEST_LENGTH * index);
      return digest instanceof Promise ? digest.then(keep) : keep(digest);
    },
    finish: (index) => onProgress?.({ done: chunkPlace(layout, index).plainEnd, total }),
  });
  return whole ?? (hash as NonNullable<typeof hash>).digest();
}
