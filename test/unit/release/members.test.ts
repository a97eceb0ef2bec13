import { describe, expect, it } from 'vitest';
import { timeText } from '../../../src/release/members.ts';

describe('a time in a document', () => {
  it('has the second in which it is, and no fraction', () => {
    expect(timeText(0)).toBe('1970-01-01T00:00:00Z');
    expect(timeText(Date.UTC(2026, 10, 26, 9, 0, 1, 999))).toBe('2026-11-26T09:00:01Z');
  });

  it('is the last one that a Date can hold if it would be later', () => {
    expect(timeText(Number.MAX_SAFE_INTEGER)).toBe('+275760-09-13T00:00:00Z');
  });
});
