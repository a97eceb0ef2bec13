// Seals a bundle in memory. Streams and files share `encryptAndSeal`: it encrypts the chunks, then signs the header, which
// contains their digests.

import type { Backend, BackendChoice, ChunkCipher } from '../backend/backend.ts';
import { reusedCopies } from '../backend/copies.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { type OwnBytes, toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import {
  type ChunkLayout,
  chunkLayout,
  chunkNonce,
  DIGEST_LENGTH,
  SESSION_KEY_LENGTH,
  TAG_LENGTH,
} from '../format/chunks.ts';
import { encodeSeal, headerLengthOf, type Kind } from '../format/header.ts';
import { CHUNK_EXPONENT, DEFAULT_CHUNK_SIZE, DEFAULT_MAX_CHUNKS } from '../format/limits.ts';
import { encodeMetadata, type Metadata } from '../format/metadata.ts';
import { modulusLength } from '../keys/rsa.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { checkOptions, type OptionRules, shown, type WorkOptions } from '../options.ts';
import { sealHeader } from '../seal/seal.ts';
import { readSigningKey, type Signer, type SigningKey } from '../seal/signing-key.ts';
import { type BundleInput, openInput, type Source } from '../sources/input.ts';
import { handledElsewhere } from '../turn.ts';
import {
  type ChunkSink,
  memorySink,
  type PlainChunkSource,
  plainChunks,
  runChunks,
} from './chunk-loop.ts';

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
 * @returns The sealed bundle, whole (`bytes`) and in its two parts (`seal`, `ciphertext`), in new memory.
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

/** The options and keys of a bundle to seal. */
export interface SealWork extends WorkOptions {
  readonly backend: Backend;
  readonly key: SigningKey;
  /** Default `'bundle'`. */
  readonly kind?: Kind;
  /** Encoded and padded by `encodeMetadata`. */
  readonly metadata: Uint8Array;
  /** A session key must encrypt one bundle only, because nonces count from 0 in each bundle. */
  readonly sessionKey: Uint8Array;
  readonly chunkSize: number;
  /** Number of plain bytes; `Infinity` if it is not known before all of them are read. */
  readonly size: number;
}

/** The values of the header that follow from the chunks. */
interface EncryptedChunks {
  readonly layout: ChunkLayout;
  /** The digests of the encrypted chunks, in order. */
  readonly digests: Uint8Array;
  /** SHA-256 of the plain bundle. */
  readonly checksum: Uint8Array;
}

/** The result of sealing in every form. */
export interface SealedHeader {
  readonly header: Uint8Array;
  readonly checksum: string;
  readonly keyId: string;
  readonly size: number;
}

/** Encrypts the chunks of `source` into `sink`, and seals their header. */
export async function encryptAndSeal(
  work: SealWork,
  source: PlainChunkSource,
  sink: ChunkSink,
): Promise<SealedHeader> {
  const { backend, key, kind = 'bundle', metadata, sessionKey, chunkSize, size, signal } = work;
  const cipher = await backend.createCipher('encrypt', sessionKey, size, chunkSize);
  let chunks: EncryptedChunks;
  try {
    chunks = await encryptChunks(work, cipher, source, sink);
  } finally {
    cipher.close();
  }
  const { layout, digests, checksum } = chunks;
  const fields = { kind, layout, metadata, digests };
  const { header, keyId } = await sealHeader(
    backend,
    key,
    fields,
    { sessionKey, checksum },
    signal,
  );
  return { header, checksum: toHex(checksum), keyId: toHex(keyId), size: layout.size };
}

async function encryptChunks(
  { backend, chunkSize, size, signal, onProgress }: SealWork,
  cipher: ChunkCipher,
  source: PlainChunkSource,
  sink: ChunkSink,
): Promise<EncryptedChunks> {
  // Hashes a bundle in one piece by one native call, in parallel with the chunks.
  const whole =
    backend.hashesWhole && source.whole !== undefined
      ? Promise.resolve(backend.sha256(source.whole))
      : undefined;
  // No code awaits this promise if a chunk fails first.
  handledElsewhere(whole);
  const hash = whole === undefined ? await backend.createHash() : undefined;
  const digests = digestTable(source.count);
  // Copies each chunk, so that the cipher and the hash get the same bytes even if other code writes to the memory of the
  // source.
  const shared = cipher.hasThread ? backend.allocateShared : undefined;
  const copies = source.isPrivate
    ? undefined
    : reusedCopies((length) => shared?.(length, false) ?? new ArrayBuffer(length));
  const rooms: Uint8Array[] = [];
  let done = 0;

  await runChunks({
    count: source.count,
    inFlight: Math.min(cipher.inFlight, source.inFlight),
    signal,
    read: (index, stop) => source.read(index, stop),
    work(index, bytes) {
      checkChunkCount(index + 1);
      const plain = copies?.copy(bytes) ?? bytes;
      const room = sink.room(index, plain.length + TAG_LENGTH);
      rooms.push(room);
      const digest = cipher.encrypt(chunkNonce(index, source.isLast(index)), plain, room);
      // Hashes the chunk after the cipher has passed it to the second thread, so that two cores work at the same time.
      hash?.update(plain);
      const keep = (value: Uint8Array) => {
        digests.set(index, value);
        copies?.giveBack(plain);
      };
      if (digest instanceof Promise) return digest.then(keep);
      keep(digest);
      return undefined;
    },
    finish() {
      const room = rooms.shift() as Uint8Array;
      done += room.length - TAG_LENGTH;
      onProgress?.({ done, total: size });
      return sink.take(room);
    },
  });
  // A resizable buffer may have shrunk during the call. The output was allocated for its first size.
  if (done !== size && size !== Number.POSITIVE_INFINITY) {
    throw new BundleSealError(
      'ERR_SOURCE_FAILED',
      `the memory of the bundle shrank from ${size} to ${done} bytes during the call: seal the bundle again`,
      { offset: done },
    );
  }
  return {
    layout: chunkLayout(done, chunkSize),
    digests: digests.first(Math.max(1, Math.ceil(done / chunkSize))),
    checksum: await (whole ?? (hash as NonNullable<typeof hash>).digest()),
  };
}

/** A table of digests by the index of their chunk that grows with the number of chunks. */
function digestTable(count: number) {
  let table = new Uint8Array(DIGEST_LENGTH * Math.min(count, 4096));
  return {
    set(index: number, digest: Uint8Array) {
      const at = DIGEST_LENGTH * index;
      if (at >= table.length) {
        const longer = new Uint8Array(2 * table.length);
        longer.set(table);
        table = longer;
      }
      table.set(digest, at);
    },
    first: (number: number) => table.subarray(0, DIGEST_LENGTH * number),
  };
}

/** @throws {@link BundleSealError} `ERR_LIMIT_EXCEEDED` if readers would refuse so many chunks. */
export function checkChunkCount(count: number): void {
  if (count <= DEFAULT_MAX_CHUNKS) return;
  throw new BundleSealError(
    'ERR_LIMIT_EXCEEDED',
    `the bundle has more than ${DEFAULT_MAX_CHUNKS} chunks, the most that readers accept: use a larger chunkSize`,
    { limit: 'maxChunks' },
  );
}
