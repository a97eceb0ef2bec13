// Memory for copies, which ciphers use again for one chunk after the other.

/** Copies of bytes that others may write to meanwhile, in memory that is used again when it is given back. */
export interface Copies {
  copy(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  giveBack(copy: Uint8Array): void;
}

/** Fresh memory would cost more than the copying. Given back at once, it is still in the processor's cache. */
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
