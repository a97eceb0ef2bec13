// Opens a sealed bundle while it arrives.

import type { Backend } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { BundleSealError } from '../errors.ts';
import { chunkPlace } from '../format/chunks.ts';
import type { Header } from '../format/header.ts';
import { checkOptions } from '../options.ts';
import { type ByteStream, headerSource, openStream, type StreamReader } from '../sources/stream.ts';
import { untilAborted } from '../turn.ts';
import { type ChunkSource, inFlightOf, recycledRooms } from './chunk-loop.ts';
import { DECRYPT_OPTIONS, type DecryptOptions, decryptChunks } from './decrypt.ts';
import { type BundleInfo, infoOf } from './info.ts';
import { checkHeaderOptions, openHeader } from './open-header.ts';
import { outputStream } from './stream-output.ts';

/** Options of {@link decryptStream}. */
export interface DecryptStreamOptions extends DecryptOptions {
  /**
   * Called once, with the verified header, before the stream releases the first byte. If it returns a promise, the stream
   * waits for it. If it throws or rejects, the stream ends with that error.
   */
  readonly onHeader?: (info: BundleInfo) => unknown;
}

/**
 * Opens a sealed bundle while it arrives, in constant memory. The returned stream contains only bytes that the holder
 * of the private key has sealed.
 *
 * The stream releases a chunk after it has verified its tag and its digest, which the signature covers. If the input is
 * altered, cut or extended, the stream releases the chunks before the fault and then ends with an error. The bundle is
 * complete only if the stream closes without an error, so do not use any part of it earlier. The call does not compute
 * the checksum of the whole bundle, because the signature covers every chunk. A slow reader slows the source down: at
 * most eight chunks, 4 MiB in total (or two larger chunks), are in memory.
 *
 * The call cancels the source on an abort, on an error, and when the reader cancels the returned stream.
 *
 * @param source - A sealed bundle, or its body if `seal` is given, in pieces of any size.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.seal - The header, if it is stored separately from the body.
 * @param options.expect - Required metadata. `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that the call accepts. Default 1,048,576.
 * @param options.onHeader - Called with the verified header before the first byte.
 * @returns The plain bundle.
 * @throws `TypeError`, `RangeError` at once for a wrong or unknown option, which the message names, and for a source
 * that is locked or not a stream. The stream ends with the errors of {@link decryptBundle} except
 * `ERR_CHECKSUM_MISMATCH`. `ERR_SOURCE_FAILED` has the source's error as its `cause`.
 * @see docs/format.md#opening
 * @example
 * ```ts
 * import { decryptStream, encryptBundle, keygen } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { bytes } = await encryptBundle(new Uint8Array(1_000_000), { privateKey });
 *
 * const download = new Blob([bytes]).stream();
 * const opened = decryptStream(download, { publicKey });
 * console.log((await new Response(opened).blob()).size);
 * ```
 */
export function decryptStream(
  source: ByteStream,
  options: DecryptStreamOptions,
): ReadableStream<Uint8Array> {
  checkOptions('decryptStream', options, { ...DECRYPT_OPTIONS, onHeader: 'function' });
  checkHeaderOptions(options);
  const { onProgress, onHeader } = options;
  const reader = openStream(source);
  return outputStream({
    signals: [options.signal],
    release: (reason) => reader.close(reason),
    async run(sink, signal) {
      const backend = await selectBackend(options.backend);
      const opened = await openHeader(backend, headerSource(reader), { ...options, signal });
      try {
        await untilAborted(Promise.resolve(onHeader?.(infoOf(opened))), signal);
        const work = { backend, opened, signal, checksum: 'none' as const };
        await decryptChunks(
          { ...work, onProgress },
          streamedBody(backend, reader, opened.header),
          // Without `room`, the cipher allocates each chunk, and the stream can pass it on without a copy.
          { take: sink.take },
        );
        if (!(await reader.ended(signal))) throw wrongLength(opened.header, 'more');
      } finally {
        opened.secrets.sessionKey.fill(0);
      }
    },
  });
}

function streamedBody(
  backend: Backend,
  reader: StreamReader,
  { layout, ...header }: Header,
): ChunkSource {
  const inFlight = inFlightOf(layout.chunkSize);
  const room = recycledRooms(backend, inFlight);
  return {
    count: layout.count,
    inFlight,
    async read(index, signal) {
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      const bytes = room(encryptedEnd - encryptedStart);
      const got = await reader.fill(bytes, signal);
      if (got === bytes.length) return bytes;
      throw wrongLength({ layout, ...header }, encryptedStart + got);
    },
  };
}

function wrongLength({ layout: { bodyLength } }: Header, got: number | 'more'): BundleSealError {
  const isMore = got === 'more';
  return new BundleSealError(
    'ERR_LENGTH_INVALID',
    isMore
      ? `the body takes ${bodyLength} bytes, but more bytes follow: they were appended, or the seal belongs to another bundle`
      : `the body takes ${bodyLength} bytes, but the stream ended after ${got}: the download was cut, fetch it again`,
    { offset: isMore ? bodyLength : got },
  );
}
