// Inflaters of runtimes. They are two to four times as fast as this library's inflater, which they replace only if
// they are as strict.
//
// A runtime does not say how strict its inflater is, so this module first tests it with samples. An inflater that
// accepts a sample which this library refuses is never used. Therefore all used inflaters accept the same archives.

import type { Awaitable } from '../../backend/backend.ts';
import { fromHex, unshared } from '../../bytes.ts';
import { handledElsewhere, unawaited } from '../../turn.ts';
import { type Inflated, type PieceInflater, refused } from './inflate.ts';

export interface NativeInflater {
  /** Smallest content, in bytes, for which it is faster than this library's inflater. */
  readonly least: number;
  /** Largest content, in bytes, that is inflated in one call. */
  readonly most: number;
  /**
   * Inflates a whole file into new memory.
   *
   * @returns `undefined` if the data is refused, has bytes after its end, or does not give exactly `size` bytes.
   */
  whole(data: Uint8Array, size: number): Awaitable<Uint8Array | undefined>;
  /** For larger files. If absent, this library's inflater processes them. */
  readonly createPieces?: (path: string) => PieceInflater;
}

type Zlib = typeof import('node:zlib');

// Results of the tests, by the runtime's function.
const choices = new Map<unknown, Awaitable<NativeInflater | undefined>>();

/** Returns the runtime's inflater, or `undefined` if it has no strict one. Tests it once. */
export function findNative(): Awaitable<NativeInflater | undefined> {
  const zlib = globalThis.process?.getBuiltinModule?.('node:zlib');
  const hasZlib = typeof zlib?.inflateRawSync === 'function';
  const from = hasZlib ? zlib : globalThis.DecompressionStream;
  if (from === undefined || choices.has(from)) return choices.get(from);
  const choosing = ifStrict(hasZlib ? byZlib(zlib) : byStream());
  choices.set(from, choosing);
  choosing.then((choice) => choices.set(from, choice));
  return choosing;
}

// RFC 1951 §3.2.7: one literal, the letter a, in a block with codes of its own.
const GOOD = '05e081080000000020b0ee2f7102';

/** Each sample has one fault. An inflater that misses it returns the bytes in the second column. */
export const FAULTY: readonly (readonly [hex: string, size: number, fault: string])[] = [
  ['4b040000', 1, 'a byte behind the end'],
  ['4b04', 1, 'no end'],
  ['4a041c00', 1, 'a kind of block that there is not'],
  ['010100ffff61', 1, 'two lengths that contradict each other'],
  ['4b1c0300', 1, 'a length that there is no code for'],
  ['4b044200', 4, 'a distance that leads before the beginning'],
  ['4b043e00', 4, 'a distance that there is no code for'],
  ['05e08108000000c020b0ee2f7102', 1, 'lengths of codes in an ambiguous code'],
  ['05e081080000000030b0ce5f6209', 1, 'lengths of codes in an incomplete code'],
  ['05e0850c000000003084e9fd253e01', 1, 'a repetition of nothing'],
  ['05e081080000000020b0ee2f3180', 1, 'a repetition behind the last length'],
  ['f5e081080000000020b0ee2fb14902', 1, 'codes of 287 literals'],
  ['05fe81080000000020b0ee2f318a', 1, 'codes of 31 distances'],
  ['05e081080000000020b0bebf4401', 1, 'no code for the end of the block'],
  ['05e08108000000c030b0eefe104b', 1, 'literals in an ambiguous code'],
  ['05e08108000000c030b0de5fe211', 1, 'literals in an incomplete code'],
  ['05e281080000000020b0ee2ff12f', 1, 'distances in an ambiguous code'],
  ['05e18108000000c030b0ce5f62bf', 1, 'distances in an incomplete code'],
];

async function ifStrict(native: NativeInflater): Promise<NativeInflater | undefined> {
  const takes = async (hex: string, size: number) =>
    (await native.whole(fromHex(hex), size)) !== undefined;
  const taken = await Promise.all(FAULTY.map(([hex, size]) => takes(hex, size)));
  const good = await native.whole(fromHex(GOOD), 1);
  if (taken.includes(true) || good?.[0] !== 0x61) return undefined;
  const { createPieces, ...whole } = native;
  if (createPieces === undefined || (await tellsEnd(createPieces))) return native;
  return whole;
}

