// Bundles as users have them, read by ranges.

import type { Awaitable } from '../backend/backend.ts';
import { brandOf, bytesIn } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkSize, describe } from '../options.ts';
import { untilAborted } from '../turn.ts';

/**
 * Bytes in memory, or a `Blob` (a `File` is one), which is read in slices. A view may start anywhere, lie in
 * a pool or in shared memory; it is never altered, and no result shares its memory. Each byte is read once:
 * bytes that change while a call is under way are refused, or sealed as they were read, and what is opened is
 * what was signed.
 */
export type BundleInput = Uint8Array | ArrayBuffer | Blob;

export interface Source {
  /** Bytes in all. */
  readonly size: number;
  /** All of them, where they are in memory in one piece. */
  readonly bytes?: Uint8Array;
  /** Whether a further read costs no request and is not waited for. */
  readonly isLocal?: boolean;
  /** Bytes from `start` to `end`, which are within the size. */
  read(start: number, end: number, signal?: AbortSignal): Awaitable<Uint8Array>;
  /** What has been read of the start, and behind it the bytes to `end`: where that saves putting them together. */
  readAfter?(before: Uint8Array, end: number, signal?: AbortSignal): Promise<Uint8Array>;
}

export function openInput(input: BundleInput, name: string): Source {
  const bytes = bytesIn(input);
  if (bytes !== undefined) return memorySource(bytes);
  if (isBlob(input)) return blobSource(input, name);
  throw new TypeError(`${name} expected a Uint8Array, ArrayBuffer or Blob, got ${describe(input)}`);
}

/** A File is one too. In workers of Cloudflare's with a compatibility date before 2024-09-26 it has no brand. */
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
      let cause: unknown;
      try {
        const bytes = await untilAborted(work(), signal);
        if (bytes.length === end - start) return bytes;
      } catch (error) {
        signal?.throwIfAborted();
        cause = error;
      }
      throw new BundleSealError(
        'ERR_SOURCE_FAILED',
        'the Blob could not be read: if it is a file, it was changed or removed meanwhile',
        { offset: start, cause },
      );
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
