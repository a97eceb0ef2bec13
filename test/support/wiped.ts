import { vi } from 'vitest';
import { toHex } from '../../src/bytes.ts';

/** Returns the content of memory that was wiped during the work, in hexadecimal. */
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

/** Does the same for memory of this length, also if the work fails. */
export function wipedDuring(length: number, work: () => unknown): Promise<string[]> {
  const whatever = async () => {
    try {
      await work();
    } catch {
      // Other tests check the error.
    }
  };
  return wipedBy(whatever, (memory) => memory.length === length);
}
