// The state of a store that cannot replace a file atomically, and names that sort by time.

import { selectBackend } from '../../backend/select.ts';
import { concat, equalBytes, toHex } from '../../bytes.ts';
import { DIGEST_LENGTH } from '../../format/chunks.ts';
import type { ReleaseStore } from '../release-store.ts';

/** The entries of the state, each under its number. */
export interface StateEntries {
  /** Lists the names of all entries. Names that are no numbers are ignored. */
  names(): Promise<readonly string[]>;
  read(number: number): Promise<Uint8Array | undefined>;
  write(number: number, bytes: Uint8Array): Promise<void>;
  remove(number: number): Promise<void>;
}

/**
 * The entries that stay: for each of these steps the two newest whose number follows a multiple of the step. So there always is
 * an entry that is at least 64 writes old.
 */
const STEPS: readonly number[] = [1, 8, 64];

/**
 * Keeps the state in numbered entries. Each state goes into a new entry with the next number, after its SHA-256. The entry with
 * the highest number and a correct digest is the state, so a crash leaves the old state or the new one.
 *
 * A few older entries stay too. A power cut, or a Chromium that is killed while it writes the directory of its file system, may
 * lose every entry of the last minutes: Chromium then skips up to 32 KiB of changes to that directory, some 50 states.
 */
export function numberedState(
  entries: StateEntries,
): Pick<ReleaseStore, 'readState' | 'writeState'> {
  const numbers = async () =>
    (await entries.names())
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => b - a);
  const readState = async (): Promise<Uint8Array | undefined> => {
    const listed = await numbers();
    for (const number of listed) {
      const entry = await entries.read(number);
      // Another tab may have written newer states and removed this entry since it was listed.
      if (entry === undefined && (await numbers())[0] !== listed[0]) return readState();
      if (entry === undefined || entry.length < DIGEST_LENGTH) continue;
      const state = entry.slice(DIGEST_LENGTH);
      if (equalBytes(await digest(state), entry.subarray(0, DIGEST_LENGTH))) return state;
    }
    return undefined;
  };
  return {
    readState,
    async writeState(bytes) {
      const older = await numbers();
      const number = (older[0] ?? 0) + 1;
      await entries.write(number, concat(await digest(bytes), bytes));
      const all = [number, ...older];
      const kept = new Set(
        STEPS.flatMap((step) => all.filter((n) => n % step === 1 % step).slice(0, 2)),
      );
      for (const old of older) if (!kept.has(old)) await entries.remove(old);
    },
  };
}

async function digest(bytes: Uint8Array): Promise<Uint8Array> {
  return (await selectBackend('auto')).sha256(bytes);
}

/** Makes a name of 25 characters that sorts after every earlier one, and differs from a name of the same millisecond. */
export function timedName(): string {
  const time = Date.now().toString(36).padStart(9, '0');
  return `${time}${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
}
