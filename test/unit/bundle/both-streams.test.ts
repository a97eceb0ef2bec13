// What encryptStream and decryptStream share: when they read, cancel, abort and fail.

import { describe, expect, it } from 'vitest';
import { BundleSealError, decryptStream, encryptStream } from '../../../src/index.ts';
import { bytesOf } from '../../support/bytes.ts';
import { BODY_CHUNK, code, opening, plain, sealed, sealing } from '../../support/sealed-stream.ts';
import { cut, drain, same, streamOf, watchedSignal } from '../../support/streams.ts';

const wordsOf: [
  string,
  (source: ReadableStream<Uint8Array>, more: object) => ReadableStream<Uint8Array>,
  Uint8Array,
][] = [
  ['decryptStream', (source, more) => decryptStream(source, { ...opening, ...more }), sealed.bytes],
  ['encryptStream', (source, more) => encryptStream(source, { ...sealing, ...more }).body, plain],
];

describe.each(wordsOf)('%s', (_, run, input) => {
  const pieces = cut(input, [BODY_CHUNK]);

  it('starts with the first read, and reads only some chunks ahead', async () => {
    const source = streamOf(cut(bytesOf(0), [1]), 'hang');
    run(source.stream, {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(source.pulls).toBe(0);

    const many = streamOf(pieces);
    const reader = run(many.stream, {}).getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 30));
    // Header pieces, eight chunks under way, the one read, and one looked at for the end.
    expect(many.pulls).toBeLessThanOrEqual(12);
    await reader.cancel();
  });

  it('cancels the source when its reader cancels', async () => {
    const source = streamOf(pieces);
    const reader = run(source.stream, {}).getReader();
    await reader.read();
    await reader.cancel('enough');
    expect(source.cancelled).toEqual(['enough']);
    expect(source.stream.locked).toBe(false);
  });

  it('cancels also a source that never answers', async () => {
    const source = streamOf([input.subarray(0, 1000)], 'hang');
    const reader = run(source.stream, {}).getReader();
    const reading = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await reader.cancel('enough');
    expect(source.cancelled).toEqual(['enough']);
    expect(await reading).toEqual({ done: true, value: undefined });
  });

  it.each([-1, 0, 1, 3, 8])(
    'stops at an abort after %i reads, with the reason of the signal',
    async (reads) => {
      const source = streamOf(pieces);
      const { controller, listening } = watchedSignal();
      const why = new Error('stop');
      if (reads < 0) controller.abort(why);
      const reader = run(source.stream, { signal: controller.signal }).getReader();
      for (let i = 0; i < reads; i++) await reader.read();
      if (reads >= 0) controller.abort(why);
      await expect(
        (async () => {
          while (!(await reader.read()).done);
        })(),
      ).rejects.toBe(why);
      await expect(reader.closed).rejects.toBe(why);
      expect(source.cancelled).toEqual([why]);
      expect(source.stream.locked).toBe(false);
      expect(listening()).toBe(0);
    },
  );

  it('stops at an abort while the source does not answer', async () => {
    const source = streamOf(pieces.slice(0, 2), 'hang');
    const { controller, listening } = watchedSignal();
    const draining = drain(run(source.stream, { signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort('stop');
    expect((await draining).error).toBe('stop');
    expect(source.cancelled).toEqual(['stop']);
    expect(listening()).toBe(0);
  });

  it('leaves no listener on the signal at its end', async () => {
    const { controller, listening } = watchedSignal();
    const { error } = await drain(run(streamOf(pieces).stream, { signal: controller.signal }));
    expect(error).toBeUndefined();
    expect(listening()).toBe(0);
  });

  it('ends with ERR_SOURCE_FAILED and the error of a failed source as the cause', async () => {
    const cause = new Error('connection lost');
    const source = streamOf(pieces.slice(0, 3), { error: cause });
    const { error } = await drain(run(source.stream, {}));
    expect(code(error)).toBe('ERR_SOURCE_FAILED');
    expect((error as BundleSealError).cause).toBe(cause);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(source.stream.locked).toBe(false);
  });

  it('throws an error of this library unchanged', async () => {
    const cause = new BundleSealError('ERR_CHUNK_INVALID', 'x');
    const { error } = await drain(run(streamOf(pieces.slice(0, 3), { error: cause }).stream, {}));
    expect(error).toBe(cause);
  });

  it.each([['text'], [5], [new Uint16Array(4)], [undefined]])(
    'refuses %o from the source',
    async (piece) => {
      const { error } = await drain(run(streamOf([piece]).stream, {}));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(/Uint8Array/);
    },
  );

  it('gives the right bytes or an error if the source changes bytes that it has returned', async () => {
    const own = pieces.map((piece) => piece.slice());
    let next = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          own[next - 1]?.fill(0xff);
          const piece = own[next++];
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
    const { bytes, error } = await drain(run(source, {}));
    if (run === wordsOf[0]?.[1]) {
      expect(same(bytes, plain.subarray(0, bytes.length))).toBe(true);
      if (error !== undefined) expect(error).toBeInstanceOf(BundleSealError);
    }
  });
});
