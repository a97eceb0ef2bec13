// Where the bytes at a place occurred before: an index of every second place by the eight bytes that stand there.

export interface MatchFinder {
  /** Indexes everything in front of `to`. */
  indexTo(to: number): void;
  /**
   * Calls `found` with places before `at` where at least eight equal bytes stand, each with the length of what is equal.
   * It tells those alone that may be worth it: longer than any before, or as good a find for their nearness.
   */
  find(at: number, depth: number, found: (source: number, length: number) => void): void;
  /** How many bytes at `source` and `at` are equal. */
  equalBytes(source: number, at: number): number;
}

/** Bytes that a match has at least. */
const SHORTEST_MATCH = 8;

// Every second place is indexed: half the memory and time. A match from an odd place is found one byte later.
const STEP = 2;
// Behind a match of this length no longer one is looked for.
const LONG_ENOUGH = 600;
const NONE = -1;

export function createMatchFinder(space: Uint8Array, minDistance: number): MatchFinder {
  const end = space.length;
  const bits = Math.min(22, Math.max(12, 32 - Math.clz32(end >>> 1)));
  const heads = new Int32Array(2 ** bits).fill(NONE);
  const nexts = new Int32Array(Math.ceil(end / STEP));
  const view = new DataView(space.buffer, space.byteOffset, end);
  let indexed = 0;

  const slotOf = (at: number): number => {
    let mixed =
      Math.imul(view.getInt32(at, true), 0x9e37_79b1) ^
      Math.imul(view.getInt32(at + 4, true), 0x85eb_ca6b);
    mixed ^= mixed >>> 15;
    return Math.imul(mixed, 0x2c1b_3c6d) >>> (32 - bits);
  };

  const equalBytes = (source: number, at: number): number => {
    let length = 0;
    while (at + length < end && space[source + length] === space[at + length]) length++;
    return length;
  };

  return {
    equalBytes,
    indexTo(to) {
      const until = Math.min(to, end - SHORTEST_MATCH + 1);
      for (; indexed < until; indexed += STEP) {
        const slot = slotOf(indexed);
        nexts[indexed / STEP] = heads[slot] as number;
        heads[slot] = indexed;
      }
    },
    find(at, depth, found) {
      let longest = SHORTEST_MATCH - 1;
      // Places of the same parity as the index, and then those one byte before an indexed one.
      for (let before = 0; before < STEP; before++) {
        if (at + before + SHORTEST_MATCH > end) return;
        let place = heads[slotOf(at + before)] as number;
        for (let left = depth >> before; place !== NONE && left > 0; left--) {
          const source = place - before;
          place = nexts[place / STEP] as number;
          if (source < 0 || at - source < minDistance) continue;
          // A shorter match than the longest is hardly ever better: most are told from one byte.
          if (space[source + longest] !== space[at + longest]) continue;
          const length = equalBytes(source, at);
          if (length < SHORTEST_MATCH) continue;
          found(source, length);
          if (length > longest) longest = length;
          if (length > LONG_ENOUGH) return;
        }
      }
    },
  };
}
