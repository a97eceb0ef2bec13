// Which memory a call allocates.

import { vi } from 'vitest';

/** Records the length of each new ArrayBuffer in the returned list, until `vi.unstubAllGlobals`. */
export function recordAllocations(): unknown[] {
  const lengths: unknown[] = [];
  const Counted = new Proxy(ArrayBuffer, {
    construct(target, given: [number]) {
      lengths.push(given[0]);
      return new target(...given);
    },
  });
  vi.stubGlobal('ArrayBuffer', Counted);
  return lengths;
}
