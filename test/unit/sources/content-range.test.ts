import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseContentRange, parseDate, versionOf } from '../../../src/sources/http-answer.ts';
import { waitBefore } from '../../../src/sources/http-attempts.ts';
import { runs } from '../../support/scope.ts';

describe('Content-Range', () => {
  it('round-trips for any numbers', () => {
    const ranges = fc
      .tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat())
      .map((three) => three.sort((a, b) => a - b) as [number, number, number])
      .filter(([, last, size]) => last < size);
    fc.assert(
      fc.property(
        ranges,
        fc.constantFrom('bytes', 'Bytes', 'BYTES'),
        ([first, last, size], unit) => {
          expect(parseContentRange(`${unit} ${first}-${last}/${size}`)).toEqual({
            first,
            last,
            size,
          });
        },
      ),
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        expect(parseContentRange(`bytes */${size}`)).toEqual({ size });
      }),
    );
  });

  it('with other content is not accepted', () => {
    const part = fc.constantFrom(
      'bytes',
      ' ',
      '0',
      '5',
      '-',
      '/',
      '*',
      ',',
      '9'.repeat(17),
      '+',
      '.',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const range = parseContentRange(text);
        if (range === undefined) return;
        const { first, last, size } = range;
        const numbers = first === undefined ? [size] : [first, last, size];
        expect(numbers.every((n) => Number.isSafeInteger(n) && (n ?? -1) >= 0)).toBe(true);
        expect(text.match(/\d+/g)?.map(Number)).toEqual(numbers);
        if (first !== undefined) expect(first <= (last ?? -1) && (last ?? size) < size).toBe(true);
      }),
      { numRuns: runs(2000) },
    );
  });

  it.each([
    '',
    'bytes',
    'bytes 0-9/*',
    'bytes */*',
    'bytes 0-9',
    'bytes=0-9/10',
    'bytes  0-9/10',
    'bytes 0-9/10 ',
    'bytes 0 - 9/10',
    'bytes -9/10',
    'bytes 0-/10',
    'bytes 9-0/10',
    'bytes 0-10/10',
    'bytes 0-0/0',
    'bytes -1-9/10',
    'bytes 0-9/-10',
    'bytes 0x0-0x9/10',
    'bytes 0-9/1e3',
    'bytes 0-9/10.0',
    'bytes 0-9/9007199254740992',
    'bytes 0-9/99999999999999999999999999',
    'items 0-9/10',
    'bytes 0-9/10, bytes 0-9/10',
    'bytes 0-9/10\n',
    'bytes ٠-٩/10',
  ])('is not %j', (text) => {
    expect(parseContentRange(text)).toBeUndefined();
  });
});

describe('the validator sent as If-Range', () => {
  const modified = 'Tue, 15 Nov 1994 12:45:26 GMT';
  const later = (seconds: number) => new Date(Date.parse(modified) + 1000 * seconds).toUTCString();
  const dated = (seconds: number) => ({ 'last-modified': modified, date: later(seconds) });
  const tags: [string, Record<string, string>, string | undefined][] = [
    ['a strong ETag', { etag: '"abc"' }, '"abc"'],
    ['an empty strong ETag', { etag: '""' }, '""'],
    ['no weak ETag', { etag: 'W/"abc"' }, undefined],
    ['no ETag that is none', { etag: 'abc' }, undefined],
    ['no ETag with a quote inside', { etag: '"a"b"' }, undefined],
    ['the strong ETag beside a date', { etag: '"abc"', ...dated(100) }, '"abc"'],
    ['no date beside a weak ETag', { etag: 'W/"abc"', ...dated(100) }, undefined],
    ['a date that is one second old', dated(1), modified],
    ['no date that is not a second old', dated(0), undefined],
    ['no date from the future', dated(-5), undefined],
    ['no date without a Date', { 'last-modified': modified }, undefined],
    ['no date that is none', { 'last-modified': '1994', date: later(9) }, undefined],
    ['no date beside a Date that is none', { 'last-modified': modified, date: '2024' }, undefined],
    ['nothing without either', {}, undefined],
  ];
  it.each(tags)('is %s', (_, headers, expected) => {
    expect(versionOf(new Headers(headers), 5)).toMatchObject({ size: 5, ifRange: expected });
  });
});

describe('the wait before another attempt', () => {
  afterEach(() => void vi.useRealTimers());

  const shares = (wait: () => number) => Array.from({ length: 200 }, wait);

  it('doubles, minus up to a half, and never exceeds 30 seconds', () => {
    for (const [attempt, most] of [
      [0, 200],
      [1, 400],
      [4, 3200],
      [12, 30_000],
      [5000, 30_000],
    ] as const) {
      const waits = shares(() => waitBefore(200, attempt, null));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(most / 2);
      expect(Math.max(...waits)).toBeLessThanOrEqual(most);
      expect(new Set(waits).size).toBeGreaterThan(100);
    }
    expect(waitBefore(0, 5000, null)).toBe(0);
  });

  it('is as long as Retry-After asks, up to 30 seconds', () => {
    expect(waitBefore(200, 0, '7')).toBe(7000);
    expect(waitBefore(200, 0, '3600')).toBe(30_000);
    expect(waitBefore(200, 0, '9'.repeat(400))).toBe(30_000);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-26T09:00:00Z') });
    expect(waitBefore(200, 0, 'Thu, 26 Nov 2026 09:00:10 GMT')).toBe(10_000);
  });

  it.each(['0', '-7', '7.5', 'soon', '', 'Tue, 15 Nov 1994 12:45:26 GMT'])(
    'is not changed by a Retry-After of %j',
    (retryAfter) => {
      for (const wait of shares(() => waitBefore(200, 0, retryAfter))) {
        expect(wait).toBeGreaterThanOrEqual(100);
        expect(wait).toBeLessThanOrEqual(200);
      }
    },
  );
});

describe('a date', () => {
  it('is accepted only as an IMF-fixdate', () => {
    expect(parseDate('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(784_111_777_000);
    for (const text of [
      null,
      '',
      '1994',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      '1994-11-06T08:49:37Z',
    ]) {
      expect(parseDate(text), String(text)).toBeNaN();
    }
  });
});
