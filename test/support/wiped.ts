import { vi } from 'vitest';
import { toHex } from '../../src/bytes.ts';

/** In hexadecimal, what was in memory that was wiped while the work was done. */
export async function wipedBy(
  work: () => unknown,
  isMeant: (memory: Uint8Array) => boolean = () => true,
): Promise<string[]> {
  const wiped: string[] = [];
  const { fill } = Uint8Array.prototype;
  const spy = vi.spyOn(Uint8Array.prototype, 'fill').mockImplementation(function wipe(
    this: Uint8Array,
    ...args
  ) {
    if (args[0] === 0 && isMeant(this)) wiped.push(toHex(this));
    return fill.apply(this, args);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return wiped;
}

/** The same of memory of this length, whatever came of the work. */
export function wipedDuring(length: number, work: () => unknown): Promise<string[]> {
  const whatever = async () => {
    try {
      await work();
    } catch {
      // What it fails with is the other tests' affair.
    }
  };
  return wipedBy(whatever, (memory) => memory.length === length);
}
