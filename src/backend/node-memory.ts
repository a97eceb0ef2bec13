// Shared memory for chunks. Both threads access it, so a chunk in it is not copied to the second thread and back.

/** Bytes of a page of memory and of a file: the unit of direct I/O, a multiple of the block size of every common disk. */
export const PAGE = 4096;

/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 65_536;

const shared = new WeakSet<ArrayBufferLike>();

/**
 * Allocates zeroed shared memory that no code outside this library can access. Returns `undefined` if the runtime has
 * none.
 *
 * @param atPage - Whether the memory must begin at a page, which direct I/O requires.
 */
export function allocateShared(length: number, atPage: boolean): SharedArrayBuffer | undefined {
  try {
    const buffer = atPage
      ? wasmPages(Math.ceil(length / WASM_PAGE))
      : new SharedArrayBuffer(length);
    shared.add(buffer);
    return buffer;
  } catch {
    return undefined;
  }
}

/**
 * Allocates whole pages as a WebAssembly memory, which begins at a page. A plain SharedArrayBuffer may begin anywhere,
 * but reserves less address space.
 */
function wasmPages(number: number): SharedArrayBuffer {
  const memory = new WebAssembly.Memory({ initial: number, maximum: number, shared: true });
  return memory.buffer as ArrayBufferLike as SharedArrayBuffer;
}

/** Whether {@link allocateShared} made this memory, so that no code outside this library can change it. */
export function isOurs(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return shared.has(buffer);
}
