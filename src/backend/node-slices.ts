// Passes data to node:crypto in slices and frees the memory of its results, which each call allocates.

/**
 * Bytes in one call. OpenSSL's output for a slice of this length stays in the processor's cache until it is copied to
 * its destination. The output for a whole chunk does not. The length is not a multiple of a page, because of 4K
 * aliasing: if the output lies just behind its destination modulo 4096, the processor takes each load for a load of
 * what it has just stored, and the copy takes three times as long. OpenSSL reuses the same memory for each output, so
 * an odd length makes the destinations move.
 */
export const SLICE = 66_560;

type WithTransfer = ArrayBuffer & { transfer(length: number): unknown };

/** Node 20 lacks `ArrayBuffer.prototype.transfer`. There a message port frees the memory. */
const hasTransfer = 'transfer' in ArrayBuffer.prototype;

/**
 * The most results that the port may keep until its other end is closed: as many as the work of one turn produces.
 */
const MAX_KEPT = 128;

let drain: MessagePort | undefined;
/** The number of results that may still be sent. */
let room = MAX_KEPT;

/**
 * Frees the memory of a result that has been copied to its place, so the next result reuses memory that is still in
 * the cache. V8 would let 32 MiB of results accumulate before it frees them, and more over time.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  // A result that shares its memory with other bytes must not be freed.
  if (buffer.byteLength !== byteLength) return;
  if (hasTransfer) {
    (buffer as WithTransfer).transfer(0);
    return;
  }
  if (drain === undefined) {
    drain = openDrain();
    drain?.addEventListener('close', () => {
      room = Number.POSITIVE_INFINITY;
    });
  }
  if (room === 0) return;
  room -= 1;
  drain?.postMessage(undefined, [buffer as ArrayBuffer]);
}

/**
 * Frees memory through this port from now on. Another thread has opened it, because a thread that blocks its event
 * loop cannot open one.
 */
export function useDrain(port: MessagePort): void {
  drain = port;
  room = Number.POSITIVE_INFINITY;
}

/**
 * Opens a port whose other end closes in the next turn of this thread's event loop. After that, the runtime frees all
 * memory that is transferred through the port. Returns `undefined` if the runtime frees memory without a port or has
 * no ports.
 */
export function openDrain(): MessagePort | undefined {
  if (hasTransfer || typeof MessageChannel !== 'function') return undefined;
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}

// In bytes. By default glibc returns free memory at the end of its heap to the system, and each page of it costs a
// page fault when it is used again. After a program has freed one block of this length, glibc keeps twice as much
// free memory.
const LOOSENING_LENGTH = 16 * 2 ** 20;

let isLoosened = false;

/**
 * Makes glibc keep freed memory. The block that this function frees is never written to, so it takes no physical
 * memory.
 */
export function keepFreeMemory(): void {
  if (isLoosened) return;
  isLoosened = true;
  release(new Uint8Array(LOOSENING_LENGTH));
}
