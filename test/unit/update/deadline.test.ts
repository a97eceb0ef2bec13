// The deadline of a request: the time in which at least 16 KiB have to arrive.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeadline } from '../../../src/update/deadline.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('a deadline', () => {
  it('begins again with each 16 KiB, and not with fewer bytes', () => {
    const deadline = createDeadline(1000);
    vi.advanceTimersByTime(999);
    deadline.progress(16_384);
    vi.advanceTimersByTime(999);
    deadline.progress(16_383);
    deadline.progress(1);
    vi.advanceTimersByTime(999);
    deadline.progress(16_383);
    expect(deadline.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(deadline.signal.aborted).toBe(true);
    expect(deadline.signal.reason).toMatchObject({
      name: 'TimeoutError',
      message: 'too few bytes have arrived',
    });
  });

  it('leaves no timer when the request has ended', () => {
    const deadline = createDeadline(1000);
    deadline.progress(20_000);
    expect(vi.getTimerCount()).toBe(1);
    deadline.end();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2000);
    expect(deadline.signal.aborted).toBe(false);
  });
});
