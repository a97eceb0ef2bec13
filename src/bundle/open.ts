// Opens a bundle to read parts of it, without fetching the rest. A read goes from top to bottom through this file: the
// reader finds the chunks of a range, and its store fetches and verifies the chunks that it does not have.

import type { BackendChoice, ChunkCipher } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import { chunkPlace } from '../format/chunks.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkOptions, checkSignal, isRecord, shown } from '../options.ts';
import { type OwnSignal, whileWanted } from '../signals.ts';
import {
  type BundleInput,
  markOwn,
  openRandomAccess,
  type RandomAccessSource,
  type Source,
  sourceFrom,
} from '../sources/input.ts';
import { giveWay, untilAborted } from '../turn.ts';
import { groupedChunks, trimmed } from './chunk-loop.ts';
import { decryptChunks, provenChunk } from './decrypt.ts';
import { type BundleInfo, infoOf } from './info.ts';
import {
  checkBody,
  checkHeaderOptions,
  type Expectations,
  type OpenedHeader,
  openHeader,
} from './open-header.ts';
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
  readonly signal?: AbortSignal | undefined;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** Options of {@link BundleReader.stream}. */
export interface ReadOptions {
  /** Aborts: the stream ends with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
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
 * @returns A reader of the bundle. Close it after use: this wipes the session key.
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

/** The verified chunks of a bundle: a cache that fetches each missing chunk once, even if several reads need it. */
export interface ChunkStore {
  /**
   * Passes every chunk from `from` to before `to` to `use`, in any order. `use` must not keep the bytes.
   *
   * @param wanted - The signal of this call alone. After an error, the call aborts it to stop its other requests.
   */
  each(
    from: number,
    to: number,
    use: (index: number, plain: Uint8Array) => void,
    wanted: Pick<OwnSignal, 'signal' | 'abort'>,
  ): Promise<void>;
  /** Wipes the cached chunks. */
  clear(): void;
}

/** One request for neighbouring chunks, shared by all reads that need one of them. */
interface Fetch {
  readonly chunks: Promise<Map<number, Uint8Array>>;
  /** Stops the request when no read waits for it any more. A later read sends a new request. */
  readonly abandon: () => void;
  users: number;
}

// The most bytes of one request for neighbouring chunks, and the most requests at once for one caller.
const REQUEST_LENGTH = 4_194_304;
const REQUESTS = 4;

export function chunkStore(
  body: Source,
  opened: OpenedHeader,
  cipher: ChunkCipher,
  cacheSize: number,
): ChunkStore {
  const { layout } = opened.header;
  // May be less than 1. A request has at least one chunk.
  const perRequest = REQUEST_LENGTH / layout.chunkSize;
  const fetches = new Map<number, Fetch>();
  // Cached chunks in the order of their last use.
  const kept = new Map<number, Uint8Array>();
  let keptLength = 0;

  function keep(index: number, plain: Uint8Array): void {
    if (plain.length > cacheSize) return;
    kept.set(index, plain);
    keptLength += plain.length;
    for (const [oldest, bytes] of kept) {
      if (keptLength <= cacheSize) break;
      kept.delete(oldest);
      keptLength -= bytes.length;
    }
  }
  function useKept(index: number): Uint8Array | undefined {
    const plain = kept.get(index);
    if (plain === undefined) return undefined;
    kept.delete(index);
    kept.set(index, plain);
    return plain;
  }

  async function fetchChunks(from: number, to: number, signal: AbortSignal) {
    const start = chunkPlace(layout, from).encryptedStart;
    const end = chunkPlace(layout, to - 1).encryptedEnd;
    const bytes = await body.read(start, end, signal);
    const chunks = new Map<number, Uint8Array>();
    for (let index = from; index < to; index++) {
      const { encryptedStart, encryptedEnd } = chunkPlace(layout, index);
      const encrypted = bytes.subarray(encryptedStart - start, encryptedEnd - start);
      chunks.set(index, await provenChunk(cipher, opened, index, encrypted));
      await giveWay(signal);
    }
    return chunks;
  }
  function begin(from: number, to: number): Fetch {
    // The request has a signal of its own, because reads with other signals may wait for it too. `take` aborts it when no
    // read waits for it any more.
    const stop = new AbortController();
    const forget = () => {
      for (let index = from; index < to; index++) {
        if (fetches.get(index) === fetch) fetches.delete(index);
      }
    };
    const abandon = () => {
      forget();
      stop.abort();
    };
    const fetch: Fetch = { chunks: fetchChunks(from, to, stop.signal), abandon, users: 0 };
    for (let index = from; index < to; index++) fetches.set(index, fetch);
    const keepAll = (chunks: Map<number, Uint8Array>) => {
      forget();
      for (const [index, plain] of chunks) keep(index, plain);
    };
    fetch.chunks.then(keepAll, forget);
    return fetch;
  }
  /** Waits for a fetch that other reads may also wait for. */
  async function take(fetch: Fetch, signal: AbortSignal) {
    fetch.users += 1;
    try {
      return await untilAborted(fetch.chunks, signal);
    } finally {
      fetch.users -= 1;
      if (fetch.users === 0) fetch.abandon();
    }
  }

  return {
    async each(from, to, use, { signal, abort }) {
      let next = from;
      const lane = async () => {
        while (next < to) {
          signal.throwIfAborted();
          const index = next;
          const plain = useKept(index);
          if (plain !== undefined) {
            next += 1;
            use(index, plain);
            continue;
          }
          let end = index + 1;
          const isMissing = (i: number) => !kept.has(i) && !fetches.has(i);
          const shared = fetches.get(index);
          if (shared === undefined) {
            while (end < to && end - index < perRequest && isMissing(end)) end += 1;
          }
          next = end;
          const chunks = await take(shared ?? begin(index, end), signal);
          for (let i = index; i < end; i++) use(i, chunks.get(i) as Uint8Array);
        }
      };
      const lanes = Array.from({ length: REQUESTS }, lane);
      try {
        await Promise.all(lanes);
      } catch (error) {
        // Ends the other lanes before it throws the error.
        abort(error);
        await Promise.allSettled(lanes);
        throw error;
      }
    },
    clear() {
      for (const fetch of new Set(fetches.values())) fetch.abandon();
      for (const plain of kept.values()) plain.fill(0);
      kept.clear();
      keptLength = 0;
    },
  };
}
