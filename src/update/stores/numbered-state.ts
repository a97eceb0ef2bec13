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
 * Keeps the state in numbered entries. Each state goes into a new entry with the next number, after its SHA-256. The entry with
 * the highest number and a correct digest is the state, so a crash leaves the old state or the new one.
 */
export function numberedState(
  entries: StateEntries,
): Pick<ReleaseStore, 'readState' | 'writeState'> {
  const numbers = async () =>
    (await entries.names())
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => b - a);
  return {
    async readState() {
      for (const number of await numbers()) {
        const entry = await entries.read(number);
        if (entry === undefined || entry.length < DIGEST_LENGTH) continue;
        const state = entry.slice(DIGEST_LENGTH);
        if (equalBytes(await digest(state), entry.subarray(0, DIGEST_LENGTH))) return state;
      }
      return undefined;
    },
    async writeState(bytes) {
      const older = await numbers();
      await entries.write((older[0] ?? 0) + 1, concat(await digest(bytes), bytes));
      // Keeps the previous entry, because a power cut may lose the entry that was written last.
      for (const number of older.slice(1)) await entries.remove(number);
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
