// Finds earlier occurrences of the bytes at a place, with an index of every second place by its next eight bytes.

export interface MatchFinder {
  /** Adds all places before `to` to the index. */
  indexTo(to: number): void;
  /**
   * Calls `found` with the place and length of earlier matches of at least eight bytes. It reports only promising
   * matches: longer than all reported ones, or about as long but nearer.
   */
  find(at: number, depth: number, found: (source: number, length: number) => void): void;
  /** Counts the equal bytes at `source` and `at`. */
  equalBytes(source: number, at: number): number;
}

/** Length of the shortest match in bytes. */
const SHORTEST_MATCH = 8;

// Indexing every second place takes half the memory and time. A match at an odd place is found one byte later.
const STEP = 2;
// Number of places whose look-ups start together.
const AHEAD = 32;
// After a match of this length, the search for a longer one ends.
const LONG_ENOUGH = 600;
const NONE = -1;

export function createMatchFinder(space: Uint8Array, minDistance: number): MatchFinder {
  const end = space.length;
  const bits = Math.min(24, Math.max(12, 32 - Math.clz32(end >>> 1)));
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

  // Compares four bytes at once. The source lies before the place, so only the place can reach the end.
  const equalBytes = (source: number, at: number): number => {
    const most = end - at;
    let length = 0;
    while (
      length + 4 <= most &&
      view.getInt32(source + length, true) === view.getInt32(at + length, true)
    ) {
      length += 4;
    }
    while (length < most && space[source + length] === space[at + length]) length++;
    return length;
  };

  // The slots of the places from `slotsFrom` to before `slotsTo`.
  const slots = new Int32Array(AHEAD);
  let slotsFrom = 0;
  let slotsTo = 0;
  // Holds a value that depends on all reads ahead, so that engines do not leave them out.
  const touched = new Int32Array(1);

  /**
   * Computes the next slots and reads what `find` will read first. Each of these reads misses the cache of the
   * processor. Here they do not depend on each other, so the processor waits for many of them at once.
   */
  const lookAhead = (at: number) => {
    slotsFrom = at;
    slotsTo = Math.min(at + AHEAD, end - SHORTEST_MATCH + 1);
    for (let place = at; place < slotsTo; place++) {
      const slot = slotOf(place);
      slots[place - at] = slot;
      const head = heads[slot] as number;
      if (head === NONE) continue;
      touched[0] =
        (touched[0] as number) ^
        (nexts[head >> 1] as number) ^
        (space[head + SHORTEST_MATCH - 1] as number);
    }
  };

  return {
    equalBytes,
    indexTo(to) {
      const until = Math.min(to, end - SHORTEST_MATCH + 1);
      for (; indexed < until; indexed += STEP) {
        const slot = slotOf(indexed);
        nexts[indexed >> 1] = heads[slot] as number;
        heads[slot] = indexed;
      }
    },
    find(at, depth, found) {
      if (at < slotsFrom || at + STEP > slotsTo) lookAhead(at);
      let longest = SHORTEST_MATCH - 1;
      // First tries places with the parity of the index, then places one byte before an indexed one.
      for (let before = 0; before < STEP; before++) {
        if (at + before + SHORTEST_MATCH > end) return;
        let place = heads[slots[at + before - slotsFrom] as number] as number;
        for (let left = depth >> before; place !== NONE && left > 0; left--) {
          const source = place - before;
          place = nexts[place >> 1] as number;
          if (source < 0 || at - source < minDistance) continue;
          // A match that is shorter than the longest one is rarely better. Comparing one byte rules out most of them.
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
