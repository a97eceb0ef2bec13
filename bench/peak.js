// @ts-check
// The peak of this process's resident memory.

import { readFileSync, writeFileSync } from 'node:fs';

/** Linux forgets the peak so far, where it lets us. */
export function resetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere the peak before the call counts as well.
  }
}

/** In bytes: of this program alone, where maxRSS begins with that of its parent. */
export function peak() {
  try {
    const [, kib] = /** @type {RegExpMatchArray} */ (
      readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s+(\d+) kB$/m)
    );
    return Number(kib) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
