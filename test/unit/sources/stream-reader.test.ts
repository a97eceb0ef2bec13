// A stream in pieces of the reader's choice, however it is cut, and the memory that this takes.

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { headerSource, openStream } from '../../../src/sources/stream.ts';
import { bytesOf } from '../../support/bytes.ts';
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
