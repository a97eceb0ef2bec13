// Sources whose cancel() never settles: they delay no aborted call.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encryptStream } from '../../../src/index.ts';
import { unzipFile } from '../../../src/node.ts';
import { openStream } from '../../../src/sources/stream.ts';
import { unzipStream, zipBundle, zipStream } from '../../../src/zip.ts';
import { rejection } from '../../support/errors.ts';
import { keyB } from '../../support/vectors.ts';
import { collect } from '../../support/zip.ts';

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
  it('does not delay the reader that is closed with a reason', async () => {
    const { stream, cancelled } = stubborn(half);
    await openStream(stream).close('enough');
    expect(cancelled).toEqual(['enough']);
    expect(stream.locked).toBe(false);
  });

  it('does not delay an aborted or abandoned unzipStream', async () => {
    const aborted = stubborn(half);
    const { signal, reason } = abortSoon();
    await expect(unzipStream(aborted.stream, { signal }).next()).rejects.toBe(reason);
    expect(aborted.cancelled).toEqual([reason]);

    const left = stubborn(half);
    const iteration = unzipStream(left.stream);
    await iteration.return?.();
    expect(left.cancelled).toEqual([expect.objectContaining({ name: 'AbortError' })]);
  });

  it.each([
    ['zipBundle', (files: object, signal: AbortSignal) => zipBundle(files as never, { signal })],
    [
      'zipStream',
      (files: object, signal: AbortSignal) => collect(zipStream(files as never, { signal })),
    ],
  ] as const)('does not hold up an aborted %s, nor one that refuses a file', async (_, zip) => {
    const aborted = stubborn(half);
    const { signal, reason } = abortSoon();
    await expect(zip({ a: aborted.stream }, signal)).rejects.toBe(reason);
    // The stream ends first, and its source is told in the next turn.
    await expect.poll(() => aborted.cancelled).toEqual([reason]);

    const refused = stubborn(half);
    const unsafe = zip({ a: refused.stream, '../b': half }, new AbortController().signal);
    await rejection(unsafe, 'ERR_ARCHIVE_INVALID');
    await expect.poll(() => refused.cancelled).toHaveLength(1);
  });

  it('does not delay an aborted encryptStream, nor one whose body is cancelled', async () => {
    const { pkcs8: privateKey } = keyB;
    const aborted = stubborn(half);
    const { signal, reason } = abortSoon();
    const sealing = encryptStream(aborted.stream, { privateKey, signal });
    sealing.seal.catch(() => {});
    await expect(collect(sealing.body)).rejects.toBe(reason);
    await expect(sealing.seal).rejects.toBe(reason);
    expect(aborted.cancelled).toEqual([reason]);

    const left = stubborn(half);
    const unread = encryptStream(left.stream, { privateKey });
    unread.seal.catch(() => {});
    const reader = unread.body.getReader();
    reader.read().catch(() => {});
    await reader.cancel(reason);
    expect(left.cancelled).toHaveLength(1);
  });

  it('does not delay an aborted unzipFile, which leaves no file', async () => {
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
