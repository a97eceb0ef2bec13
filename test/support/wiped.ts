import { vi } from 'vitest';
import { toHex } from '../../src/bytes.ts';

/** What stood in each memory of this length, in hex, when it was filled with zeros while `work` ran, whatever came of it. */
export async function wipedDuring(length: number, work: () => unknown): Promise<string[]> {
  const wiped: string[] = [];
  const { fill } = Uint8Array.prototype;
  const spy = vi.spyOn(Uint8Array.prototype, 'fill').mockImplementation(function (
    this: Uint8Array,
    ...args
  ) {
    if (args[0] === 0 && this.length === length) wiped.push(toHex(this));
    return fill.apply(this, args);
  });
  try {
    await work();
  } catch {
    // What it fails with is the other tests' affair.
  } finally {
    spy.mockRestore();
  }
  return wiped;
}
