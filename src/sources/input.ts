// Converts every input with random access (memory, a Blob, a caller's source) into the library's own form.

import type { Awaitable } from '../backend/backend.ts';
import { brandOf, bytesIn, isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkSize, describe } from '../options.ts';
import { untilAborted } from '../turn.ts';

/**
 * Bytes in memory, or a `Blob` (also a `File`), which the library reads in slices. A view may start anywhere in its
 * buffer, also in a pool or in shared memory. The library never changes the input, and no result shares its memory. It
 * reads each byte once: if bytes change during a call, a call that seals uses the bytes that it read, and a call that
 * opens returns only signed bytes.
 */
export type BundleInput = Uint8Array | ArrayBuffer | Blob;

/**
 * A source of bytes with random access. `httpSource` and `fileSource` make one, and you can write one for your own
 * storage. The library may call `read` while an earlier call is in progress.
 */
export interface RandomAccessSource {
  /** The number of bytes. It does not change while the source is in use. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`. The range is within the size. The source must not change the returned
   * memory afterwards.
   *
   * @param signal - Aborts when the library no longer needs the bytes.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** An input in the library's own form. */
export interface Source {
  /** Size in bytes. */
  readonly size: number;
  /** The whole input, if it is in memory in one piece. */
  readonly bytes?: Uint8Array;
  /** Whether a read needs no request and no wait. */
  readonly isLocal?: boolean;
  /** Reads the bytes from `start` to `end`, which are within the size. */
  read(start: number, end: number, signal?: AbortSignal): Awaitable<Uint8Array>;
  /**
   * Returns `before`, the bytes that the caller has read from the start, followed by the bytes up to `end`. Present if
   * that saves a copy.
   */
  readAfter?(before: Uint8Array, end: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Converts bytes or a Blob to a `Source`. @throws `TypeError` for any other input. */
export function openInput(input: BundleInput, name: string): Source {
  const bytes = bytesIn(input);
  if (bytes !== undefined) return memorySource(bytes);
  if (isBlob(input)) return blobSource(input, name);
  throw new TypeError(`${name} expected a Uint8Array, ArrayBuffer or Blob, got ${describe(input)}`);
}

/**
 * Whether a value is a Blob or a File. In Cloudflare Workers with a compatibility date before 2024-09-26, they have no
 * brand.
 */
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
    // Any object may have the brand of a Blob, so this checks the size.
    size: checkSize(blob.size, name),
    isLocal: true,
    async read(start, end, signal) {
      const work = async () => new Uint8Array(await blob.slice(start, end).arrayBuffer());
      const failed = (what: string, cause?: unknown) =>
        new BundleSealError(
          'ERR_SOURCE_FAILED',
          `the Blob ${what}: if it is a file, it was changed or removed meanwhile; choose it again`,
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
      throw failed(`returned ${bytes.length} bytes instead of ${end - start}`);
    },
  };
}

/** Makes a source of the bytes from `offset` to the end. */
export function sourceFrom(source: Source, offset: number): Source {
  return {
    size: source.size - offset,
    ...(source.bytes === undefined ? {} : { bytes: source.bytes.subarray(offset) }),
    read: (start, end, signal) => source.read(offset + start, offset + end, signal),
  };
}

// By identity: a copy of a source whose `read` a caller has replaced must not be exchanged for the lenient source.
const lenientOf = new WeakMap<object, RandomAccessSource>();

/** Makes readers that verify every byte use `lenient` instead of `source`, because it requires less of the server. */
export function setLenient(source: RandomAccessSource, lenient: RandomAccessSource): void {
  lenientOf.set(source, lenient);
}

/**
 * Converts an input to a `Source`.
 *
 * @param isProven - Whether the caller verifies every byte that it uses.
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
      // Checks the brand and not instanceof, because the bytes may come from another realm.
      if (!isBytes(bytes)) {
        throw new TypeError(`${name}.read must return a Uint8Array, got ${describe(bytes)}`);
      }
      // Converts a Buffer to a Uint8Array, because `slice` of a Buffer shares memory where the library expects a copy.
      if (bytes.length === length) {
        return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, length);
      }
      throw new BundleSealError(
        'ERR_SOURCE_FAILED',
        `the source returned ${bytes.length} bytes instead of ${length}: open it again if it was changed, or correct its read()`,
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
  // Sources of this library handle the signal themselves, and their errors already have a message for the user.
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

// Streams, sources and errors of this library. One may be the input of another. If a caller's signal or callback throws
// in the first, the second rethrows that error unchanged, and does not make it the cause of "the source failed".
const own = new WeakSet<object>();

/** Marks a stream or source that this library returns, or an error with which one of them ends. */
export function markOwn<T>(it: T): T {
  // A WeakSet accepts only objects and functions, and a callback may throw anything.
  if (Object(it) === it) own.add(it as object);
  return it;
}

export function isOwn(it: unknown): boolean {
  return own.has(it as object);
}
