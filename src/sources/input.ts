// Whatever callers pass in to be read by ranges, as the library reads it: memory, a Blob, or a source of their own.

import type { Awaitable } from '../backend/backend.ts';
import { brandOf, bytesIn, isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkSize, describe } from '../options.ts';
import { untilAborted } from '../turn.ts';

/**
 * Bytes in memory, or a `Blob` (also a `File`), which is read in slices. A view may start anywhere and lie in a pool
 * or in shared memory. It is never altered, and no result shares its memory. Each byte is read once: bytes that
 * change during a call are refused, or sealed as they were read; opened bytes are always those that were signed.
 */
export type BundleInput = Uint8Array | ArrayBuffer | Blob;

/**
 * A source of bytes that can be read by ranges. `httpSource` and `fileSource` make one, and you can write one for
 * your own storage. `read` may be called while an earlier call is in progress.
 */
export interface RandomAccessSource {
  /** The number of bytes. It does not change while the source is in use. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`; the range is within the size. The returned memory must not be written
   * to afterwards.
   *
   * @param signal - Aborted when the bytes are no longer wanted.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

export interface Source {
  /** Bytes in all. */
  readonly size: number;
  /** All bytes, if they are in memory in one piece. */
  readonly bytes?: Uint8Array;
  /** Whether a further read costs no request and is not waited for. */
  readonly isLocal?: boolean;
  /** Bytes from `start` to `end`, which are within the size. */
  read(start: number, end: number, signal?: AbortSignal): Awaitable<Uint8Array>;
  /** The start that was read already, and the bytes up to `end` after it, if that saves a copy. */
  readAfter?(before: Uint8Array, end: number, signal?: AbortSignal): Promise<Uint8Array>;
}

export function openInput(input: BundleInput, name: string): Source {
  const bytes = bytesIn(input);
  if (bytes !== undefined) return memorySource(bytes);
  if (isBlob(input)) return blobSource(input, name);
  throw new TypeError(`${name} expected a Uint8Array, ArrayBuffer or Blob, got ${describe(input)}`);
}

/** A File counts as well. In Cloudflare Workers with a compatibility date before 2024-09-26 it has no brand. */
export function isBlob(value: unknown): value is Blob {
  return (
    /^(Blob|File)$/.test(brandOf(value)) || (typeof Blob === 'function' && value instanceof Blob)
  );
}

function memorySource(bytes: Uint8Array): Source {
  return {
    size: bytes.length,
    isLocal: true,
    bytes,
    read: (start, end) => bytes.subarray(start, end),
  };
}

function blobSource(blob: Blob, name: string): Source {
  return {
    // Anything may carry the brand.
    size: checkSize(blob.size, name),
    isLocal: true,
    async read(start, end, signal) {
      const work = async () => new Uint8Array(await blob.slice(start, end).arrayBuffer());
      const failed = (what: string, cause?: unknown) =>
        new BundleSealError(
          'ERR_SOURCE_FAILED',
          `the Blob ${what}: if it is a file, it was changed or removed meanwhile`,
          { offset: start, cause },
        );
      let bytes: Uint8Array;
      try {
        bytes = await untilAborted(work(), signal);
      } catch (cause) {
        signal?.throwIfAborted();
        throw failed('could not be read', cause);
      }
      if (bytes.length === end - start) return bytes;
      throw failed(`gave ${bytes.length} bytes where ${end - start} were asked for`);
    },
  };
}

/** A part of a source, as a source. */
export function sourceFrom(source: Source, offset: number): Source {
  return {
    size: source.size - offset,
    ...(source.bytes === undefined ? {} : { bytes: source.bytes.subarray(offset) }),
    read: (start, end, signal) => source.read(offset + start, offset + end, signal),
  };
}

// By identity, so a caller's copy of a source, with another `read`, is used as it is.
const lenientOf = new WeakMap<object, RandomAccessSource>();

/** Makes readers that verify every byte use `lenient` instead of `source`. It makes fewer demands on the server. */
export function setLenient(source: RandomAccessSource, lenient: RandomAccessSource): void {
  lenientOf.set(source, lenient);
}

/**
 * Turns every input that can be read by ranges into the library's own form.
 *
 * @param isProven - Whether the reader verifies every byte that it uses.
 */
export function openRandomAccess(
  input: BundleInput | RandomAccessSource,
  name: string,
  isProven = false,
): Source {
  if (typeof (input as Partial<RandomAccessSource> | null)?.read !== 'function') {
    return openInput(input as BundleInput, name);
  }
  const strict = input as RandomAccessSource;
  const source = (isProven ? lenientOf.get(strict) : undefined) ?? strict;
  const size = checkSize(source.size, name);
  return {
    size,
    async read(start, end, signal) {
      const length = end - start;
      if (length === 0) return new Uint8Array(0);
      const bytes = await readRange(source, start, length, signal);
      // By the brand and not by instanceof, as the bytes that are passed in.
      if (!isBytes(bytes)) {
        throw new TypeError(`${name}.read expected to give a Uint8Array, got ${describe(bytes)}`);
      }
      // A Buffer is a Uint8Array whose slice() shares memory, where the library expects a copy.
      if (bytes.length === length) {
        return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
      }
      throw new BundleSealError(
        'ERR_SOURCE_FAILED',
        `the source gave ${bytes.length} bytes where ${length} were asked for: it was changed meanwhile, or its read() is at fault`,
        { offset: start },
      );
    },
  };
}

async function readRange(
  source: RandomAccessSource,
  start: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  // Sources of this library follow the signal by themselves, and say what went wrong.
  if (isOwn(source)) return source.read(start, length, signal);
  try {
    return await untilAborted(Promise.resolve(source.read(start, length, signal)), signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (isOwn(cause) || cause instanceof BundleSealError) throw cause;
    throw new BundleSealError(
      'ERR_SOURCE_FAILED',
      `the source could not be read at byte ${start}: see the cause, and try again`,
      { offset: start, cause },
    );
  }
}

// What this library made or let through. Its streams and sources feed each other, and what a caller's signal or callback
// threw in one of them comes out of the next one as it is, and not as the cause of "the source failed".
const own = new WeakSet<object>();

/** Remembers a stream or a source that this library gives out, or an error that one of them ends with. */
export function markOwn<T>(it: T): T {
  if ((typeof it === 'object' && it !== null) || typeof it === 'function') own.add(it);
  return it;
}

export function isOwn(it: unknown): boolean {
  return own.has(it as object);
}
