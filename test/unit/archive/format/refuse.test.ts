// The errors for archives that are refused.

import { describe, expect, it } from 'vitest';
import { cutShort, invalid, overLimit } from '../../../../src/archive/format/refuse.ts';

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