/**
 * Tests whether an inflater reports the end of the data correctly: before the end of a piece, at its end, and not in
 * this piece.
 */
async function tellsEnd(createPieces: (path: string) => PieceInflater): Promise<boolean> {
  const endOf = async (hex: string): Promise<number> => {
    const piece = fromHex(hex);
    const inflater = createPieces('');
    try {
      for (let used = 0; ; ) {
        const taken = await inflater.take(piece.subarray(used), true);
        used += taken.used;
        if (taken.isEnd) return used;
      }
    } catch {
      return -1;
    } finally {
      inflater.close?.();
    }
  };
  const ends = await Promise.all(['4b040000', '4b0400', '4b04'].map(endOf));
  return ends.join() === '3,3,-1';
}

/** Node's zlib: synchronous if it takes some milliseconds at most, otherwise in a thread. */
function byZlib(zlib: Zlib): NativeInflater {
  return {
    least: 1,
    most: 2 ** 21,
    whole(data, size) {
      try {
        const options = { info: true, maxOutputLength: size, chunkSize: Math.max(64, size) };
        const { buffer, engine } = zlib.inflateRawSync(data, options) as unknown as {
          readonly buffer: Uint8Array;
          readonly engine: { readonly bytesWritten: number };
        };
        if (engine.bytesWritten !== data.length || buffer.length !== size) return undefined;
        // Node takes short results from a pool, whose memory they share with other Buffers.
        const isAlone = buffer.buffer.byteLength === size;
        return isAlone ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
      } catch {
        return undefined;
      }
    },
    createPieces: (path) => zlibPieces(zlib, path),
  };
}

// Number of bytes in a piece of output.
const OUTPUT = 2 ** 18;
const NOTHING = new Uint8Array(0);

function zlibPieces(zlib: Zlib, path: string): PieceInflater {
  const stream = zlib.createInflateRaw({ chunkSize: OUTPUT });
  let wake = () => {};
  let isEnd = false;
  let failure: unknown;
  stream.on('readable', () => wake());
  stream.on('end', () => {
    isEnd = true;
    wake();
  });
  stream.on('error', (error) => {
    failure = error;
    wake();
  });
  /** The current piece of input. */
  let piece: { readonly startsAt: number; isThrough: boolean } | undefined;

  function begin(bytes: Uint8Array, isLast: boolean) {
    const begun = { startsAt: stream.bytesWritten, isThrough: false };
    const done = () => {
      begun.isThrough = true;
      wake();
    };
    if (isLast) stream.end(unshared(bytes));
    else stream.write(unshared(bytes), done);
    return begun;
  }

  return {
    async take(bytes, isLast): Promise<Inflated> {
      piece ??= begin(bytes, isLast);
      for (;;) {
        const inflated: Uint8Array | null = stream.read();
        // Copies the bytes, because the stream may still write to the rest of its memory.
        if (inflated !== null) return { bytes: new Uint8Array(inflated), used: 0, isEnd: false };
        if (failure !== undefined) throw refused(path);
        const used = stream.bytesWritten - piece.startsAt;
        if (isEnd) return { bytes: NOTHING, used, isEnd };
        if (piece.isThrough && used === bytes.length) {
          piece = undefined;
          return { bytes: NOTHING, used, isEnd };
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => void stream.destroy(),
  };
}

// Number of input bytes after which the stream waits for its reader, because they may inflate to 1,032 times as many.
const INPUT = 2 ** 14;

/**
 * `DecompressionStream` of browsers and other runtimes. Creating a stream takes as long as inflating some KiB.
 */
function byStream(): NativeInflater {
  return {
    least: 2 ** 14,
    most: 2 ** 22,
    async whole(data, size) {
      try {
        const { readable, writable } = new DecompressionStream('deflate-raw');
        handledElsewhere(feed(writable.getWriter(), unshared(data)));
        const reader = readable.getReader();
        const bytes = new Uint8Array(size);
        let at = 0;
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          if (next.value.length > size - at) {
            unawaited(() => reader.cancel());
            return undefined;
          }
          bytes.set(next.value, at);
          at += next.value.length;
        }
        return at === size ? bytes : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

async function feed(
  writer: WritableStreamDefaultWriter<BufferSource>,
  data: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let at = 0; at < data.length; at += INPUT) {
    await writer.write(data.subarray(at, at + INPUT));
  }
  await writer.close();
}
