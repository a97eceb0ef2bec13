// Passes data to node:crypto in slices and frees the memory of its results, which each call allocates.

/**
 * Bytes in one call. OpenSSL's answer to a slice of this length stays in the cache until it is copied to its place,
 * which a whole chunk's does not. No multiple of a page: an answer lies where the one before it did, and where it is
 * just behind its place modulo 4096, processors take each load for one of what was just stored, and the copy for three
 * times as long. So the places move.
 */
export const SLICE = 66_560;

type WithTransfer = ArrayBuffer & { transfer(length: number): unknown };

/** Before it there was nothing to free memory by but a port: Node 20. */
const hasTransfer = 'transfer' in ArrayBuffer.prototype;

/** Answers that the port may keep until it is open: as much as a turn's work leaves. */
const MAX_KEPT = 128;

let drain: MessagePort | undefined;
/** Answers that may still be sent. */
let room = MAX_KEPT;

/**
 * Frees the memory of a result that has been copied to its place, so the next result reuses memory that is still in
 * the cache. V8 would let 32 MiB of results accumulate before it frees them, and more over time.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  // Never what others have bytes in as well.
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
 * Frees memory through this port from now on. It is open already: a thread that never takes a turn can open none.
 */
export function useDrain(port: MessagePort): void {
  drain = port;
  room = Number.POSITIVE_INFINITY;
}

/**
 * A port with nobody at its other end as soon as this thread has taken a turn: whatever is sent through it is freed,
 * then and from then on. Nothing, where memory is freed without, or where there are no ports.
 */
export function openDrain(): MessagePort | undefined {
  if (hasTransfer || typeof MessageChannel !== 'function') return undefined;
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}

// Bytes. glibc hands free memory at the end of its heap back to the system, a fault for each page when it is wanted
// again, until the program has freed one block this long: from then on it keeps twice as much.
const LOOSENING_LENGTH = 16 * 2 ** 20;

let isLoosened = false;

/** Has memory that is freed stay at hand. Nothing is ever written to the block, so it takes no memory. */
export function keepFreeMemory(): void {
  if (isLoosened) return;
  isLoosened = true;
  release(new Uint8Array(LOOSENING_LENGTH));
}
