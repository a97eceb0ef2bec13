// zlib's deflate as WebAssembly. Threads run this file too, so it loads nothing else.

/** zlib's own numbers (zlib.h): go on, end on a whole byte, end. */
export type Flush = 0 | 2 | 4;

/** One deflated stream. */
export interface ZlibStream {
  /** Deflates up to {@link SLICE} bytes. `take` is given what comes out, in memory that is used again. */
  write(input: Uint8Array, flush: Flush, take: (bytes: Uint8Array) => void): void;
  /** Frees the stream. */
  end(): void;
}

/** Begins a deflated stream without a header (RFC 1951). */
export type OpenStream = (level: number) => ZlibStream;

/** Bytes that are deflated at once. Every runtime and every thread cuts alike. */
export const SLICE = 65_536;

// A slice that can't be made smaller grows by a few bytes, and what was held back comes with it.
export const OUT_LENGTH: number = 4 * SLICE;

/** zlib's answer where there is nothing left to do. */
const BUFFER_ERROR = -5;

interface WasmExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(length: number): number;
  deflate_new(): number;
  deflate_init_raw(stream: number, level: number): number;
  /** Answers with zlib's code in the highest byte and the bytes of output below it. */
  deflate_process(
    stream: number,
    input: number,
    inputLength: number,
    output: number,
    outputLength: number,
    flush: Flush,
  ): number;
  deflate_last_consumed(stream: number): number;
  deflate_end(stream: number): number;
}

/** zlib out of its module. */
export function zlibOf(instance: WebAssembly.Instance): OpenStream {
  const zlib = instance.exports as unknown as WasmExports;
  zlib._initialize();
  const input = zlib.malloc(SLICE);
  const output = zlib.malloc(OUT_LENGTH);
  // The memory does not grow: it has 16 MiB from the beginning.
  const memory = new Uint8Array(zlib.memory.buffer);
  return (level) => {
    const stream = zlib.deflate_new();
    check(stream === 0 ? -4 : zlib.deflate_init_raw(stream, level));
    return {
      write(bytes, flush, take) {
        memory.set(bytes, input);
        for (let at = 0; ; ) {
          const left = bytes.length - at;
          const answer = zlib.deflate_process(stream, input + at, left, output, OUT_LENGTH, flush);
          const code = answer >> 24;
          const length = answer & 0xffffff;
          check(code);
          if (length > 0) take(memory.subarray(output, output + length));
          at += zlib.deflate_last_consumed(stream);
          if (length < OUT_LENGTH && at === bytes.length) return;
        }
      },
      end: () => void zlib.deflate_end(stream),
    };
  };
}

/** @throws `Error`: a fault of ours, as the module has all of its memory from the beginning. */
export function check(code: number): void {
  if (code < 0 && code !== BUFFER_ERROR) throw new Error(`zlib failed with the code ${code}`);
}
