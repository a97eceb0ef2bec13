import { vi } from 'vitest';
import { toHex } from '../../src/bytes.ts';

/** In hexadecimal, what was in memory that was wiped while the work was done. */
export async function wipedBy(work: () => unknown): Promise<string[]> {
  const wiped: string[] = [];
  const { fill } = Uint8Array.prototype;
  const spy = vi.spyOn(Uint8Array.prototype, 'fill').mockImplementation(function wipe(
    this: Uint8Array,
    ...args
  ) {
    if (args[0] === 0) wiped.push(toHex(this));
    return fill.apply(this, args);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return wiped;
}
