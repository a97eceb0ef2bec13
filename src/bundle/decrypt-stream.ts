// Opening a sealed bundle as it comes.

import type { Backend } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { BundleSealError } from '../errors.ts';
import { chunkPlace } from '../format/chunks.ts';
import type { Header } from '../format/header.ts';
import { checkOptions } from '../options.ts';
import { type ByteStream, headerSource, openStream, type StreamReader } from '../sources/stream.ts';
import { type ChunkSource, inFlightOf, recycledRooms } from './chunk-loop.ts';
import { DECRYPT_OPTIONS, type DecryptOptions } from './decrypt.ts';
import { decryptChunks } from './decrypt-chunks.ts';
import { type BundleInfo, infoOf } from './info.ts';
import { checkHeaderOptions, openHeader } from './open-header.ts';
import { outputStream } from './stream-output.ts';

export interface DecryptStreamOptions extends DecryptOptions {
  /**
   * Called once, when the signature and the metadata have been verified and before the first byte is
   * released: what it is told is proven. An error that it throws ends the stream.
   */
  readonly onHeader?: (info: BundleInfo) => void;
}

/**
 * Opens a sealed bundle as it comes, in constant memory: what can be read of the answer is what the private
 * key's holder sealed, and never a byte else.
 *
 * A chunk is released when its digest, which the signature covers, and its tag have been verified. An input
 * that is altered, cut or continued ends the stream with an error after the chunks before it: only a clean
 * close says that the bundle is whole, so nothing of it is to be put to use before. The checksum of the whole
 * is not computed, as the signature already covers every chunk. A slow reader holds the source back: at most
 * eight chunks and 4 MiB of them (two, where they are larger) are in memory.
 *
 * Cancelling the answer, an abort and an error cancel the source.
 *
 * @param source - A sealed bundle, or its body where `seal` is given; cut anywhere.
 * @param options.publicKey - PEM, DER or JWK; several while keys rotate.
 * @param options.seal - The header, where it travels apart from the body.
 * @param options.expect - What the metadata must say; `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that are accepted. Default 1,048,576.
 * @param options.onHeader - Told what the header says, once that is proven.
 * @throws `TypeError`, `RangeError` at once: a wrong or unknown option, by name; a source that is locked or no
 * stream. The stream ends with what {@link decryptBundle} throws, but for `ERR_CHECKSUM_MISMATCH`;
 * `ERR_SOURCE_FAILED` has the source's own error as its `cause`.
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
  checkOptions('decryptStream', options, [...DECRYPT_OPTIONS, 'onHeader']);
  checkHeaderOptions(options);
  const { onProgress, onHeader } = options;
  const reader = openStream(source);
  return outputStream({
    signal: options.signal,
    release: (reason) => reader.close(reason),
    async run(sink, signal) {
      const backend = await selectBackend(options.backend);
      const opened = await openHeader(backend, headerSource(reader), { ...options, signal });
      try {
        onHeader?.(infoOf(opened));
        const work = { backend, opened, signal, checksum: 'none' as const };
        await decryptChunks(
          { ...work, ...(onProgress && { onProgress }) },
          streamedBody(backend, reader, opened.header),
          // No room: what the cipher gives is fresh memory, and can be given on.
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
      ? `the body takes ${bodyLength} bytes and goes on after them: something follows the bundle, or the seal belongs to another one`
      : `the body takes ${bodyLength} bytes, the stream ended after ${got}: the download was cut, fetch it again`,
    { offset: isMore ? bodyLength : got },
  );
}
