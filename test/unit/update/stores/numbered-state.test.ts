import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedState, type StateEntries } from '../../../../src/update/stores/numbered-state.ts';

/** Entries in memory. */
function entriesIn(map: Map<number, Uint8Array>): StateEntries {
  return {
    names: async () => [...map.keys()].map(String),
    read: async (number) => map.get(number),
    write: async (number, bytes) => {
      map.set(number, bytes);
    },
    remove: async (number) => {
      map.delete(number);
    },
  };
}

const stateOf = (n: number): Uint8Array => new TextEncoder().encode(`state ${n}`);
const textOf = (state: Uint8Array | undefined): string | undefined =>
  state && new TextDecoder().decode(state);

async function writeStates(map: Map<number, Uint8Array>, from: number, to: number): Promise<void> {
  const { writeState } = numberedState(entriesIn(map));
  for (let n = from; n <= to; n++) await writeState(stateOf(n));
}

/** More states than 32 KiB of changes to Chromium's directory hold. */
const LOST = 64;

describe('numberedState', () => {
  it('reads the state that was written last', async () => {
    const map = new Map<number, Uint8Array>();
    const { readState } = numberedState(entriesIn(map));
    expect(await readState()).toBeUndefined();
    for (let n = 1; n <= 200; n++) {
      await writeStates(map, n, n);
      expect(textOf(await readState())).toBe(`state ${n}`);
    }
  });

  it('keeps at most six entries, among them the previous one', async () => {
    const map = new Map<number, Uint8Array>();
    for (let n = 1; n <= 300; n++) {
      await writeStates(map, n, n);
      expect(map.size, `after ${n} states`).toBeLessThanOrEqual(6);
      if (n > 1) expect(map.has(n - 1), `the entry before ${n}`).toBe(true);
    }
  });

  it('reads an earlier state if the file system loses up to 64 writes but not the removals', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: LOST }),
        async (kept, lost) => {
          const map = new Map<number, Uint8Array>();
          await writeStates(map, 1, kept);
          await writeStates(map, kept + 1, kept + lost);
          const { readState } = numberedState(entriesIn(map));
          for (let n = kept + 1; n <= kept + lost; n++) map.delete(n);
          const found = textOf(await readState());
          expect(found, `after ${kept} writes, of ${kept + lost}`).toMatch(/^state \d+$/);
          expect(Number(found?.slice('state '.length))).toBeLessThanOrEqual(kept);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('goes back as few states as it can', async () => {
    const map = new Map<number, Uint8Array>();
    await writeStates(map, 1, 150);
    const { readState } = numberedState(entriesIn(map));
    const found: (string | undefined)[] = [];
    while (map.size > 0) {
      found.push(textOf(await readState()));
      map.delete(Math.max(...map.keys()));
    }
    expect(found).toEqual([150, 149, 145, 137, 129, 65].map((n) => `state ${n}`));
  });

  it('skips an entry that a crash has cut or emptied', async () => {
    const map = new Map<number, Uint8Array>();
    await writeStates(map, 1, 3);
    map.set(3, (map.get(3) as Uint8Array).slice(0, -1));
    map.set(4, new Uint8Array(0));
    expect(textOf(await numberedState(entriesIn(map)).readState())).toBe('state 2');
    await writeStates(map, 5, 5);
    expect(textOf(await numberedState(entriesIn(map)).readState())).toBe('state 5');
  });

  it('reads the newest state if another tab writes states between the list and the reading', async () => {
    const map = new Map<number, Uint8Array>();
    await writeStates(map, 1, 20);
    const entries = entriesIn(map);
    let written = 20;
    const { readState } = numberedState({
      ...entries,
      async read(number) {
        // The two entries that were listed as the newest are gone when this tab reads them.
        if (written < 26) {
          await writeStates(map, written + 1, written + 3);
          written += 3;
        }
        return entries.read(number);
      },
    });
    expect(textOf(await readState())).toBe('state 26');
  });
});
