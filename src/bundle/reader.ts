// Reads parts of a sealed bundle without fetching the rest.

import type { BackendChoice, ChunkCipher } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import { type ChunkLayout, chunkPlace } from '../format/chunks.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, checkSignal, isRecord, shown } from '../options.ts';
import { whileWanted } from '../signals.ts';
import {
  type BundleInput,
  markOwn,
  openRandomAccess,
  type RandomAccessSource,
  type Source,
  sourceFrom,
} from '../sources/input.ts';
import { handledElsewhere } from '../turn.ts';
import { type ChunkSource, inFlightOf, type PlainChunkSink } from './chunk-loop.ts';
import { chunkStore } from './chunk-store.ts';
import { decryptChunks } from './decrypt-chunks.ts';
import { type BundleInfo, infoOf } from './info.ts';
import { checkBody, checkHeaderOptions, type Expectations, openHeader } from './open.ts';
import { outputStream } from './stream-output.ts';

/** Options of {@link openBundle}. */
export interface OpenOptions {
  /** The app's public key, or several while keys rotate. The header says which one to use. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The header in base64url, if it is stored separately. The source is then only the body. */
  readonly seal?: string;
  /** Required values of the signed metadata. Default: none. */
  readonly expect?: Expectations;
  /** The most chunks that the call accepts. This bounds the memory for the header. Default 1,048,576. */
  readonly maxChunks?: number;
  /** Size of the cache of opened chunks, in bytes. Default 4,194,304; 0 turns the cache off. */
  readonly cacheSize?: number;
  /** Aborts the opening. Later reads take a signal of their own. */
  readonly signal?: AbortSignal;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** Options of {@link BundleReader.stream}. */
export interface ReadOptions {
  /** Aborts: the stream ends with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads parts of an opened bundle. It returns only verified bytes, even if its source is hostile. It is a source itself:
 * `openZip` reads single files of a sealed zip from it.
 */
export interface BundleReader extends RandomAccessSource {
  /** The content of the header, verified by its signature. */
  readonly info: BundleInfo;
  /** Bytes of the plain bundle. */
  readonly size: number;
  /**
   * Reads the plain bytes from `offset` to `offset + length`, or to the end of the bundle if that comes first. Returns
   * them in new memory.
   *
   * It fetches only the chunks of this range, neighbouring chunks in one request of at most 4 MiB (or one larger chunk),
   * and at most four requests at a time. It fetches a chunk once if several reads need it at the same time.
   *
   * @param signal - Aborts this read: it rejects with the signal's reason. Also accepts `{ signal }`, like `stream`.
   */
  read(offset: number, length: number, signal?: AbortSignal | ReadOptions): Promise<OwnBytes>;
  /**
   * Streams the plain bytes from `offset` to `offset + length`, in constant memory. Default: the whole bundle.
   */
  stream(offset?: number, length?: number, options?: ReadOptions): ReadableStream<Uint8Array>;
  /**
   * Wipes the session key and the cached chunks, and stops reads in progress. It does not close the source, which
   * belongs to the caller.
   */
  close(): void;
}

const DEFAULT_CACHE_SIZE = 4_194_304;

/**
 * Opens a sealed bundle to read any part of it. Verifies the header before it returns, and each chunk before it releases
 * bytes of the chunk.
 *
 * Memory: the header (32 bytes for each chunk), `cacheSize`, and the chunks in progress. The reader does not compute the
 * checksum of the whole bundle, because the signature covers every chunk.
 *
 * @param source - A sealed bundle, or its body if `seal` is given: bytes, a `Blob`, or a {@link RandomAccessSource}
 * such as the result of `httpSource`.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.seal - The header, if it is stored separately from the body.
 * @param options.expect - Required metadata. `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that the call accepts. Default 1,048,576.
 * @param options.cacheSize - Size of the cache of opened chunks, in bytes. Default 4,194,304.
 * @throws The errors of {@link decryptBundle} for the options, the key, the header and the length of the body. Reads
 * reject with `ERR_CHUNK_INVALID` (`chunkIndex`), with `ERR_SOURCE_FAILED`, and with `RangeError` or `TypeError` for
 * an invalid range or after `close()`.
 * @see docs/format.md#opening
 * @example
 * ```ts
 * import { encryptBundle, keygen, openBundle } from 'bundleseal';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { bytes } = await encryptBundle(new Uint8Array(1_000_000), { privateKey });
 * const reader = await openBundle(new Blob([bytes]), { publicKey });
 * console.log(reader.size, await reader.read(999_990, 10));
 * reader.close();
 * ```
 */
export async function openBundle(
  source: BundleInput | RandomAccessSource,
  options: OpenOptions,
): Promise<BundleReader> {
  checkOptions('openBundle', options, {
    publicKey: 'any',
    seal: 'any',
    expect: 'any',
    maxChunks: 'any',
    cacheSize: 'any',
    signal: 'signal',
    backend: 'any',
  });
  checkHeaderOptions(options);
  const { cacheSize = DEFAULT_CACHE_SIZE, signal } = options;
  if (!Number.isSafeInteger(cacheSize) || cacheSize < 0) {
    throw new RangeError(
      `options.cacheSize expected an integer from 0 to 2^53 - 1, got ${shown(cacheSize)}`,
    );
  }
  const input = openRandomAccess(source, 'source', true);
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const opened = await openHeader(backend, input, options);
  const { sessionKey } = opened.secrets;
  const { layout, headerLength } = opened.header;
  const body = options.seal === undefined ? sourceFrom(input, headerLength) : input;
  let cipher: ChunkCipher;
  try {
    await checkBody(opened.header, body.size);
    signal?.throwIfAborted();
    // This cipher opens single chunks. A stream has a cipher of its own, which may use a thread.
    const { chunkSize } = layout;
    cipher = await backend.createCipher('decrypt', sessionKey, chunkSize, chunkSize);
  } catch (error) {
    sessionKey.fill(0);
    throw error;
  }
  const store = chunkStore(body, opened, cipher, cacheSize);
  const closing = new AbortController();

  /** Cuts the range at the end of the bundle, and finds the chunks that contain it. */
  function rangeOf(offset: number, length: number) {
    if (closing.signal.aborted) throw closing.signal.reason;
    checkIndex('offset', offset);
    checkIndex('length', length);
    const start = Math.min(offset, layout.size);
    const end = Math.min(offset + length, layout.size);
    const from = Math.floor(start / layout.chunkSize);
    const to = end === start ? from : Math.ceil(end / layout.chunkSize);
    return { start, end, from, to };
  }

  return markOwn<BundleReader>({
    info: infoOf(opened),
    size: layout.size,
    async read(offset, length, aborting) {
      const own = signalOf(aborting);
      const { start, end, from, to } = rangeOf(offset, length);
      const bytes = new Uint8Array(end - start);
      const copy = (index: number, plain: Uint8Array) => {
        const { plainStart } = chunkPlace(layout, index);
        const part = plain.subarray(Math.max(0, start - plainStart), end - plainStart);
        bytes.set(part, Math.max(0, plainStart - start));
      };
      await whileWanted([closing.signal, own], (wanted, abort) =>
        store.each(from, to, copy, { signal: wanted, abort }),
      );
      return bytes;
    },
    stream(offset = 0, length = layout.size, readOptions = {}) {
      checkOptions('stream', readOptions, { signal: 'signal' });
      const { start, end, from, to } = rangeOf(offset, length);
      return outputStream({
        signals: [closing.signal, readOptions.signal],
        async run(sink, streamSignal) {
          const chunks = groupedChunks(body, layout, to);
          const part = trimmed(sink, start - from * layout.chunkSize, end - start);
          const work = { backend, opened, range: [from, to], signal: streamSignal } as const;
          await decryptChunks({ ...work, checksum: 'none' }, chunks, part);
        },
      });
    },
    close() {
      if (closing.signal.aborted) return;
      closing.abort(new TypeError('the reader is closed: open the bundle again'));
      cipher.close();
      store.clear();
      sessionKey.fill(0);
    },
  });
}

/** Returns the signal of a read. Callers pass it as the argument or in an options object. */
function signalOf(given: AbortSignal | ReadOptions | undefined): AbortSignal | undefined {
  // A polyfilled signal may be a plain object.
  if (!isRecord(given) || 'throwIfAborted' in (given as object)) {
    checkSignal(given);
    return given as AbortSignal | undefined;
  }
  const options = given as ReadOptions;
  checkOptions('read', options, { signal: 'signal' });
  return options.signal;
}

function checkIndex(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new RangeError(`${name} expected an integer from 0 to 2^53 - 1, got ${shown(value)}`);
}

/**
 * Makes a source of the chunks before `to`. It fetches them in groups, the next group while the loop processes the
 * current one.
 */
function groupedChunks(body: Source, layout: ChunkLayout, to: number): ChunkSource {
  const perGroup = Math.ceil(inFlightOf(layout.chunkSize) / 2);
  let group: { from: number; bytes: Promise<Uint8Array> } | undefined;
  let next: typeof group;
  const fetch = (from: number, signal?: AbortSignal): typeof group => {
    if (from >= to) return undefined;
    const start = chunkPlace(layout, from).encryptedStart;
    const end = chunkPlace(layout, Math.min(to, from + perGroup) - 1).encryptedEnd;
    const bytes = Promise.resolve(body.read(start, end, signal));
    // Another error may end the loop before `read` awaits this promise.
    handledElsewhere(bytes);
    return { from, bytes };
  };
  return {
    count: layout.count,
    inFlight: perGroup,
    async read(index, signal) {
      if (group === undefined || index >= group.from + perGroup) {
        group = next ?? fetch(index, signal);
        next = fetch(index + perGroup, signal);
      }
      const { from, bytes } = group as NonNullable<typeof group>;
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      const start = chunkPlace(layout, from).encryptedStart;
      return (await bytes).subarray(encryptedStart - start, encryptedEnd - start);
    },
  };
}

/** Makes a sink that skips the first `skip` bytes, and passes the next `length` bytes to `sink`. */
function trimmed(sink: PlainChunkSink, skip: number, length: number): PlainChunkSink {
  let toSkip = skip;
  let left = length;
  return {
    take(bytes) {
      const part = bytes.subarray(toSkip, toSkip + left);
      toSkip = 0;
      left -= part.length;
      return sink.take(part);
    },
  };
}
