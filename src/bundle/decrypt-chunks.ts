// Opens the chunks of a body in order, for memory, streams and files: docs/format.md#opening, steps 6 and 7.

import type { Backend } from '../backend/backend.ts';
import { equalBytes } from '../bytes.ts';
import { TAG_LENGTH } from '../format/chunks.ts';
import { BundleFault } from '../format/fault.ts';
import type { WorkOptions } from '../options.ts';
import { type ChunkSource, type PlainChunkSink, runChunks } from './chunk-loop.ts';
import { type OpenedHeader, provenChunk, withMessage } from './open.ts';

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
