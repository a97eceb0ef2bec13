// How long the second thread stays, by a clock that the tests move.
// @vitest-environment-options { "own": "thread" }

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeBackend } from '../../../src/backend/node.ts';
import { bytesOf } from '../../support/bytes.ts';
import { watchThreads } from '../../support/threads.ts';

const CHUNK = 65_536;
const LARGE = 64 * 2 ** 20;
const SECONDS = 1000;
const key = bytesOf(32);
const nonce = new Uint8Array(12);
const plain = bytesOf(CHUNK);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  // One thread is the most that two cores have.
  const os = process.getBuiltinModule('node:os');
  vi.spyOn(os, 'availableParallelism').mockReturnValue(2);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const open = (size = LARGE, chunkSize = CHUNK) =>
  nodeBackend.createCipher('encrypt', key, size, chunkSize) as Exclude<
    ReturnType<typeof nodeBackend.createCipher>,
    Promise<unknown>
  >;

async function expectRight(cipher: ReturnType<typeof open>): Promise<void> {
  const out = new Uint8Array(CHUNK + 16);
  const digest = await cipher.encrypt(nonce, plain, out);
  const small = open(CHUNK);
  const expected = new Uint8Array(CHUNK + 16);
  expect(digest).toEqual(await small.encrypt(nonce, plain, expected));
  expect(Buffer.compare(out, expected)).toBe(0);
  small.close();
}

describe('the second thread', () => {
  it('ends after five seconds without work, and the next chunk starts another one', async () => {
    const threads = watchThreads();
    const cipher = open();
    expect(cipher.hasThread).toBe(true);
    await expectRight(cipher);
    expect(threads).toHaveLength(1);
    const ended = vi.spyOn(threads[0] as (typeof threads)[0], 'terminate');
    await vi.advanceTimersByTimeAsync(4.9 * SECONDS);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(0.2 * SECONDS);
    expect(ended).toHaveBeenCalledTimes(1);
    await expectRight(cipher);
    expect(threads).toHaveLength(2);
    await expectRight(cipher);
    expect(threads).toHaveLength(2);
    cipher.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it('serves the next bundle of the same chunk size for five seconds', async () => {
    const threads = watchThreads();
    for (let i = 0; i < 3; i++) {
      const cipher = open();
      await expectRight(cipher);
      cipher.close();
      await vi.advanceTimersByTimeAsync(4 * SECONDS);
    }
    expect(threads).toHaveLength(1);
    const ended = vi.spyOn(threads[0] as (typeof threads)[0], 'terminate');
    await vi.advanceTimersByTimeAsync(1.1 * SECONDS);
    expect(ended).toHaveBeenCalledTimes(1);
    const last = open();
    expect(threads).toHaveLength(2);
    last.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it('of another chunk size is ended for the new one', async () => {
    const threads = watchThreads();
    open().close();
    const ended = vi.spyOn(threads[0] as (typeof threads)[0], 'terminate');
    const other = open(LARGE, 2 * CHUNK);
    expect(ended).toHaveBeenCalledTimes(1);
    expect(threads).toHaveLength(2);
    other.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it('is only one on two cores, however many bundles there are at once', async () => {
    const threads = watchThreads();
    const ciphers = [open(), open(), open()];
    expect(ciphers.map(({ hasThread }) => hasThread)).toEqual([true, false, false]);
    for (const cipher of ciphers) await expectRight(cipher);
    for (const cipher of ciphers) cipher.close();
    expect(threads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it('that is idle serves the next bundle, although the thread of another bundle has ended', async () => {
    vi.spyOn(process.getBuiltinModule('node:os'), 'availableParallelism').mockReturnValue(3);
    const threads = watchThreads();
    const [first, second] = [open(), open()];
    expect(threads).toHaveLength(2);
    const ended = threads.map((thread) => vi.spyOn(thread, 'terminate'));
    first.close();
    second.close();
    expect(ended.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
    const next = open();
    expect(next.hasThread).toBe(true);
    expect(threads).toHaveLength(2);
    next.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
    expect(ended.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it.each([
    [2 ** 16 - 1, 0],
    [2 ** 16, 1],
    [2 ** 20, 1],
    [2 ** 20 + 1, 0],
  ])('takes chunks of 64 KiB to 1 MiB: of %i bytes on %i threads', async (chunkSize, count) => {
    const threads = watchThreads();
    const cipher = open(LARGE, chunkSize);
    expect([cipher.hasThread, threads.length]).toEqual([count === 1, count]);
    cipher.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it.each([
    ['less than 32 MiB', 32 * 2 ** 20 - 1, false],
    ['32 MiB', 32 * 2 ** 20, true],
    ['an unknown size', Number.POSITIVE_INFINITY, false],
  ])('starts with a bundle of %s: of %d bytes, %s', async (_, size, starts) => {
    const threads = watchThreads();
    const cipher = open(size);
    expect([cipher.hasThread, threads.length]).toEqual([starts, starts ? 1 : 0]);
    cipher.close();
    await vi.advanceTimersByTimeAsync(6 * SECONDS);
  });

  it('starts for a bundle of unknown size after 8 MiB, and not at all on one core', async () => {
    const threads = watchThreads();
    const seal = async (chunks: number) => {
      const cipher = open(Number.POSITIVE_INFINITY);
      const out = new Uint8Array(CHUNK + 16);
      for (let i = 0; i < chunks; i++) await cipher.encrypt(nonce, plain, out);
      cipher.close();
      await vi.advanceTimersByTimeAsync(6 * SECONDS);
    };
    await seal(127);
    expect(threads).toHaveLength(0);
    await seal(128);
    expect(threads).toHaveLength(1);
    await seal(200);
    expect(threads).toHaveLength(2);
    vi.spyOn(process.getBuiltinModule('node:os'), 'availableParallelism').mockReturnValue(1);
    await seal(130);
    expect(threads).toHaveLength(2);
  });
});
