// Memory that both threads see, for chunks that are read and written again and again: a chunk in it is not copied
// to the second thread and back.

const PAGE = 65_536;

const shared = new WeakSet<ArrayBufferLike>();

/**
 * Shared memory that only this library can reach, all zero. `undefined` if the runtime has none.
 *
 * @param atPage - Whether it has to begin at a page, which direct writes to the disk need.
 */
export function allocateShared(length: number, atPage: boolean): SharedArrayBuffer | undefined {
  try {
    const buffer = atPage ? pages(Math.ceil(length / PAGE)) : new SharedArrayBuffer(length);
    shared.add(buffer);
    return buffer;
  } catch {
    return undefined;
  }
}

/** A SharedArrayBuffer of its own begins anywhere, WebAssembly's memory on a page. It reserves more addresses. */
function pages(number: number): SharedArrayBuffer {
  const memory = new WebAssembly.Memory({ initial: number, maximum: number, shared: true });
  return memory.buffer as ArrayBufferLike as SharedArrayBuffer;
}

/** Whether it is memory of {@link allocateShared}: then no one else changes it meanwhile. */
export function isOurs(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return shared.has(buffer);
}
