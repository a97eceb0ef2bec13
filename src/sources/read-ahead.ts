// Serves many short sequential reads from few long ones.

import type { Source } from './input.ts';

/**
 * Makes a source with the same bytes that reads `length` of them at once and keeps the last long read in memory.
 *
 * One read of a sealed bundle or a file takes as long as inflating some kilobytes, and a zip may have thousands of
 * files.
 */
export function readAhead(source: Source, length: number): Source {
  if (source.bytes !== undefined) return source;
  let held = { start: 0, bytes: new Uint8Array(0) as Uint8Array };
  return {
    size: source.size,
    async read(start, end, signal) {
      if (end - start > length) return source.read(start, end, signal);
      if (start < held.start || end > held.start + held.bytes.length) {
        const bytes = await source.read(start, Math.min(source.size, start + length), signal);
        held = { start, bytes };
        return bytes.subarray(0, end - start);
      }
      return held.bytes.subarray(start - held.start, end - held.start);
    },
  };
}
