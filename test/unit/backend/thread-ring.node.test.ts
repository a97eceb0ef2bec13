// How the caller's thread shares chunks with the second thread, which does here only what each test says.
// @vitest-environment-options { "own": "thread-ring" }

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nobleBackend } from '../../../src/backend/noble.ts';
import { allocateShared } from '../../../src/backend/node-memory.ts';
import { borrowThread, type ChunkThread } from '../../../src/backend/node-thread.ts';
import { bytesOf } from '../../support/bytes.ts';
import { type StandInThread, withStandIns } from '../../support/stand-in-thread.ts';

const CHUNK = 65_536;
// Of chunks of this length, the ring has the fewest slots.
const LONG_CHUNK = 2 ** 20;
const key = bytesOf(32);
const HERE = Uint8Array.of(7);

let threads: StandInThread[];
let lent: ChunkThread[];

beforeEach(() => {
  threads = withStandIns(2);
  lent = [];
});

afterEach(() => {
  for (const one of threads) one.emit('exit');
  for (const one of lent) one.giveBack();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Borrows a thread, which the test gives back at its end. */
function borrow(chunkSize = CHUNK): ChunkThread {
  const thread = borrowThread(key, chunkSize) as ChunkThread;
  lent.push(thread);
  return thread;
}

/** A thread that has started, with its stand-in. */
function started(chunkSize = CHUNK): { thread: ChunkThread; other: StandInThread } {
  const thread = borrow(chunkSize);
  const other = threads.at(-1) as StandInThread;
  other.start();
  return { thread, other };
}

const nonceOf = (i: number) => Uint8Array.of(i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const plainOf = (i: number) => bytesOf(1000 + i).subarray(i);
const shared = (bytes: Uint8Array) => {
  const memory = new Uint8Array(allocateShared(bytes.length + 100, false) as SharedArrayBuffer);
  memory.set(bytes, 100);
  return memory.subarray(100);
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The chunk as pure JavaScript encrypts it. */
async function encryptedOf(i: number) {
  const cipher = await nobleBackend.createCipher('encrypt', key, 1000, CHUNK);
  const bytes = new Uint8Array(1016);
  const digest = await cipher.encrypt(nonceOf(i), plainOf(i), bytes);
  return { bytes, digest };
}

/** Has a chunk encrypted. `here` counts the chunks that this thread does. */
function encrypting(thread: ChunkThread, i: number, memory = (bytes: Uint8Array) => bytes) {
  const out = memory(new Uint8Array(1016));
  const here = vi.fn(() => HERE);
  const digest = thread.encrypt(nonceOf(i), memory(plainOf(i)), out, here);
  return { out, here, digest };
}

describe('the second thread', () => {
  it('starts without loaders and environment of the caller, and keeps no process alive', () => {
    borrow();
    const [{ options, data, unref }] = threads as [StandInThread];
    expect(options).toMatchObject({
      eval: true,
      name: 'bundleseal',
      env: {},
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    const drains = 'transfer' in ArrayBuffer.prototype ? [] : [data.drain];
    expect(options.transferList).toEqual([data.port, ...drains]);
    expect(unref).toHaveBeenCalledTimes(1);
  });

  it.each([
    [CHUNK, 8],
    [262_144, 7],
    [524_288, 3],
    [LONG_CHUNK, 3],
  ])('has for chunks of %i bytes %i slots, in memory for no more', (chunkSize, slots) => {
    borrow(chunkSize);
    const [{ data }] = threads as [StandInThread];
    expect(data.slots).toBe(slots);
    const pages = 1 + slots * Math.ceil((chunkSize + 16) / 4096);
    expect(data.memory.byteLength).toBe(256 + 4096 * pages);
  });

  it('gets no chunk before it has started', async () => {
    const thread = borrow();
    const first = encrypting(thread, 0);
    expect(first.digest).toBe(HERE);
    (threads[0] as StandInThread).start();
    const second = encrypting(thread, 1);
    expect(threads[0]?.posted).toEqual([0]);
    threads[0]?.serve(0);
    expect(await second.digest).toEqual((await encryptedOf(1)).digest);
    expect(second.here).not.toHaveBeenCalled();
  });

  it.each([
    ['memory of the caller', (bytes: Uint8Array) => bytes],
    ['shared memory', shared],
  ])('encrypts and decrypts chunks in %s, one slot after the other', async (_, memory) => {
    const { thread, other } = started();
    for (let round = 0; round < 3; round++) {
      const chunks = [0, 1, 2, 3, 4].map((i) => encrypting(thread, i, memory));
      const slots = [...other.posted];
      expect(slots).toEqual([0, 1, 2, 3, 4].map((i) => (5 * round + i) % 8).sort());
      for (let i = 0; i < 5; i++) other.serve((5 * round + i) % 8);
      const digests = await Promise.all(chunks.map(({ digest }) => digest));
      for (const [i, { out }] of chunks.entries()) {
        const { bytes, digest } = await encryptedOf(i);
        expect([out.slice(), digests[i]]).toEqual([bytes, digest]);
      }
    }
    const { bytes, digest } = await encryptedOf(1);
    const here = vi.fn();
    for (const out of [memory(new Uint8Array(1000)), undefined]) {
      const opening = thread.decrypt(nonceOf(1), memory(bytes), digest, out, here);
      other.serve(other.posted[0] as number);
      const plain = await opening;
      expect(plain?.slice()).toEqual(plainOf(1));
      if (out !== undefined) expect(plain).toBe(out);
      else expect(plain?.buffer).not.toBe(other.data.memory);
    }
    const forged = thread.decrypt(nonceOf(2), memory(bytes), digest, undefined, here);
    other.serve(other.posted[0] as number);
    expect(await forged).toBeUndefined();
    expect(here).not.toHaveBeenCalled();
  });

  it('leaves a chunk to this thread while all its slots are in use', async () => {
    const { thread, other } = started(LONG_CHUNK);
    const chunks = [0, 1, 2].map((i) => encrypting(thread, i));
    expect(encrypting(thread, 3).digest).toBe(HERE);
    for (const slot of [0, 1, 2]) other.serve(slot);
    const next = encrypting(thread, 4);
    expect(other.posted).toEqual([0]);
    other.serve(0);
    for (const { digest, here } of [...chunks, next]) {
      expect(await digest).not.toBe(HERE);
      expect(here).not.toHaveBeenCalled();
    }
  });

  it('loses its newest chunk that it has not begun to an idle thread of the caller', async () => {
    const { thread, other } = started();
    const first = encrypting(thread, 0);
    const second = encrypting(thread, 1);
    const third = encrypting(thread, 2);
    other.begin(0);
    await turn();
    expect(await third.digest).toBe(HERE);
    expect(other.posted).toEqual([1]);
    await turn();
    expect(await second.digest).toBe(HERE);
    // The slot of the chunk that was taken back is the next one.
    const next = encrypting(thread, 3);
    expect(other.posted).toEqual([1]);
    other.begin(1);
    await turn();
    await turn();
    for (const { here } of [first, next]) expect(here).not.toHaveBeenCalled();
    other.serve(0);
    other.serve(1);
    expect([await first.digest, await next.digest]).toEqual([
      (await encryptedOf(0)).digest,
      (await encryptedOf(3)).digest,
    ]);
  });

  it('hands out a chunk after all older ones only', async () => {
    const { thread, other } = started();
    const done: number[] = [];
    const chunks = [0, 1].map(async (i) => {
      await encrypting(thread, i).digest;
      done.push(i);
    });
    other.begin(0);
    other.serve(1);
    for (let i = 0; i < 3; i++) await turn();
    expect(done).toEqual([]);
    other.serve(0);
    await Promise.all(chunks);
    expect(done).toEqual([0, 1]);
  });

  it('has its results collected in each turn, and no turn is taken without a chunk', async () => {
    const { thread, other } = started();
    const turns = vi.spyOn(globalThis, 'setImmediate');
    const pumps = () => turns.mock.calls.filter(([next]) => next.name === 'pump').length;
    const { digest } = encrypting(thread, 0);
    other.begin(0);
    expect(pumps()).toBe(1);
    for (const count of [2, 3]) {
      await turn();
      expect(pumps()).toBe(count);
    }
    other.serve(0);
    await digest;
    for (let i = 0; i < 3; i++) await turn();
    expect(pumps()).toBe(3);
  });

  it('passes on the error of a chunk that was taken back', async () => {
    const { thread } = started();
    const broken = new Error('no memory');
    const work = thread.encrypt(nonceOf(0), plainOf(0), new Uint8Array(1016), () => {
      throw broken;
    });
    await expect(work).rejects.toBe(broken);
  });

  it.each(['error', 'exit'])('has its chunks done by this thread after its %s', async (event) => {
    const { thread, other } = started();
    const chunks = [0, 1, 2].map((i) => encrypting(thread, i));
    other.serve(0);
    other.begin(1);
    other.begin(2);
    other.emit(event, new Error('no memory'));
    const [first, ...rest] = await Promise.all(chunks.map(({ digest }) => digest));
    expect(first).toEqual((await encryptedOf(0)).digest);
    expect(rest).toEqual([HERE, HERE]);
    expect(encrypting(thread, 3).digest).toBe(HERE);
  });

  it('that has died makes room for one other, even if it reports its end twice', () => {
    borrow();
    expect(borrowThread(key, CHUNK)).toBeUndefined();
    threads[0]?.emit('error', new Error('no permission'));
    threads[0]?.emit('exit', 1);
    borrow();
    expect(threads).toHaveLength(2);
    expect(borrowThread(key, CHUNK)).toBeUndefined();
  });

  it('is told of each shared memory once until a bundle ends, and by another number afterwards', async () => {
    const { thread, other } = started();
    const told = vi.spyOn(MessagePort.prototype, 'postMessage');
    // Results of node:crypto leave through another port, with no message.
    const messages = () => told.mock.calls.map(([message]) => message).filter(Boolean);
    const numbers = () => messages().map((message) => message.number ?? message);
    const [plain, out] = [shared(plainOf(0)), shared(new Uint8Array(1016))];
    const seal = async (by: ChunkThread) => {
      const digest = by.encrypt(nonceOf(0), plain, out, () => HERE);
      other.serve(other.posted[0] as number);
      expect(await digest).toEqual((await encryptedOf(0)).digest);
    };
    await seal(thread);
    await seal(thread);
    expect(numbers()).toEqual([1, 2]);
    thread.giveBack();
    expect(numbers()).toEqual([1, 2, { forget: true }]);
    const next = borrow();
    await seal(next);
    expect(numbers()).toEqual([1, 2, { forget: true }, 3, 4]);
    next.giveBack();
    borrow().giveBack();
    expect(numbers()).toEqual([1, 2, { forget: true }, 3, 4, { forget: true }]);
    expect(threads).toHaveLength(1);
  });

  it('that is given back has neither the key nor a chunk in its memory', async () => {
    const { thread, other } = started();
    expect(other.key).toEqual(key);
    const { digest } = encrypting(thread, 0);
    other.serve(0);
    await digest;
    const { memory, fieldsAt } = other.data;
    const data = new Uint8Array(memory, fieldsAt + 4096);
    expect(data.some((byte) => byte !== 0)).toBe(true);
    thread.giveBack();
    expect(other.key).toEqual(new Uint8Array(32));
    expect(data.every((byte) => byte === 0)).toBe(true);
    expect(other.terminate).not.toHaveBeenCalled();
    borrow();
    expect(other.key).toEqual(key);
  });

  it('that is given back with a chunk in progress ends, and has no key', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { thread, other } = started();
    const { digest } = encrypting(thread, 0);
    other.begin(0);
    thread.giveBack();
    expect(other.terminate).toHaveBeenCalledTimes(1);
    expect(other.key).toEqual(new Uint8Array(32));
    expect(vi.getTimerCount()).toBe(0);
    expect(await digest).toBe(HERE);
    borrow();
    expect(threads).toHaveLength(2);
  });

  it('is not idle while it works on a chunk, however long that takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { thread, other } = started();
    const { digest } = encrypting(thread, 0);
    other.begin(0);
    vi.advanceTimersByTime(12_000);
    expect([other.terminate.mock.calls.length, thread.hasEndedIdle()]).toEqual([0, false]);
    other.serve(0);
    await digest;
    const { digest: next } = encrypting(thread, 1);
    other.serve(1);
    await next;
    vi.advanceTimersByTime(4900);
    expect([other.terminate.mock.calls.length, thread.hasEndedIdle()]).toEqual([0, false]);
    vi.advanceTimersByTime(200);
    expect([other.terminate.mock.calls.length, thread.hasEndedIdle()]).toEqual([1, true]);
    expect(other.key).toEqual(new Uint8Array(32));
  });

  it('closes its port when it ends', async () => {
    const { thread, other } = started();
    const closed = new Promise((resolve) => other.data.port.addEventListener('close', resolve));
    other.emit('exit');
    thread.giveBack();
    await expect(closed).resolves.toBeDefined();
  });

  it('of a stream that nobody holds any more ends, and not if it was given back', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const collected = async () => {
      for (let i = 0; i < 10; i++) {
        collect();
        await turn();
      }
    };
    borrowThread(key, CHUNK)?.giveBack();
    await collected();
    expect(threads[0]?.terminate).not.toHaveBeenCalled();
    borrowThread(key, CHUNK);
    await expect
      .poll(async () => {
        await collected();
        return threads[0]?.terminate.mock.calls.length;
      })
      .toBe(1);
    expect(threads[0]?.key).toEqual(new Uint8Array(32));
  });
});
