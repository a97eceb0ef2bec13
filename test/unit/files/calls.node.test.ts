// Which calls of the file system a thread of Node's pool makes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { onceClosed, statLink } from '../../../src/files/calls.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundleseal-calls-'));
afterAll(() => rmSync(folder, { recursive: true }));

// The time of the clock, and its advance with each call.
let now = 0;
let step = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += step;
    return now;
  });
});

/** Whether a call is answered before anything else has its turn. */
async function isAnsweredAtOnce(): Promise<boolean> {
  let isAnswered = false;
  const call = statLink(folder).then(() => {
    isAnswered = true;
  });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  const isAtOnce = isAnswered;
  await call;
  return isAtOnce;
}

describe('a call of the file system', () => {
  it('goes through threads after slow calls, and is synchronous again later', async () => {
    step = 0.1;
    for (let i = 0; i < 100; i++) expect(await isAnsweredAtOnce()).toBe(true);
    // One slow answer among many quick ones changes nothing.
    step = 5;
    await isAnsweredAtOnce();
    step = 0.1;
    expect(await isAnsweredAtOnce()).toBe(true);
    step = 20;
    await isAnsweredAtOnce();
    for (let i = 0; i < 256; i++) expect(await isAnsweredAtOnce()).toBe(false);
    step = 0.1;
    expect(await isAnsweredAtOnce()).toBe(true);
  });

  it('closes a descriptor only once', async () => {
    const close = vi.fn(async () => {
      throw new Error('EBADF');
    });
    const once = onceClosed(close);
    await Promise.all([once(), once()]);
    await once();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
