// Passes data to node:crypto in slices and frees the memory of its results, which each call allocates.

/**
 * The bytes of one call of OpenSSL. The output for a slice of this length stays in the processor's cache until it is
 * copied to its destination. The output for a whole chunk does not.
 *
 * The length is not a multiple of a page, because of 4K aliasing: if the addresses of the output and of its destination
 * are almost equal modulo 4096, the processor makes each load of the copy wait for an earlier store, and the copy takes
 * three times as long. OpenSSL reuses the same memory for each output. With this length, the destination of each slice
 * has another address modulo 4096.
 */
export const CIPHER_SLICE = 66_560;

type WithTransfer = ArrayBuffer & { transfer(length: number): unknown };

/** Node 20 lacks `ArrayBuffer.prototype.transfer`. There a message port frees the memory. */
const hasTransfer = 'transfer' in ArrayBuffer.prototype;

/** The most results that the port keeps until its other end closes: as many as the work of one turn produces. */
const MAX_KEPT = 128;

let drain: MessagePort | undefined;
/** The number of results that may still be sent. */
let room = MAX_KEPT;

/**
 * Frees the memory of a result that the caller has copied, so that the next result reuses memory that is still in the
 * cache. V8 would let 32 MiB of results accumulate before it frees them, and more over time.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  // Does not free memory that the result shares with other bytes.
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

// In bytes. By default glibc returns free memory at the end of its heap to the system, and the next use of each page
// costs a page fault. After a program has freed one block of this length, glibc keeps twice as much free memory.
const FREED_LENGTH = 16 * 2 ** 20;

let keepsFreeMemory = false;

/** Makes glibc keep freed memory. It frees a block that nothing wrote to, so the block takes no physical memory. */
export function keepFreeMemory(): void {
  if (keepsFreeMemory) return;
  keepsFreeMemory = true;
  release(new Uint8Array(FREED_LENGTH));
}
