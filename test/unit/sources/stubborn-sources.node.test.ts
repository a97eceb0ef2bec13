// Sources whose cancel() never settles: they hold up nobody who has given up.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unzipFile } from '../../../src/node.ts';
import { openStream } from '../../../src/sources/stream.ts';
import { zipBundle } from '../../../src/zip.ts';

/** Gives these bytes, then nothing; its cancel is told the reason and never settles. */
function stubborn(bytes: Uint8Array) {
  const cancelled: unknown[] = [];
  let isGiven = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (isGiven) return new Promise(() => {});
        isGiven = true;
        controller.enqueue(bytes);
        return undefined;
      },
      cancel(reason) {
        cancelled.push(reason);
        return new Promise(() => {});
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, cancelled };
}

const half = (await zipBundle({ a: new Uint8Array(100_000) })).slice(0, 40);

function abortSoon() {
  const stop = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => stop.abort(reason), 20);
  return { signal: stop.signal, reason };
}

describe('a source whose cancel never settles', () => {
  it('does not hold up the reader that is closed with a reason', async () => {
    const { stream, cancelled } = stubborn(half);
    await openStream(stream).close('enough');
    expect(cancelled).toEqual(['enough']);
    expect(stream.locked).toBe(false);
  });

  it('does not hold up an aborted unzipFile, which leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stubborn-'));
    try {
      const { stream, cancelled } = stubborn(half);
      const { signal, reason } = abortSoon();
      await expect(unzipFile(stream, join(folder, 'out'), { signal })).rejects.toBe(reason);
      expect(cancelled).toEqual([reason]);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
