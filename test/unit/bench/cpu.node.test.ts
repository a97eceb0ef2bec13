// What bench/cpu.js measures with: the CPU time of a command, and threads that only deflate.

import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { timed } from '../../../bench/cpu-time.js';
import { startDeflating } from '../../../bench/deflate-alone.js';
import { zipBundle } from '../../../src/zip.ts';

describe('timed', () => {
  const shell = (script: string, ...args: string[]) =>
    timed(['sh', '-ec', script, 'sh', ...args], tmpdir());

  it('counts the processes and threads of a command', () => {
    const burn = 'while (process.cpuUsage().user < 2e5) for (let i = 0; i < 1e6; i++);';
    const thread = `new (require('worker_threads').Worker)("${burn}", { eval: true })`;
    const { ms, cpu } = shell('"$1" -e "$2"; true', process.execPath, thread);
    expect(cpu).toBeGreaterThan(200);
    expect(ms).toBeGreaterThan(0);
  });

  it('does not count the time in which a command waits', () => {
    const { ms, cpu } = shell('sleep 1');
    expect(ms).toBeGreaterThan(990);
    expect(cpu).toBeLessThan(500);
  });

  it('refuses a command that fails, with its message', () => {
    expect(() => shell('echo no such key >&2; exit 3')).toThrow(/failed: no such key/);
  });
});

describe('startDeflating', () => {
  // Text that deflate makes smaller, in three pieces, two pieces and one.
  const contents = [1_200_000, 524_289, 3000].map((length) =>
    Uint8Array.from({ length }, (_, i) => (i * i) >> 7),
  );

  it.each([1, 2])('deflates the pieces of zipBundle once with %d threads', async (count) => {
    const deflating = await startDeflating(contents, count);
    try {
      const files = Object.fromEntries(contents.map((content, i) => [`${i}`, content]));
      const headers = (await zipBundle({ 0: new Uint8Array(0) })).length - 22;
      const zipped = (await zipBundle(files)).length - 22 - contents.length * headers;
      expect(await deflating.run()).toEqual({ pieces: 6, bytes: zipped });
      expect(await deflating.run()).toEqual({ pieces: 6, bytes: zipped });
    } finally {
      await deflating.end();
    }
  });
});
