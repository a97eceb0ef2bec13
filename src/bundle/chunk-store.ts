// A cache of verified chunks by their index. It fetches each chunk once, even if several reads need it at the same time.

import type { ChunkCipher } from '../backend/backend.ts';
import { chunkPlace } from '../format/chunks.ts';
import type { OwnSignal } from '../signals.ts';
import type { Source } from '../sources/input.ts';
import { giveWay, untilAborted } from '../turn.ts';
import { type OpenedHeader, provenChunk } from './open.ts';

/** The verified chunks of a bundle, fetched on demand. */
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
