// Memory for contents and deflated pieces while an archive is made.

import { DEFLATE_SLICE } from './zlib.ts';

export interface Memory {
  /** Lends memory, whose content is unset. */
  lend(length: number): Uint8Array;
  /**
   * Takes back what {@link lend} returned. The memory may be lent again at once, so nothing may read or write it any
   * more. Ignores all other memory, and memory that was given back before.
   */
  giveBack(bytes: Uint8Array): void;
}

/** Allocates each loan. For results that the caller keeps, and for contents that it passes. */
export const newMemory: Memory = {
  lend: (length) => new Uint8Array(length),
  giveBack() {},
};

// Bytes of a block, which has room for a piece of the deflater with its window. Shorter loans share blocks.
const BLOCK_LENGTH = 9 * DEFLATE_SLICE;
// Number of blocks that are allocated together. The system takes back memory of this length when it is freed.
const TOGETHER = 8;

/** The block of a loan. V8 would keep dead loans of a `Map` until it collects its old generation. */
const BLOCK = Symbol('block');

type Loan = Uint8Array & { [BLOCK]?: Block | undefined };

interface Block {
  readonly memory: ArrayBuffer;
  readonly start: number;
  /** In bytes, from the start on. */
  used: number;
  /** Number of loans that were not given back. */
  loans: number;
}

export interface ReusedMemory extends Memory {
  /** Passes all memory to `free`. Call it after the last loan was given back. */
  end(free: (bytes: Uint8Array) => void): void;
}

/**
 * Lends the same memory again and again. V8 would let 64 MB of unused memory outside of its heap accumulate before it
 * frees it.
 *
 * A block is lent again after all its loans were given back. A loan that is never given back, for example after an
 * error, keeps its block until the whole memory is garbage.
 *
 * @param unused - Called with the bytes of a block of which no loan is left. Tests overwrite them, so that a read that
 * comes too late changes the archive.
 */
export function reusedMemory(unused: (bytes: Uint8Array) => void = () => {}): ReusedMemory {
  const free: Block[] = [];
  const all: Uint8Array[] = [];
  /** The block of which short loans are taken. */
  let current = takeBlock();

  function takeBlock(): Block {
    if (free.length === 0) {
      const memory = new ArrayBuffer(TOGETHER * BLOCK_LENGTH);
      all.push(new Uint8Array(memory));
      for (let start = 0; start < memory.byteLength; start += BLOCK_LENGTH) {
        free.push({ memory, start, used: 0, loans: 0 });
      }
    }
    return free.pop() as Block;
  }

  return {
    lend(length) {
      if (length > BLOCK_LENGTH) return new Uint8Array(length);
      // A long loan has a block of its own, so that it does not waste the rest of the current one.
      const isLong = length > BLOCK_LENGTH / 2;
      if (!isLong && current.used + length > BLOCK_LENGTH) current = takeBlock();
      const block = isLong ? takeBlock() : current;
      const bytes: Loan = new Uint8Array(block.memory, block.start + block.used, length);
      block.used += length;
      block.loans += 1;
      bytes[BLOCK] = block;
      return bytes;
    },
    giveBack(bytes: Loan) {
      const block = bytes[BLOCK];
      if (block === undefined) return;
      bytes[BLOCK] = undefined;
      block.loans -= 1;
      if (block.loans > 0) return;
      unused(new Uint8Array(block.memory, block.start, block.used));
      block.used = 0;
      if (block !== current) free.push(block);
    },
    end(release) {
      for (const bytes of all.splice(0)) release(bytes);
    },
  };
}

/** Joins loans into one and gives them back. Returns a single loan itself. */
export function joinLoans(memory: Memory, loans: readonly Uint8Array[]): Uint8Array {
  const [first] = loans;
  if (first !== undefined && loans.length === 1) return first;
  const whole = memory.lend(loans.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const loan of loans) {
    whole.set(loan, at);
    at += loan.length;
    memory.giveBack(loan);
  }
  return whole;
}

/** Copies bytes into a loan. */
export function copyTo(memory: Memory, bytes: Uint8Array): Uint8Array {
  const copy = memory.lend(bytes.length);
  copy.set(bytes);
  return copy;
}
