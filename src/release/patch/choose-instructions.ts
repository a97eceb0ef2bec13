// Chooses the instructions that make the new image: the cheapest sequence by estimated prices. A decoder accepts
// every choice; only the size of the patch depends on it.

import { FROM_NEW, FROM_OLD, MIN_DISTANCE, NEAR_KINDS } from './coding.ts';
import { createMatchFinder } from './matches.ts';
import { bitWidth } from './models.ts';
import type { Copy } from './write-instructions.ts';

/** Takes the instructions in order. */
export interface InstructionSink {
  literal(): void;
  copy(copy: Copy): void;
}

// Prices in 1/16 bit, determined by experiments with releases of real apps.
const LITERAL = 60;
const LITERAL_BEHIND_COPY = 76;
const INCOMPRESSIBLE_LITERAL = 131;
const NEAR = [44, 120, 190, 215];
const FROM_OLD_AT_LEAST = 116;
const FROM_NEW_AT_LEAST = 100;
const PER_OFFSET_BIT = 16;
const PER_EIGHT_BYTES = 1;
// The gain of one byte of a copy, for comparing two long copies.
const SAVED_PER_BYTE = 40;

const NEAR_SHORTEST = [1, 2, 3, 3];
// Number of places around the aligned one that are tried without the index, to find shorter matches.
const SHIFTS = 8;
const SHIFTED_SHORTEST = 4;
// A copy with a recent distance of this length is taken at once. All other copies need the length below.
const LONG_NEAR = 64;
const LONG = 600;
const DEPTH = 16;

// Number of bytes that are optimised together.
const WINDOW = 4096;
// Number of bytes of the old image to index before yielding to the caller.
const INDEXED_A_STEP = 2 ** 18;
const UNREACHED = 0x7fff_ffff;
const LITERAL_KIND = -1;
// Length of the state at a place: the last distances, followed by the alignment.
const STATE = NEAR_KINDS + 1;

/**
 * Finds the instructions. Yields the number of processed bytes of the new image in regular steps.
 *
 * @param isIncompressible - Whether the byte at this place belongs to compressed data.
 */
