// Huffman codes of deflate. A table decodes short codes; long ones are decoded bit by bit.

/** A Huffman code: RFC 1951 §3.2.2. */
export interface Code {
  readonly bits: number;
  /**
   * Indexed by the next `bits` bits: the symbol, plus 512 times the length of its code. 0: the code is longer, there
   * is no such code, or the table is not filled yet.
   */
  readonly table: Uint16Array;
  /** Number of codes of each length. */
  readonly counts: Uint16Array;
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array;
  /**
   * Number of symbols to decode bit by bit before the table is filled; negative if it is filled.
   */
  untilFilled: number;
}

// Filling a table takes as long as decoding some hundred symbols, so short blocks do not fill one.
const FEW = 24;

export const createCode = (bits: number, symbols: number): Code => ({
  bits,
  table: new Uint16Array(1 << bits),
  counts: new Uint16Array(16),
  symbols: new Uint16Array(symbols),
  untilFilled: FEW,
});

const STARTS = /* @__PURE__ */ new Uint16Array(16);

/**
 * Builds the code from these lengths.
 *
 * @param isOneEnough - Whether a code with a single symbol of one bit is allowed, although it is incomplete.
 * @returns Whether the code is neither ambiguous nor incomplete.
 */
export function build(code: Code, lengths: Uint8Array, isOneEnough: boolean): boolean {
  const { table, counts, symbols } = code;
  counts.fill(0);
  if (code.untilFilled < 0) table.fill(0);
  code.untilFilled = FEW;
  // Loops without a closure, because this work dominates for blocks without content.
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    counts[length] = (counts[length] as number) + 1;
  }
  let left = 1;
  let longest = 0;
  let start = 0;
  for (let length = 1; length < 16; length++) {
    const count = counts[length] as number;
    left = 2 * left - count;
    if (left < 0) return false;
    if (count > 0) longest = length;
    STARTS[length] = start;
    start += count;
  }
  if (left > 0 && !(isOneEnough && longest <= 1)) return false;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] as number;
    if (length === 0) continue;
    const at = STARTS[length] as number;
    symbols[at] = i;
    STARTS[length] = at + 1;
  }
  return true;
}

function fill({ bits, table, counts, symbols }: Code): void {
  let next = 0;
  let value = 0;
  for (let length = 1; length <= bits; length++) {
    for (let i = counts[length] as number; i > 0; i--) {
      const entry = (length << 9) | (symbols[next++] as number);
      for (let at = reversed(value++, length); at < table.length; at += 1 << length) {
        table[at] = entry;
      }
    }
    value <<= 1;
  }
}

/**
 * Reverses the bits of a code. Deflate stores codes with the highest bit first, and everything else with the lowest
 * bit first.
 */
function reversed(value: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((value >> i) & 1) << (length - 1 - i);
  return result;
}

/**
 * Decodes a symbol that is not in the table. Returns it as an entry of the table, or 0 if there is no such code.
 */
export function decodeLong(code: Code, held: number): number {
  const { counts, symbols } = code;
  if (code.untilFilled >= 0 && code.untilFilled-- === 0) fill(code);
  let value = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length < 16; length++) {
    value |= (held >>> (length - 1)) & 1;
    const count = counts[length] as number;
    if (value - first < count) return (length << 9) | (symbols[index + value - first] as number);
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return 0;
}

/** Returns the table entry for the next symbol, or 0 if there is no such code. */
export function nextEntry(code: Code, held: number): number {
  return (code.table[held & (code.table.length - 1)] as number) || decodeLong(code, held);
}
