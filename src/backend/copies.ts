// Reusable memory for copies of chunks.

/**
 * Copies bytes that other code may change during the work. `giveBack` makes the memory of a copy available for the next
 * copy.
 */
export interface Copies {
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  giveBack(copy: Uint8Array): void;
}

/**
 * Makes copies in reused memory. To allocate new memory would take longer than to copy, and reused memory is still in
 * the processor's cache.
 */
export function reusedCopies(
  allocate: (length: number) => ArrayBufferLike = (length) => new ArrayBuffer(length),
): Copies {
  const free: ArrayBufferLike[] = [];
  return {
    copy(bytes) {
      const { length } = bytes;
      const last = free.pop();
      const memory = last !== undefined && last.byteLength >= length ? last : allocate(length);
      const copy = new Uint8Array(memory as ArrayBuffer, 0, length);
      copy.set(bytes);
      return copy;
    },
    giveBack: ({ buffer }) => void free.push(buffer),
  };
}