export function* chooseInstructions(
  space: Uint8Array,
  oldLength: number,
  isIncompressible: (at: number) => boolean,
  sink: InstructionSink,
): Generator<number, void> {
  const end = space.length;
  const matches = createMatchFinder(space, MIN_DISTANCE);
  for (let to = 0; to < oldLength; to += INDEXED_A_STEP) {
    matches.indexTo(to);
    yield 0;
  }
  matches.indexTo(oldLength);

  // For each place of the window, the cheapest sequence that reaches it: its price and its last instruction.
  const prices = new Int32Array(WINDOW + 1);
  const kinds = new Int8Array(WINDOW + 1);
  const sources = new Int32Array(WINDOW + 1);
  const origins = new Int32Array(WINDOW + 1);
  const isBehindCopy = new Uint8Array(WINDOW + 1);
  const states = new Int32Array((WINDOW + 1) * STATE);
  const path = new Int32Array(WINDOW + 1);

  const view = new DataView(space.buffer, space.byteOffset, end);

  let start = oldLength;
  let limit = 0;
  let node = 0;
  // The best copy from the current place; its length is 0 if there is none. Not an object, which each better copy
  // would allocate.
  let bestGain = 0;
  let bestKind = 0;
  let bestSource = 0;
  let bestLength = 0;

  states.fill(oldLength, 0, STATE);
  isBehindCopy[0] = 1;

  const enterState = (to: number) => {
    const from = origins[to] as number;
    // For so few values, a call of copyWithin takes longer.
    for (let index = 0; index < STATE; index++) {
      states[to * STATE + index] = states[from * STATE + index] as number;
    }
    if (kinds[to] !== LITERAL_KIND) {
      pass(states, to * STATE, kinds[to] as number, start + from, sources[to] as number, oldLength);
    }
  };

  const offer = (kind: number, source: number, length: number, price: number) => {
    const gain = length * SAVED_PER_BYTE - price;
    if (gain > bestGain) {
      bestGain = gain;
      bestKind = kind;
      bestSource = source;
      bestLength = length;
    }
    const to = node + length;
    if (to > limit) return;
    const total = (prices[node] as number) + price + (length >> 3) * PER_EIGHT_BYTES;
    if (total >= (prices[to] as number)) return;
    prices[to] = total;
    kinds[to] = kind;
    sources[to] = source;
    origins[to] = node;
    isBehindCopy[to] = 1;
  };

  const offerFound = (source: number, length: number) => {
    const at = start + node;
    if (source < oldLength) {
      const offset = Math.abs(source - at + (states[node * STATE + NEAR_KINDS] as number));
      offer(FROM_OLD, source, length, FROM_OLD_AT_LEAST + PER_OFFSET_BIT * bitWidth(offset));
    } else {
      const offset = at - MIN_DISTANCE - source;
      offer(FROM_NEW, source, length, FROM_NEW_AT_LEAST + PER_OFFSET_BIT * bitWidth(offset));
    }
  };

  const offerNear = (at: number): number => {
    let nearest = 0;
    for (let kind = 0; kind < NEAR_KINDS; kind++) {
      const distance = states[node * STATE + kind] as number;
      const source = at - distance;
      if (distance < MIN_DISTANCE || source < 0 || space[source] !== space[at]) continue;
      const length = matches.equalBytes(source, at);
      if (kind === 0) nearest = length;
      if (length >= (NEAR_SHORTEST[kind] as number)) {
        offer(kind, source, length, NEAR[kind] as number);
      }
      if (nearest >= LONG_NEAR) break;
    }
    return nearest;
  };

  const offerShifted = (at: number) => {
    const aligned = at - (states[node * STATE + NEAR_KINDS] as number);
    if (at + SHIFTED_SHORTEST > end) return;
    const first = view.getInt32(at, true);
    const last = Math.min(aligned + SHIFTS, oldLength - SHIFTED_SHORTEST);
    for (let source = Math.max(0, aligned - SHIFTS); source <= last; source++) {
      if (view.getInt32(source, true) !== first || source === aligned) continue;
      offerFound(source, matches.equalBytes(source, at));
    }
  };

  const offerLiteral = (at: number) => {
    const price = isIncompressible(at)
      ? INCOMPRESSIBLE_LITERAL
      : isBehindCopy[node] === 1
        ? LITERAL_BEHIND_COPY
        : LITERAL;
    const total = (prices[node] as number) + price;
    const to = node + 1;
    if (total >= (prices[to] as number)) return;
    prices[to] = total;
    kinds[to] = LITERAL_KIND;
    origins[to] = node;
    isBehindCopy[to] = 0;
  };

  /**
   * Computes prices through the window, up to its end or to a copy that is long enough to be taken at once.
   */
  const look = (): Copy | undefined => {
    limit = Math.min(WINDOW, end - start);
    prices.fill(UNREACHED, 1, limit + 1);
    prices[0] = 0;
    for (node = 0; node < limit; node++) {
      const at = start + node;
      matches.indexTo(at);
      if (node > 0) enterState(node);
      bestGain = 0;
      bestLength = 0;
      if (offerNear(at) < LONG_NEAR) {
        matches.find(at, DEPTH, offerFound);
        offerShifted(at);
      }
      if (bestLength >= (bestKind === 0 ? LONG_NEAR : LONG)) {
        return { kind: bestKind, source: bestSource, length: bestLength };
      }
      offerLiteral(at);
    }
    return undefined;
  };

  const tell = () => {
    let length = 0;
    for (let to = node; to > 0; to = origins[to] as number) path[length++] = to;
    while (length > 0) {
      const to = path[--length] as number;
      const from = origins[to] as number;
      const kind = kinds[to] as number;
      if (kind === LITERAL_KIND) sink.literal();
      else sink.copy({ kind, source: sources[to] as number, length: to - from });
    }
  };

  while (start < end) {
    const long = look();
    tell();
    if (long === undefined && node > 0) enterState(node);
    states.copyWithin(0, node * STATE, (node + 1) * STATE);
    isBehindCopy[0] = isBehindCopy[node] as number;
    start += node;
    yield start - oldLength;
    if (long === undefined) continue;
    sink.copy(long);
    pass(states, 0, long.kind, start, long.source, oldLength);
    isBehindCopy[0] = 1;
    start += long.length;
  }
}

/** Updates the state that begins at `base` for a copy. */
function pass(
  states: Int32Array,
  base: number,
  kind: number,
  at: number,
  source: number,
  oldLength: number,
): void {
  const distance = at - source;
  for (let index = Math.min(kind, NEAR_KINDS - 1); index > 0; index--) {
    states[base + index] = states[base + index - 1] as number;
  }
  states[base] = distance;
  if (source < oldLength) states[base + NEAR_KINDS] = distance;
}
