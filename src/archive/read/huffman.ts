// Huffman codes of deflate. Short codes are looked up, and long ones decoded bit by bit.

/** A Huffman code: RFC 1951 §3.2.2. */
export interface Code {
  readonly bits: number;
  /** By the next `bits` bits: the symbol, and the length of its code times 512. 0: longer, no code, or not filled yet. */
  readonly table: Uint16Array;
  /** How many codes there are of each length. */
  readonly counts: Uint16Array;
  /** In the order of their codes. */
  readonly symbols: Uint16Array;
  /** Symbols to decode bit by bit before the table is filled; below 0 where it is. */
  untilFilled: number;
}

// Filling a table takes as long as decoding some hundred symbols, so short blocks do not use one.
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
 * Builds the code of these lengths.
 *
 * @param isOneEnough - Whether a code of one symbol, of one bit, may be incomplete.
 * @returns Whether it is a code: neither ambiguous nor incomplete.
 */
export function build(code: Code, lengths: Uint8Array, isOneEnough: boolean): boolean {
  const { table, counts, symbols } = code;
  counts.fill(0);
  if (code.untilFilled < 0) table.fill(0);
  code.untilFilled = FEW;
  // Without a closure: this is what a block without content costs.
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

/** Codes come with their highest bit first, all else with the lowest. */
function reversed(value: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((value >> i) & 1) << (length - 1 - i);
  return result;
}

/** A symbol that the table does not have, as an entry of the table; 0 where there is no such code. */
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

/** The entry of the next symbol's code. 0: there is no such code. */
export function entryOf(code: Code, held: number): number {
  return (code.table[held & (code.table.length - 1)] as number) || decodeLong(code, held);
}
