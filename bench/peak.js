// @ts-check
// The peak of this process's resident memory.

import { readFileSync, writeFileSync } from 'node:fs';

/** Resets the peak on Linux, if that is allowed. */
export function resetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // On other systems the peak includes the time before the call.
  }
}

/** In bytes, for this program only. maxRSS would begin with the value of the parent process. */
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
