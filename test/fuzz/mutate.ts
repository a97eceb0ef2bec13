// Changes to an input that keep most of its structure, the same for the same seed.

/** Numbers from 0 to before 1 (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// What lengths, counts and offsets go wrong at.
const EXTREMES = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 2n ** 31n, 2n ** 32n - 1n];
const WIDE = [...EXTREMES, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

type Random = () => number;

const upTo = (random: Random, limit: number) => Math.floor(random() * limit);
const pick = <T>(random: Random, from: readonly T[]): T => from[upTo(random, from.length)] as T;

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + removed));
  const made = new Uint8Array(at + added.length + rest.length);
  made.set(bytes.subarray(0, at));
  made.set(added, at);
  made.set(rest, at + added.length);
  return made;
}

type Change = (
  bytes: Uint8Array,
  random: Random,
  pool: readonly Uint8Array[],
  tokens: readonly Uint8Array[],
) => Uint8Array;

const CHANGES: readonly Change[] = [
  // A bit.
  (bytes, random) => {
    const made = bytes.slice();
    const at = upTo(random, made.length);
    made[at] = (made[at] as number) ^ (1 << upTo(random, 8));
    return made;
  },
  // A byte.
  (bytes, random) => {
    const made = bytes.slice();
    made[upTo(random, made.length)] = upTo(random, 256);
    return made;
  },
  // An integer of two, four or eight bytes, either way round.
  (bytes, random) => {
    const width = pick(random, [2, 4, 8] as const);
    if (bytes.length < width) return bytes;
    const made = bytes.slice();
    const view = new DataView(made.buffer);
    const at = upTo(random, made.length - width + 1);
    const value = pick(random, width === 8 ? WIDE : EXTREMES);
    const little = random() < 0.5;
    if (width === 2) view.setUint16(at, Number(value & 0xffffn), little);
    else if (width === 4) view.setUint32(at, Number(value), little);
    else view.setBigUint64(at, value, little);
    return made;
  },
  // A cut at the end, and one within.
  (bytes, random) => bytes.slice(0, upTo(random, bytes.length)),
  (bytes, random) => {
    const at = upTo(random, bytes.length);
    return spliced(bytes, at, 1 + upTo(random, 16), new Uint8Array(0));
  },
  // A part twice.
  (bytes, random) => {
    const at = upTo(random, bytes.length);
    const part = bytes.slice(at, at + 1 + upTo(random, 64));
    return spliced(bytes, upTo(random, bytes.length), 0, part);
  },
  // Something else put in.
  (bytes, random) => {
    const added = Uint8Array.from({ length: 1 + upTo(random, 8) }, () => upTo(random, 256));
    return spliced(bytes, upTo(random, bytes.length + 1), 0, added);
  },
  // A word of the language put in, or in the place of others.
  (bytes, random, _pool, tokens) => {
    if (tokens.length === 0) return bytes;
    const at = upTo(random, bytes.length + 1);
    return spliced(bytes, at, random() < 0.5 ? 0 : upTo(random, 12), pick(random, tokens));
  },
  // The end of another input.
  (bytes, random, pool) => {
    const other = pick(random, pool);
    const added = other.slice(upTo(random, other.length + 1));
    return spliced(bytes, upTo(random, bytes.length + 1), bytes.length, added);
  },
];

const MAX_LENGTH = 65_536;

/** One to five changes of one of the pool. */
export function mutate(
  pool: readonly Uint8Array[],
  tokens: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  let bytes = pick(random, pool);
  for (let changes = 1 + upTo(random, 5); changes > 0; changes--) {
    const change = pick(random, CHANGES);
    if (bytes.length > 0) bytes = change(bytes, random, pool, tokens);
  }
  return bytes.slice(0, MAX_LENGTH);
}
