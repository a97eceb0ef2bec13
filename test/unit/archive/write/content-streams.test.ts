// The streams that callers pass to be written: they are read or cancelled, whatever happens.

import { describe, expect, it } from 'vitest';
import { type ZipEntries, zipBundle, zipStream } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { failureOf, rejection } from '../../../support/errors.ts';
import { chunked } from '../../../support/zip.ts';

const reason = new Error('enough');

describe('streams that callers pass', () => {
  const streams = (...names: string[]) =>
    names.map((path) => ({ path, ...chunked([bytesOf(100_000)]) }));
  const dataOf = (all: ReturnType<typeof streams>) =>
    all.map(({ path, stream }) => [path, stream] as const);

  it('are released when they have been read, and not cancelled', async () => {
    const all = streams('a', 'b');
    await zipBundle(dataOf(all));
    expect(all.map(({ stream }) => stream.locked)).toEqual([false, false]);
    expect(all.map(({ cancelled }) => cancelled())).toEqual([undefined, undefined]);
  });

  it('are all cancelled if a path is refused, including its own stream', async () => {
    const all = streams('a', 'b', '../c');
    const error = await failureOf(zipBundle(dataOf(all)));
    expect(error).toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path: '../c' });
    expect(all.map(({ cancelled }) => cancelled())).toEqual([error, error, error]);
  });

  it('are cancelled if one of them fails, except those that were read', async () => {
    const all = streams('a', 'c', 'd', 'e');
    const data = () => Promise.reject(new Error('gone'));
    const error = await failureOf(zipBundle([...dataOf(all), ['b', data] as const]));
    expect(all.map(({ cancelled }) => cancelled())).toEqual([undefined, error, error, error]);
  });

  it('are cancelled with the archive', async () => {
    const all = streams('a', 'b', 'c');
    // What stands behind so much is not read ahead.
    const large = ['a-large', new Uint8Array(8 * 2 ** 20 + 1)] as const;
    const reader = zipStream([...dataOf(all), large], { level: 0 }).getReader();
    await reader.read();
    await reader.cancel(reason);
    // The first has been read.
    expect(all[0]?.cancelled()).toBeUndefined();
    for (const { cancelled } of all.slice(1)) {
      expect(cancelled()).toMatchObject({
        name: 'AbortError',
        message: 'the archive was given up by its reader',
      });
    }
  });

  type Given = ReturnType<typeof streams>[number];
  const collections: [string, (all: ReturnType<typeof streams>) => ZipEntries][] = [
    ['pairs', dataOf],
    ['items', (all) => all.map(({ path, stream: data }) => ({ path, data }))],
    ['a Map', (all) => new Map(dataOf(all))],
    ['files by path', (all) => Object.fromEntries(dataOf(all))],
  ];

  it.each(collections)('are cancelled, in %s, if nothing has begun', async (_, entriesOf) => {
    const left = streams('a', 'b');
    await zipStream(entriesOf(left)).cancel(reason);
    const late = streams('a', 'b');
    const stopped = zipStream(entriesOf(late), { signal: AbortSignal.abort(reason) });
    await expect(stopped.getReader().read()).rejects.toBe(reason);
    const never = streams('a', 'b');
    const work = zipBundle(entriesOf(never), { signal: AbortSignal.abort(reason) });
    await expect(work).rejects.toBe(reason);
    for (const { cancelled } of [...left, ...late, ...never]) expect(cancelled()).toBe(reason);
  });

  it.each(collections)(
    'are cancelled, in %s, if a path before theirs is refused',
    async (_, entriesOf) => {
      const all = streams('../a', 'b', 'c');
      const error = await failureOf(zipBundle(entriesOf(all)));
      expect(error).toMatchObject({ code: 'ERR_ARCHIVE_INVALID', path: '../a' });
      expect(all.map(({ cancelled }) => cancelled())).toEqual([error, error, error]);
    },
  );

  it('are not requested from an iterable that has not given them yet', async () => {
    let asked = 0;
    const entries = (function* () {
      asked += 1;
      yield ['a', new Uint8Array(1)] as const;
    })();
    await zipStream(entries).cancel(reason);
    const work = zipBundle(entries, { signal: AbortSignal.abort(reason) });
    await expect(work).rejects.toBe(reason);
    expect(asked).toBe(0);
  });

  it('are cancelled if they arrive after an abort', async () => {
    const controller = new AbortController();
    const [early, late] = streams('a', 'b') as [Given, Given];
    let answer: (() => void) | undefined;
    let isLeft = false;
    const entries = (async function* () {
      try {
        yield [early.path, early.stream] as const;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        yield [late.path, late.stream] as const;
      } finally {
        isLeft = true;
      }
    })();
    const work = zipBundle(entries, { signal: controller.signal });
    await expect.poll(() => answer).toBeDefined();
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(early.cancelled()).toBe(reason);
    answer?.();
    await expect.poll(() => isLeft).toBe(true);
    expect(late.cancelled()).toBe(reason);
  });

  it('are cancelled also beside values that are not files', async () => {
    const [one] = streams('a') as [Given];
    const entries = [null, undefined, ['a'], 7, { path: 'a', data: one.stream }];
    const error = await failureOf(zipBundle(entries as never));
    expect((error as TypeError).message).toMatch(/got null$/);
    expect(one.cancelled()).toBe(error);
  });

  it('that reject cancel, or that another reader has locked, cause no further error', async () => {
    const stubborn = new ReadableStream<Uint8Array>({
      cancel() {
        throw new Error('no');
      },
    });
    const locked = chunked([]).stream;
    locked.getReader();
    const work = zipBundle([
      ['../a', new Uint8Array(1)],
      ['b', stubborn],
      ['c', locked],
    ] as const);
    await rejection(work, 'ERR_ARCHIVE_INVALID');
    const behind = zipBundle({ a: () => Promise.reject(reason), b: stubborn, c: locked });
    expect((await rejection(behind, 'ERR_SOURCE_FAILED')).cause).toBe(reason);
    const first = zipBundle({ a: locked });
    await expect(first).rejects.toThrow(/source is locked/);
  });
});
