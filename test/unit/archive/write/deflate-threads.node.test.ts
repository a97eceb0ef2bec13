// Deflating on several threads: the same bytes with any number of them, and no thread that is left behind.
// @vitest-environment-options { "own": "threads" }

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as workerThreads from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDeflate } from '../../../../src/archive/write/deflate-queue.ts';
import { zipFolder } from '../../../../src/files/zip-directory.ts';
import { zipBundle, zipStream } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { makeFolder } from '../../../support/files.ts';
import { runs } from '../../../support/scope.ts';
import { same, textOf } from '../../../support/zip.ts';

const MIB = 2 ** 20;
const threads = process.getBuiltinModule('node:worker_threads');

/** Every thread that is started. */
let started: { readonly worker: workerThreads.Worker; readonly exit: Promise<unknown> }[] = [];
/** Runs for each new thread. */
let onStart: (worker: workerThreads.Worker) => void = () => {};

class Watched extends workerThreads.Worker {
  constructor(...args: ConstructorParameters<typeof workerThreads.Worker>) {
    super(...args);
    started.push({ worker: this, exit: new Promise((resolve) => this.once('exit', resolve)) });
    onStart(this);
  }
}

const real = threads.Worker;

beforeEach(() => {
  started = [];
  onStart = () => {};
  Object.assign(threads, { Worker: Watched });
});

afterEach(async () => {
  Object.assign(threads, { Worker: real });
  await Promise.all(started.map(({ exit }) => exit));
});

/** Deflating takes a third of the time at this level, and is shared out alike. */
const level = 1;

const files = {
  'a.js': textOf(3 * MIB),
  'b.bin': bytesOf(MIB),
  'c.js': textOf(700_000),
  'large.js': textOf(9 * MIB),
  'short.txt': textOf(100),
};

/** The bytes that this thread makes alone. */
let alone: Promise<Uint8Array> | undefined;
const madeAlone = () => (alone ??= zipBundle(files, { level, threads: 0 }));

describe('threads', () => {
  it('make the same bytes as this thread, in any number', async () => {
    const { 'large.js': _, ...smaller } = files;
    const ways = [
      { entries: smaller, options: {}, counts: [2], alone: zipBundle(smaller, { threads: 0 }) },
      { entries: files, options: { level }, counts: [1, 5], alone: madeAlone() },
    ] as const;
    for (const { entries, options, counts, alone } of ways) {
      started = [];
      const expected = await alone;
      expect(started).toHaveLength(0);
      for (const threads of counts) {
        const zip = await zipBundle(entries, { ...options, threads });
        expect(same(zip, expected), `${threads}`).toBe(true);
      }
    }
  });

  it('make the same bytes of any files', async () => {
    const content = fc
      .tuple(fc.integer({ min: 0, max: 700_000 }), fc.boolean())
      .map(([length, isText]) => (isText ? textOf(length) : bytesOf(length)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0 as const, 1 as const, 6 as const, 9 as const),
        async (contents, count, level) => {
          const entries = contents.map((data, i) => [`f${i}`, data] as const);
          const alone = await zipBundle(entries, { level, threads: 0 });
          expect(same(await zipBundle(entries, { level, threads: count }), alone)).toBe(true);
        },
      ),
      { numRuns: runs(8) },
    );
  });

  it('are not started for less than 1 MiB', async () => {
    await zipBundle({ f: textOf(900_000) }, { threads: 2 });
    expect(started).toHaveLength(0);
  });

  it('are started once enough bytes are known, and are used by the next archive', async () => {
    const none = await prepareDeflate(0);
    none(MIB);
    const known = await prepareDeflate(1);
    known(MIB - 1);
    expect(started).toHaveLength(0);
    known(MIB);
    known(2 * MIB);
    expect(started).toHaveLength(1);
    await zipBundle(files, { level, threads: 1 });
    expect(started).toHaveLength(1);
  });

  it('are started while a folder is listed', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'app'));
    writeFileSync(join(folder, 'app', 'a.js'), textOf(MIB));
    let before = -1;
    await zipFolder(
      join(folder, 'app'),
      join(folder, 'app.zip'),
      { level, threads: 1 },
      {
        isOutput: () => false,
        async *select(listed) {
          for await (const file of listed) {
            before = started.length;
            yield file;
          }
        },
        read: () => true,
      },
    );
    expect(before).toBe(1);
    expect(started).toHaveLength(1);
  });

  it('end a moment after the archive, and are used again before that', async () => {
    await zipBundle(files, { level, threads: 2 });
    await zipBundle(files, { level, threads: 2 });
    expect(started).toHaveLength(2);
    await Promise.all(started.map(({ exit }) => exit));
  });

  it('end with an archive of 64 MiB and more, to free their memory', async () => {
    const half = new Uint8Array(32 * MIB);
    await zipBundle({ a: half, b: half }, { level, threads: 1 });
    await zipBundle(files, { level, threads: 1 });
    expect(started).toHaveLength(2);
  });

  it('end with an archive that is cancelled', async () => {
    const reader = zipStream(files, { level, threads: 2 }).getReader();
    await reader.read();
    await reader.cancel();
    await Promise.all(started.map(({ exit }) => exit));
  });

  it('end with an archive that is aborted', async () => {
    const stop = new AbortController();
    const zip = zipBundle(files, {
      level,
      threads: 2,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > 4 * MIB) stop.abort(new Error('enough'));
      },
    });
    await expect(zip).rejects.toThrow('enough');
    await Promise.all(started.map(({ exit }) => exit));
  });

  it.each([
    ['at once', (worker: workerThreads.Worker) => void worker.terminate()],
    [
      'with work in hand',
      (worker: workerThreads.Worker) => {
        const post = worker.postMessage.bind(worker);
        worker.postMessage = (message) => {
          post(message);
          if ('number' in message) void worker.terminate();
        };
      },
    ],
  ])('that die %s are done without', async (_, die) => {
    const expected = await madeAlone();
    onStart = die;
    expect(same(await zipBundle(files, { level, threads: 2 }), expected)).toBe(true);
    expect(started).toHaveLength(2);
  });

  it('that cannot start are replaced by this thread', async () => {
    const expected = await madeAlone();
    Object.assign(threads, {
      Worker: class {
        constructor() {
          throw new Error('no permission');
        }
      },
    });
    expect(same(await zipBundle(files, { level, threads: 2 }), expected)).toBe(true);
  });
});
