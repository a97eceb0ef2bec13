// How node:crypto is fed: each call answers in fresh memory, which costs as much as the cipher where it is not at hand.

/**
 * Bytes in one call. OpenSSL's answer to a slice of this length stays in the cache until it is copied to its place,
 * which a whole chunk's does not.
 */
export const SLICE = 65_536;

/**
 * Answers are collected when V8 looks, and it would let 32 MiB of them pile up. What is on its own heap counts at
 * once: this many numbers beside each have the dead ones collected every few MiB.
 */
export const LITTER = 4096;

/**
 * glibc hands free memory at the end of its heap back to the system, a fault for each page when it is wanted again,
 * until the program has freed one block this long: from then on it keeps twice as much. Nothing is ever written to
 * the block, so it takes no memory.
 */
export const LOOSENING_LENGTH: number = 16 * 2 ** 20;
