// How long a publisher waits between two looks at the lock of another one.
// @vitest-environment-options { "own": "lock-waits" }

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as timers from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { forgetTemporary, nameTemporary } from '../../../src/files/temporary.ts';
import { withLock } from '../../../src/publish/lock.ts';
import { rejection } from '../../support/errors.ts';
import { newFolder } from '../../support/publish.ts';

/** The clock of the waiting publisher, which goes on only while it waits. */
const clock = vi.hoisted(() => ({ now: 0, waits: [] as number[] }));

vi.mock(import('node:timers/promises'), async (original) => {
  const real = await original();
  const setTimeout = (async (wait: number) => {
    clock.waits.push(wait);
    clock.now += wait;
  }) as typeof timers.setTimeout;
  return { ...real, setTimeout, default: { ...real, setTimeout } as never };
});

afterEach(() => void vi.restoreAllMocks());

describe('a publisher that waits for another one', () => {
  it.each([
    ['shortest', 0, 10, 500],
    ['longest', 1, 30, 1500],
  ])(
    'looks again soon, and later about once a second: the %s waits',
    async (_, random, first, last) => {
      clock.now = 0;
      clock.waits = [];
      vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const folder = newFolder();
      const running = await nameTemporary('.publish.lock');
      writeFileSync(join(folder, '.publish.lock'), running);
      const timing = { beat: 60_000, stale: 60_000, patience: 20_000 };
      await rejection(
        withLock(folder, undefined, async () => {}, timing),
        'ERR_STORE',
      );
      forgetTemporary(running);
      const { waits } = clock;
      expect(waits[0]).toBe(first);
      // Each wait is twice as long as the one before, up to the last length.
      for (const [index, wait] of waits.entries()) {
        if (index > 0) expect(wait).toBe(Math.min(last, 2 * (waits[index - 1] as number)));
      }
      expect(waits.at(-1)).toBe(last);
    },
  );
});
