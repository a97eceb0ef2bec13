// A stream in pieces of the reader's choice, however it is cut, and the memory that this takes.

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { headerSource, openStream } from '../../../src/sources/stream.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { runs } from '../../support/scope.ts';
import { cut, same, streamOf } from '../../support/streams.ts';

afterEach(() => vi.unstubAllGlobals());

const lengths = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 5 });
const isEmpty = (cuts: readonly number[]) => cuts.every((length) => length === 0);

describe('a reader of a stream', () => {
  it('gives the bytes in order, for any pieces and any requests', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20_000 }),
        lengths.filter((cuts) => !isEmpty(cuts)),
        lengths.filter((cuts) => !isEmpty(cuts)),
        fc.constantFrom('take', 'takeAfter', 'fill'),
        async (length, cuts, asked, how) => {
          const bytes = bytesOf(length);
          const reader = openStream(streamOf(cut(bytes, cuts)).stream);
          for (let at = 0, i = 0; at < length; i++) {
            const wanted = asked[i % asked.length] as number;
            const expected = bytes.subarray(at, at + wanted);
            const before = Uint8Array.of(7, 7);
            let got: Uint8Array;
            if (how === 'fill') {
              const room = new Uint8Array(wanted);
              got = room.subarray(0, await reader.fill(room));
            } else if (how === 'take') {
              got = await reader.take(wanted);
            } else {
              const whole = await reader.takeAfter(before, wanted);
              expect(same(whole.subarray(0, 2), before)).toBe(true);
              got = whole.subarray(2);
            }
            expect(same(got, expected)).toBe(true);
            at += expected.length;
          }
          expect(await reader.ended()).toBe(true);
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('copies no bytes that one piece holds', async () => {
    const piece = bytesOf(100);
    const reader = openStream(streamOf([piece]).stream);
    for (const [from, to] of [
      [0, 40],
      [40, 40],
      [40, 100],
    ] as const) {
      const bytes = await reader.take(to - from);
      expect(bytes.buffer).toBe(piece.buffer);
      expect(bytes.byteOffset).toBe(piece.byteOffset + from);
      expect(same(bytes, piece.subarray(from, to))).toBe(true);
    }
  });

  it('does not wait for a silent stream to give no bytes', async () => {
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const reader = openStream(silent);
    expect(await reader.take(0)).toEqual(new Uint8Array(0));
    expect(await reader.fill(new Uint8Array(0))).toBe(0);
    expect(await reader.takeAfter(Uint8Array.of(7), 0)).toEqual(Uint8Array.of(7));
  });

  it('says how many bytes arrived before the stream failed', async () => {
    const cause = new Error('the connection was cut');
    let pulls = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(bytesOf(100));
        else controller.error(cause);
      },
    });
    const reader = openStream(stream);
    await reader.take(60);
    await reader.take(30);
    const error = await rejection(reader.take(50), 'ERR_SOURCE_FAILED');
    expect(error).toMatchObject({
      cause,
      offset: 100,
      message: 'the source stream failed after 100 bytes: see the cause, and open the stream again',
    });
  });

  it.each([
    [undefined, 'source expected a ReadableStream, got nothing'],
    [new Uint8Array(3), 'source expected a ReadableStream, got a Uint8Array'],
    [{ getReader: 1 }, 'source expected a ReadableStream, got an object'],
  ])('is not made of %o', (source, message) => {
    expect(() => openStream(source as never)).toThrow(new TypeError(message));
  });

  it('leaves the rest of the stream to others if it is closed without a reason', async () => {
    const { stream } = streamOf([bytesOf(10), bytesOf(20)]);
    const reader = openStream(stream);
    await reader.take(10);
    await reader.close();
    expect(stream.locked).toBe(false);
    expect(await openStream(stream).take(50)).toEqual(bytesOf(20));
  });

  it('cancels the rest of the stream with the reason of its closing', async () => {
    const cancelled: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(bytesOf(10)),
      cancel: (reason) => void cancelled.push(reason),
    });
    const reader = openStream(stream);
    await reader.take(5);
    const reason = new Error('enough');
    await reader.close(reason);
    expect(cancelled).toEqual([reason]);
    expect(stream.locked).toBe(false);
  });

  it('gives a header in the parts that are asked for', async () => {
    const source = headerSource(openStream(streamOf([bytesOf(100)]).stream));
    expect(await source.read(0, 10)).toEqual(bytesOf(100).slice(0, 10));
    expect(await source.read(10, 30)).toEqual(bytesOf(100).slice(10, 30));
    const longer = await source.readAfter?.(bytesOf(100).slice(0, 30), 50);
    expect(longer).toEqual(bytesOf(100).slice(0, 50));
  });

  it('is not made of a stream that has another reader', () => {
    const { stream } = streamOf([bytesOf(1)]);
    stream.getReader();
    expect(() => openStream(stream)).toThrow(
      new TypeError('source is locked by another reader: pass a stream that is not locked'),
    );
  });

  it('allocates at most twice the memory of the received bytes, for any requests', async () => {
    let taken = 0;
    const Real = Uint8Array;
    const Counted = new Proxy(Uint8Array, {
      construct(_target, given) {
        if (typeof given[0] === 'number') taken += given[0];
        return Reflect.construct(Real, given) as Uint8Array;
      },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20_000 }),
        lengths.filter((cuts) => !isEmpty(cuts)),
        fc.constantFrom(0, 1, 1000, 2 ** 25, 2 ** 40),
        async (length, cuts, more) => {
          const source = headerSource(openStream(streamOf(cut(bytesOf(length), cuts)).stream));
          vi.stubGlobal('Uint8Array', Counted);
          taken = 0;
          const got = await source.readAfter?.(bytesOf(0), length + more);
          vi.unstubAllGlobals();
          expect(got?.length).toBe(length);
          // The first block may be larger than its content.
          expect(taken).toBeLessThanOrEqual(3 * length + 1024);
        },
      ),
      { numRuns: runs(100) },
    );
  });

  it('does not block timers while endless tiny pieces arrive', async () => {
    const source = new ReadableStream<Uint8Array>(
      { pull: (controller) => controller.enqueue(new Uint8Array(1)) },
      { highWaterMark: 0 },
    );
    const stop = new AbortController();
    setTimeout(() => stop.abort('enough'), 20);
    await expect(openStream(source).take(2 ** 40, stop.signal)).rejects.toBe('enough');
  });
});
