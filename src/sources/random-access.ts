// Bytes that a caller's own code reads by ranges, held to what it promises.

import { isBytes } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkSize, describe } from '../options.ts';
import { untilAborted } from '../turn.ts';
import { type BundleInput, openInput, type Source } from './input.ts';
import { isOwn } from './own.ts';

/**
 * Where a bundle's bytes can be fetched by ranges: what `httpSource` and `fileSource` make, and what a
 * caller may write for a store of its own. `read` may be called again while an earlier call is under way.
 */
export interface RandomAccessSource {
  /** Bytes in all; they don't change while the source is in use. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, which are within the size. The memory is the callee's to give
   * away: it is not written again.
   *
   * @param signal - Aborted when the bytes are no longer wanted.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

// By identity: a caller's copy of a source, with a `read` of its own, is read as it is.
const lenientOf = new WeakMap<object, RandomAccessSource>();

/** Has readers that prove every byte read `lenient` in place of `source`: it asks less of where bytes come from. */
export function setLenient(source: RandomAccessSource, lenient: RandomAccessSource): void {
  lenientOf.set(source, lenient);
}

/**
 * Whatever can be read by ranges, as the library reads it.
 *
 * @param isProven - Whether the reader proves every byte that it uses.
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
  try {
    return await untilAborted(Promise.resolve(source.read(start, length, signal)), signal);
  } catch (cause) {
    signal?.throwIfAborted();
    if (isOwn(source) || isOwn(cause) || cause instanceof BundleSealError) throw cause;
    throw new BundleSealError(
      'ERR_SOURCE_FAILED',
      `the source could not be read at byte ${start}: see the cause, and try again`,
      { offset: start, cause },
    );
  }
}
