// Uses a second core for large bundles. The caller's thread hashes the bundle in order. The second thread takes
// chunks through a ring of slots in shared memory. If no slot is free, or the thread has not started, the caller's
// thread processes the chunk itself, so no chunk waits for the thread to start.

import type { Transferable, Worker } from 'node:worker_threads';
import { DIGEST_LENGTH, SESSION_KEY_LENGTH, TAG_LENGTH } from '../format/chunks.ts';
import type { Awaitable } from './backend.ts';
import { isOurs, PAGE } from './node-memory.ts';
import {
  DECRYPT,
  DIGEST_AT,
  DONE,
  ENCRYPT,
  FIELDS_LENGTH,
  FREE,
  type MemoryMessage,
  NONCE_AT,
  POSTED,
  REFUSED,
  SLOTS_MEMORY,
  TAKEN,
  type ThreadData,
} from './node-ring.ts';
import { openDrain } from './node-slices.ts';
import THREAD_CODE from './node-worker.ts?thread';

/** The second thread while one cipher uses it. */
export interface ChunkThread {
  /**
   * Encrypts the chunk on the second thread if a slot is free. Otherwise calls `here`, which encrypts it on this thread.
   */
  encrypt(
    nonce: Uint8Array,
    plain: Uint8Array,
    out: Uint8Array,
    here: () => Uint8Array,
  ): Awaitable<Uint8Array>;
  /** Decrypts the chunk like `encrypt`. */
  decrypt(
    nonce: Uint8Array,
    encrypted: Uint8Array,
    digest: Uint8Array,
    out: Uint8Array | undefined,
    here: () => Uint8Array | undefined,
  ): Awaitable<Uint8Array | undefined>;
  /** Wipes the session key and the slots, and keeps the thread for the next cipher. */
  giveBack(): void;
  /** Whether the thread has ended because it was idle. The caller may borrow another thread. */
  hasEndedIdle(): boolean;
}

interface Job {
  readonly slot: number;
  /** Fetches the thread's result from the slot. */
  readonly collect: (verified: boolean) => void;
  /** Does the work on the caller's thread, from the caller's memory. */
  readonly here: () => void;
}

interface Thread {
  readonly chunkSize: number;
  lend(sessionKey: Uint8Array): ChunkThread;
  end(): void;
}

const RING_LENGTH = 2 * 2 ** 20;
const MAX_SLOTS = 8;
const MIN_SLOTS = 3;

// For smaller chunks, to pass them to the thread takes longer than the work. For larger chunks, the slots would take too
// much memory.
const MIN_CHUNK_SIZE = 2 ** 16;
const MAX_CHUNK_SIZE = 2 ** 20;

// How long an idle thread stays, in milliseconds. A sequence of bundles starts only one thread, and the thread of an
// abandoned stream ends.
const IDLE_TIME = 5_000;

/** A running thread that no cipher uses. */
let idle: Thread | undefined;

/** Number of running threads. */
let running = 0;

/** Ends the thread of an abandoned stream after the stream was garbage collected. */
const abandoned = new FinalizationRegistry<() => void>((end) => end());

/** Returns a thread for chunks of this size. Returns `undefined` if none can start or it would not save time. */
export function borrowThread(sessionKey: Uint8Array, chunkSize: number): ChunkThread | undefined {
  const thread = idle;
  idle = undefined;
  if (thread?.chunkSize === chunkSize) return thread.lend(sessionKey);
  thread?.end();
  return startThread(chunkSize)?.lend(sessionKey);
}

