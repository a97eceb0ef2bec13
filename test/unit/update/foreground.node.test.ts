// The timer of a trial, which counts only the time in which the page is visible.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { foregroundTimer } from '../../../src/update/foreground.ts';

const HOUR = 3_600_000;

describe('a timer of the foreground', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Starts a timer. `calls` is the number of times that it has expired. */
  function start(milliseconds: number) {
    const state = { calls: 0, stop: () => {} };
    state.stop = foregroundTimer(milliseconds, () => {
      state.calls += 1;
    });
    return state;
  }

  it.each([
    [1, 1],
    [400, 400],
    [1000, 1000],
    [2000, 2000],
    // The timer reads the clock once a second.
    [2500, 3000],
  ])('of %i ms expires once, after %i ms', (milliseconds, end) => {
    const timer = start(milliseconds);
    vi.advanceTimersByTime(end - 1);
    expect(timer.calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect([timer.calls, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('does not count the time in which the page is hidden', () => {
    const page = { visibilityState: 'visible' };
    vi.stubGlobal('document', page);
    const timer = start(3000);
    vi.advanceTimersByTime(1000);
    page.visibilityState = 'hidden';
    vi.advanceTimersByTime(HOUR);
    page.visibilityState = 'visible';
    vi.advanceTimersByTime(1999);
    expect(timer.calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timer.calls).toBe(1);
  });

  it('counts a second at most of the time in which the page was suspended', () => {
    const timer = start(3000);
    vi.setSystemTime(Date.now() + HOUR);
    vi.advanceTimersByTime(2999);
    expect(timer.calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timer.calls).toBe(1);
  });

  it('counts nothing for the second in which the clock was set back', () => {
    const timer = start(2000);
    vi.setSystemTime(Date.now() - HOUR);
    vi.advanceTimersByTime(2999);
    expect(timer.calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(timer.calls).toBe(1);
  });

  it('does not expire after it was stopped', () => {
    const timer = start(2000);
    vi.advanceTimersByTime(1000);
    timer.stop();
    vi.advanceTimersByTime(HOUR);
    expect([timer.calls, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

it('a timer of the foreground does not keep a process alive', () => {
  const begun = vi.spyOn(globalThis, 'setInterval');
  const stop = foregroundTimer(HOUR, () => {});
  const timer = begun.mock.results[0]?.value as NodeJS.Timeout;
  expect(timer.hasRef()).toBe(false);
  stop();
  begun.mockRestore();
});
