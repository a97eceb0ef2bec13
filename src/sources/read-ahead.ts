// Many short reads that go forward, out of few long ones.

import type { Source } from './input.ts';

/**
 * The same bytes, of which `length` are read at once. What was read last is kept: the memory of one long read.
 *
 * A read of a sealed bundle or of a file costs as much as inflating some kilobytes, and a zip has thousands of files.
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
