// Seals a bundle while it arrives.

import type { Backend } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { BundleSealError } from '../errors.ts';
import { SESSION_KEY_LENGTH } from '../format/chunks.ts';
import { encodeSeal } from '../format/header.ts';
import { checkOptions, shown } from '../options.ts';
import { readSigningKey } from '../seal/signing-key.ts';
import { type ByteStream, openStream, type StreamReader } from '../sources/stream.ts';
import { handledElsewhere } from '../turn.ts';
import { type ChunkSink, inFlightOf, type PlainChunkSource, recycledRooms } from './chunk-loop.ts';
import {
  ENCRYPT_OPTIONS,
  type EncryptOptions,
  encryptAndSeal,
  readSealing,
  type SealedHeader,
} from './encrypt.ts';
import { outputStream } from './stream-output.ts';

/** Options of {@link encryptStream}. */
export interface EncryptStreamOptions extends EncryptOptions {
  /**
   * The number of bytes of the source. With it, progress has a total, and the call fails with `ERR_LENGTH_INVALID` if the
   * source has another number of bytes. Default: any number.
   */
  readonly size?: number;
}

/** The two parts of a sealed bundle: the body as a stream, and promises of the values that follow from it. */
export interface EncryptedStream {
  /** The body: encrypted chunks. */
  readonly body: ReadableStream<Uint8Array>;
  /** The header in base64url. Resolves after the body has been read to its end, and rejects with the body's error. */
  readonly seal: Promise<string>;
  /** SHA-256 of the plain bundle, 64 hex characters. Resolves with the seal. */
  readonly checksum: Promise<string>;
}

/**
 * Seals a bundle while it arrives, in one pass and constant memory.
 *
 * Open the body and the seal with `decryptStream`, `decryptBundle` or `openBundle`. The body closes after the call has
 * made and verified the signature, so the seal is ready when the body closes without an error. A slow reader slows the source down: at most eight chunks, 4 MiB in total (or two larger chunks), are in
 * memory. The call cancels the source on an abort, on an error, and when the reader cancels the body.
 *
 * @param source - The bundle, in pieces of any size.
 * @param options.privateKey - PEM, DER, JWK, or a {@link Signer}.
 * @param options.metadata - Signed, but readable by anyone. Default: none.
 * @param options.chunkSize - Plain bytes in a chunk, a power of two from 4,096 to 16,777,216. Default 262,144.
 * @param options.size - The number of bytes of the source, if you know it.
 * @returns The body as a stream, and the seal as a promise that resolves at the end of the body.
 * @throws `TypeError`, `RangeError` at once for the options and the source. The body ends and the seal rejects with
 * the errors of {@link encryptBundle}; with `ERR_SOURCE_FAILED`, whose `cause` is the source's error; with
 * `ERR_LENGTH_INVALID` if `size` was wrong; and with `ERR_LIMIT_EXCEEDED` for more than 2^20 chunks.
 * @see docs/format.md
 * @example
 * ```ts
 * import { decryptStream, encryptStream, keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { body, seal } = encryptStream(new Blob(['the bytes of a zip']).stream(), { privateKey });
 * const stored = await new Response(body).blob();
 *
 * const opened = decryptStream(stored.stream(), { publicKey, seal: await seal });
 * console.log(await new Response(opened).text());
 * ```
 */
export function encryptStream(source: ByteStream, options: EncryptStreamOptions): EncryptedStream {
  checkOptions('encryptStream', options, { ...ENCRYPT_OPTIONS, size: 'any' });
  const { size: given, onProgress } = options;
  if (given !== undefined && (!Number.isSafeInteger(given) || given < 0)) {
    throw new RangeError(
      `options.size expected an integer from 0 to 2^53 - 1, got ${shown(given)}`,
    );
  }
  const size = given ?? Number.POSITIVE_INFINITY;
  const sealing = readSealing(options, given);
  const signingKey = readSigningKey(options.privateKey);
  // The body ends with the error of this promise.
  handledElsewhere(signingKey);
  const reader = openStream(source);

  let resolve: (sealed: SealedHeader) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const sealed = new Promise<SealedHeader>((onSealed, onFailed) => {
    resolve = onSealed;
    reject = onFailed;
  });
  const seal = sealed.then(({ header }) => encodeSeal(header));
  const checksum = sealed.then((header) => header.checksum);
  // The reader of the body gets the error from the body.
  for (const promise of [seal, checksum]) handledElsewhere(promise);

  const body = outputStream({
    signals: [options.signal],
    async run(sink, signal) {
      const key = await signingKey;
      const backend = await selectBackend(options.backend);
      const sessionKey = randomBytes(SESSION_KEY_LENGTH);
      try {
        const work = { ...sealing, key, backend, sessionKey, size, signal };
        const chunks = streamedBundle(backend, reader, sealing.chunkSize, size);
        const { allocateUnset } = backend;
        const room: ChunkSink['room'] = (index, length) =>
          allocateUnset?.(length) ?? sink.room(index, length);
        const filled = { room, take: sink.take };
        resolve(await encryptAndSeal({ ...work, onProgress }, chunks, filled));
      } finally {
        sessionKey.fill(0);
      }
    },
    async release(reason) {
      reject(reason);
      await reader.close(reason);
    },
  });
  return { body, seal, checksum };
}

function streamedBundle(
  backend: Backend,
  reader: StreamReader,
  chunkSize: number,
  size: number,
): PlainChunkSource {
  let last = Number.POSITIVE_INFINITY;
  let total = 0;
  const inFlight = inFlightOf(chunkSize);
  const room = recycledRooms(backend, inFlight);
  return {
    count: Number.POSITIVE_INFINITY,
    inFlight,
    isPrivate: true,
    async read(index, signal) {
      if (index > last) return undefined;
      const chunk = room(chunkSize);
      const bytes = chunk.subarray(0, await reader.fill(chunk, signal));
      total += bytes.length;
      // The nonce of the last chunk differs, so this looks ahead.
      const isLast = await reader.ended(signal);
      if (isLast) last = index;
      if (size !== Number.POSITIVE_INFINITY && (total > size || (isLast && total !== size))) {
        throw new BundleSealError(
          'ERR_LENGTH_INVALID',
          `options.size is ${size} and the stream gave ${isLast ? total : `over ${size}`} bytes: pass the real size, or leave options.size out`,
          { offset: Math.min(total, size) },
        );
      }
      return bytes;
    },
    isLast: (index) => index === last,
  };
}
