// Keeps the heap of V8 small while many files are processed.

// Bytes. V8 starts to collect its old generation when this much memory outside of its heap is new.
const PRESSURE = 2 ** 26;

// Number of files that leave some megabytes of garbage in the old generation.
const OFTEN = 4096;

// Less leaves at most some megabytes of garbage.
const MANY_FILES = 1024;
const MANY_BYTES = 2 ** 24;

/**
 * Makes V8 collect its old generation soon, for a fraction of a per cent of the time. Without it, tens of megabytes
 * accumulate there, because objects of a file that outlive two collections of the young generation are moved. The
 * bytes are never written to, so they take no physical memory.
 */
function collectSoon(): void {
  try {
    new ArrayBuffer(PRESSURE);
  } catch {
    // A system that reserves memory for all that is allocated has no more. V8 has collected its garbage then.
  }
}

/**
 * Calls {@link collectSoon} after work on so many files of so many bytes in all. After less it does nothing, because a
 * collection takes tens of milliseconds where the program has a large heap of its own.
 */
export function collectAfter(files: number, bytes: number): void {
  if (files >= MANY_FILES || bytes >= MANY_BYTES) collectSoon();
}

/** Returns a function to call for each file. It calls {@link collectSoon} now and then. */
export function createCollector(): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count % OFTEN === 0) collectSoon();
  };
}
