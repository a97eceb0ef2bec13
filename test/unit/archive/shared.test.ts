// The helpers that reading and writing of zips share.

import { describe, expect, it } from 'vitest';
import { cutShort, invalid, overLimit } from '../../../src/archive/format/refuse.ts';
import { joined, lengthOf } from '../../../src/archive/pieces.ts';

describe('a refusal', () => {
  it('concerns the archive or an entry', () => {
    const cause = new Error('why');
    const whole = invalid('is odd', undefined, { offset: 0, cause });
    expect(whole).toMatchObject({
      code: 'ERR_ARCHIVE_INVALID',
      message: 'the archive is odd',
      offset: 0,
      cause,
    });
    expect('path' in whole).toBe(false);
    const entry = overLimit('maxFileSize', 'is too large', 'a\u202e');
    expect(entry).toMatchObject({
      code: 'ERR_LIMIT_EXCEEDED',
      message: '"a\\u{202e}" is too large',
      limit: 'maxFileSize',
      path: 'a\\u{202e}',
    });
    expect('offset' in entry).toBe(false);
    expect(cutShort(7, '')).toMatchObject({
      code: 'ERR_ARCHIVE_INVALID',
      message: '"" is cut short: fetch or make it again',
      offset: 7,
      path: '',
    });
  });
});

describe('bytes in pieces', () => {
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)] as const;

  it('are joined, and a single one is not copied', () => {
    expect(joined([])).toEqual(new Uint8Array(0));
    expect(joined([a])).toBe(a);
    expect(joined([a, b])).toEqual(Uint8Array.of(1, 2, 3));
    expect(lengthOf([])).toBe(0);
    expect(lengthOf([a, b])).toBe(3);
  });
});