function startThread(chunkSize: number): Thread | undefined {
  if (chunkSize < MIN_CHUNK_SIZE || chunkSize > MAX_CHUNK_SIZE) return undefined;
  // The caller's thread takes one core. More threads than cores would only wait for each other.
  const cores = process.getBuiltinModule('node:os')?.availableParallelism() ?? 1;
  if (running >= cores - 1) return undefined;
  const stride = Math.ceil((chunkSize + TAG_LENGTH) / PAGE) * PAGE;
  const slots = Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, Math.floor(RING_LENGTH / stride)));

  const keyAt = 128;
  const fieldsAt = 256;
  const dataAt = fieldsAt + Math.ceil((slots * FIELDS_LENGTH) / PAGE) * PAGE;
  const memory = new SharedArrayBuffer(dataAt + slots * stride);
  const state = new Int32Array(memory, 0, slots + 1);
  const key = new Uint8Array(memory, keyAt, SESSION_KEY_LENGTH);

  // A separate channel, because Deno cannot read messages of the worker's own port on demand.
  const { port1, port2 } = new MessageChannel();
  const drain = openDrain();
  let alive = true;
  const workerData: ThreadData = { memory, slots, fieldsAt, keyAt, port: port2, drain };
  let worker: Worker;
  try {
    const threads = process.getBuiltinModule('node:worker_threads');
    worker = new threads.Worker(THREAD_CODE, {
      eval: true,
      name: 'bundleseal',
      // The thread needs neither loaders nor environment variables of the caller, and starts sooner without them.
      env: {},
      execArgv: [],
      // The thread allocates only short-lived objects. A larger young generation would only take more memory.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
      workerData,
      transferList: [port2, ...(drain ? [drain] : [])] as unknown as Transferable[],
    });
  } catch {
    port1.close();
    return undefined;
  }
  // A worker that cannot start (no memory, no permission) reports an error. Then the caller's thread does the work.
  const died = () => {
    if (alive) running -= 1;
    alive = false;
  };
  worker.on('error', died).on('exit', died);
  // The worker does not keep the process alive. `pump` does so while chunks are in progress.
  worker.unref();
  running += 1;
  let hasEndedIdle = false;
  const timer = setTimeout(() => {
    if (jobs.length > 0) {
      timer.refresh();
      return;
    }
    hasEndedIdle = true;
    end();
  }, IDLE_TIME);
  timer.unref();

  function end(): void {
    died();
    clearTimeout(timer);
    if (idle === thread) idle = undefined;
    key.fill(0);
    port1.close();
    void worker.terminate();
  }

  let next = 0;
  const jobs: Job[] = [];
  /** Shared memory that the thread has received, with the number of each. */
  const known = new Map<ArrayBufferLike, number>();
  // Never reuses a number, because the thread reads the order to forget only when a slot refers to an unknown number.
  let newest = SLOTS_MEMORY;

  const tell = (message: MemoryMessage) => port1.postMessage(message);

  /** Where the thread finds bytes: in their own memory if it is shared, otherwise in the slot. */
  function placeOf(slot: number, bytes: Uint8Array | undefined): [memory: number, at: number] {
    if (bytes === undefined || !isOurs(bytes.buffer)) return [SLOTS_MEMORY, dataAt + slot * stride];
    let number = known.get(bytes.buffer);
    if (number === undefined) {
      newest += 1;
      number = newest;
      known.set(bytes.buffer, number);
      tell({ number, memory: bytes.buffer });
    }
    return [number, bytes.byteOffset];
  }

  function slotData(slot: number, length: number): Uint8Array {
    return new Uint8Array(memory, dataAt + slot * stride, length);
  }

  function collectFinished(): void {
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      const result = Atomics.load(state, job.slot);
      if (result !== DONE && result !== REFUSED) return;
      jobs.shift();
      job.collect(result === DONE);
      Atomics.store(state, job.slot, FREE);
    }
  }

  /** Posts a chunk if a slot is free; otherwise calls `here`. */
  function post<T>(
    purpose: number,
    nonce: Uint8Array,
    input: Uint8Array,
    output: Uint8Array | undefined,
    digest: Uint8Array | undefined,
    answer: (slot: number, digest: Uint8Array, verified: boolean) => T,
    here: () => T,
  ): Awaitable<T> {
    collectFinished();
    const ready = Atomics.load(state, slots) === 1;
    if (!alive || !ready || jobs.length === slots) return here();
    timer.refresh();
    const slot = next;
    next = (next + 1) % slots;
    const at = fieldsAt + slot * FIELDS_LENGTH;
    const from = placeOf(slot, input);
    const to = placeOf(slot, output);
    new Uint32Array(memory, at, 6).set([input.length, purpose, ...from, ...to]);
    new Uint8Array(memory, at + NONCE_AT, nonce.length).set(nonce);
    const slotDigest = new Uint8Array(memory, at + DIGEST_AT, DIGEST_LENGTH);
    if (digest !== undefined) slotDigest.set(digest);
    if (from[0] === SLOTS_MEMORY) slotData(slot, input.length).set(input);
    return new Promise((resolve, reject) => {
      jobs.push({
        slot,
        collect: (verified) => resolve(answer(slot, slotDigest, verified)),
        here() {
          try {
            resolve(here());
          } catch (error) {
            reject(error);
          }
        },
      });
      Atomics.store(state, slot, POSTED);
      Atomics.notify(state, slot);
      if (jobs.length === 1) setImmediate(pump);
    });
  }

  /** Collects results while chunks are in progress, and does a share of the work while this thread is idle. */
  function pump(): void {
    collectFinished();
    takeBackNewest();
    if (jobs.length > 0) setImmediate(pump);
  }

  /** Takes back the newest chunk if the second thread has not begun it, and processes it on this thread. */
  function takeBackNewest(): void {
    const job = jobs.at(-1);
    if (job === undefined) return;
    const seen = Atomics.compareExchange(state, job.slot, POSTED, FREE);
    if (seen !== POSTED && !(seen === TAKEN && !alive)) return;
    jobs.pop();
    next = job.slot;
    job.here();
  }

  const thread: Thread = {
    chunkSize,
    lend(sessionKey) {
      key.set(sessionKey);
      timer.refresh();
      const lent: ChunkThread = {
        encrypt: (nonce, plain, out, here) =>
          post(
            ENCRYPT,
            nonce,
            plain,
            out,
            undefined,
            (slot, digest) => {
              if (!isOurs(out.buffer)) out.set(slotData(slot, plain.length + TAG_LENGTH));
              return digest.slice();
            },
            here,
          ),
        decrypt: (nonce, encrypted, digest, out, here) =>
          post(
            DECRYPT,
            nonce,
            encrypted,
            out,
            digest,
            (slot, _digest, verified) => {
              if (!verified) return undefined;
              if (out !== undefined && isOurs(out.buffer)) return out;
              const plain = slotData(slot, encrypted.length - TAG_LENGTH);
              // Copies, because the next chunk overwrites the slot.
              if (out === undefined) return new Uint8Array(plain);
              out.set(plain);
              return out;
            },
            here,
          ),
        hasEndedIdle: () => hasEndedIdle,
        giveBack() {
          abandoned.unregister(lent);
          if (!alive || jobs.length > 0 || idle !== undefined) {
            end();
            return;
          }
          key.fill(0);
          new Uint8Array(memory, dataAt).fill(0);
          if (known.size > 0) tell({ forget: true });
          known.clear();
          timer.refresh();
          idle = thread;
        },
      };
      abandoned.register(lent, end, lent);
      return lent;
    },
    end,
  };
  return thread;
}
