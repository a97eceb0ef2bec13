// Integer functions of the coding: the length of a number in bits, and the hash of contexts (docs/patch-format.md#models).

/** Number of bits of a number up to 2^31 - 1; 0 for 0. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** Hashes the value of a context. The salt separates the contexts. */
export function hash(value: number, salt: number): number {
  let mixed = Math.imul(value + Math.imul(salt, 0x2545_f491), 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85eb_ca77);
  return mixed ^ (mixed >>> 13);
}
