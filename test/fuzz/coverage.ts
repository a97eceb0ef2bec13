// Which blocks of the library an input reaches, as V8 counts them. Own lines: the fuzzers on npm want a native module that
// is built on the spot, or instrument CommonJS alone.

import { Session } from 'node:inspector/promises';

export interface Coverage {
  /** Whether something ran since the last call that had never run before. */
  grew(): Promise<boolean>;
  readonly size: number;
  stop(): Promise<void>;
}

/** @param isOurs - Tells a script by its address. */
export async function watchCoverage(isOurs: (url: string) => boolean): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const seen = new Set<string>();
  return {
    async grew() {
      const before = seen.size;
      const { result } = await session.post('Profiler.takePreciseCoverage');
      for (const { url, scriptId, functions } of result) {
        if (!isOurs(url)) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            // Counts are compared by their order of magnitude, so a loop that runs once differs from one that runs often.
            if (count > 0)
              seen.add(
                `${scriptId} ${startOffset} ${endOffset} ${Math.ceil(Math.log2(count) / 3)}`,
              );
          }
        }
      }
      return seen.size > before;
    },
    get size() {
      return seen.size;
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
