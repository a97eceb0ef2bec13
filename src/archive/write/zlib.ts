// zlib's deflate as WebAssembly. Threads run this file too, so it loads nothing else.

/** Z_NO_FLUSH, Z_SYNC_FLUSH and Z_FINISH of zlib.h. */
export type Flush = 0 | 2 | 4;

/** One deflated stream. */
export interface ZlibStream {
  /** Deflates up to {@link DEFLATE_SLICE} bytes. `take` gets the output in reused memory. */
  write(input: Uint8Array, flush: Flush, take: (bytes: Uint8Array) => void): void;
  /** Frees the stream. */
  end(): void;
}

/** Begins a deflated stream without a header (RFC 1951). */
export type OpenStream = (level: number) => ZlibStream;

/**
 * Number of bytes to deflate at once. It is the same in every runtime and thread, so that the output is the same.
 */
export const DEFLATE_SLICE = 65_536;

// Room for the output of a slice: incompressible bytes grow a little, and held-back output of earlier slices may
// follow.
export const OUT_LENGTH: number = 4 * DEFLATE_SLICE;

/** Z_BUF_ERROR of zlib.h: there is nothing left to do. */
const BUFFER_ERROR = -5;

interface WasmExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(length: number): number;
  deflate_new(): number;
  deflate_init_raw(stream: number, level: number): number;
  /** Returns zlib's code in the highest byte and the number of output bytes below it. */
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

/** Makes zlib from an instance of its module. */
export function zlibOf(instance: WebAssembly.Instance): OpenStream {
  const zlib = instance.exports as unknown as WasmExports;
  zlib._initialize();
  const input = zlib.malloc(DEFLATE_SLICE);
  const output = zlib.malloc(OUT_LENGTH);
  // The memory never grows: it has 16 MiB from the beginning.
  const memory = new Uint8Array(zlib.memory.buffer);
  return (level) => {
    const stream = zlib.deflate_new();
    checkResult(stream === 0 ? -4 : zlib.deflate_init_raw(stream, level));
    return {
      write(bytes, flush, take) {
        memory.set(bytes, input);
        for (let at = 0; ; ) {
          const left = bytes.length - at;
          const answer = zlib.deflate_process(stream, input + at, left, output, OUT_LENGTH, flush);
          const code = answer >> 24;
          const length = answer & 0xffffff;
          checkResult(code);
          if (length > 0) take(memory.subarray(output, output + length));
          at += zlib.deflate_last_consumed(stream);
          if (length < OUT_LENGTH && at === bytes.length) return;
        }
      },
      end: () => void zlib.deflate_end(stream),
    };
  };
}

/**
 * @throws `Error` on a fault of this library. The module has all of its memory from the beginning, so zlib cannot run
 * out of it.
 */
export function checkResult(code: number): void {
  if (code < 0 && code !== BUFFER_ERROR) throw new Error(`zlib failed with the code ${code}`);
}
