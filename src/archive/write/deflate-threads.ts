// Threads that deflate: worker threads of Node, or workers of a browser. Idle threads stay for a moment, because one
// archive often follows another.

import { WINDOW_LENGTH } from '../format/layout.ts';
import { DEFLATE_PIECE } from './deflate.ts';
import type { FromThread, Job, JobInRoom, Room } from './deflate-worker.ts';
import CODE from './deflate-worker.ts?thread';
import { DEFLATE_SLICE } from './zlib.ts';

/** A job, and what to do with its result. */
export interface Task {
  readonly job: Job;
  readonly answer: (bytes: Uint8Array) => void;
  readonly fail: (error: unknown) => void;
}

export interface Thread {
  /** Jobs without a result yet. An array, because dead entries of a `Map` stay in V8's old generation. */
  readonly pending: readonly Pending[];
  readonly isReady: boolean;
  /**
   * False after the thread has died or was terminated. The caller then has to do its pending jobs.
   */
  readonly isAlive: boolean;
  /** @param heard - Gets the deflated bytes, which are valid during the call. */
  post(task: Task, heard: (bytes: Uint8Array) => void): void;
  end(): void;
}

interface Pending {
  readonly task: Task;
  readonly heard: (bytes: Uint8Array) => void;
  /** The shared memory that contains its bytes. */
  readonly room: number | undefined;
}

/** The most jobs of a thread: the current one and the next one. */
const JOBS = 2;

/** The used part of a worker, of Node or of a browser. */
interface Port {
  post(message: unknown): void;
  /** Sets whether the worker keeps the process alive. */
  hold(isHeld: boolean): void;
  end(): void;
}

// How long an idle thread stays, in milliseconds.
const IDLE_TIME = 1_000;

/** Idle threads, and the timer that ends them. */
let idle: Thread[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Returns threads, idle ones first. Returns fewer than `count`, or none, if no more can start.
 *
 * @param changed - Called when one of these threads is ready, has a result or has died.
 */
export function borrowThreads(
  count: number,
  module: WebAssembly.Module,
  changed: () => void,
): Thread[] {
  const threads = idle.filter(({ isAlive }) => isAlive).slice(0, count);
  idle = idle.filter((thread) => !threads.includes(thread));
  for (const thread of threads) listeners.set(thread, changed);
  while (threads.length < count) {
    const thread = startThread(module);
    if (thread === undefined) break;
    listeners.set(thread, changed);
    threads.push(thread);
  }
  return threads;
}

/** Takes back threads without pending jobs. */
export function giveBack(threads: readonly Thread[]): void {
  for (const thread of threads) {
    listeners.delete(thread);
    if (thread.isAlive) idle.push(thread);
  }
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const thread of idle.splice(0)) thread.end();
  }, IDLE_TIME);
  // The timer does not keep the process alive.
  (timer as Partial<NodeJS.Timeout>).unref?.();
}

const listeners = new WeakMap<Thread, () => void>();

function startThread(module: WebAssembly.Module): Thread | undefined {
  let pending: Pending[] = [];
  let isReady = false;
  let isAlive = true;
  let port: Port | undefined;
  const rooms = makeRooms();
  const free = rooms.map((_, i) => i);
  const tell = () => listeners.get(thread)?.();
  const died = () => {
    if (!isAlive) return;
    isAlive = false;
    port?.end();
    tell();
  };
  const heard = (message: FromThread) => {
    if ('isReady' in message) {
      isReady = true;
      port?.hold(false);
    } else {
      const answered = pending.find(({ task }) => task.job.number === message.number);
      pending = pending.filter((each) => each !== answered);
      if (pending.length === 0) port?.hold(false);
      answered?.heard(bytesOf(message, rooms[answered.room ?? -1]));
      if (answered?.room !== undefined) free.push(answered.room);
    }
    tell();
  };
  const thread: Thread = {
    get pending() {
      return pending;
    },
    get isReady() {
      return isReady;
    },
    get isAlive() {
      return isAlive;
    },
    post(task, heard) {
      const { job } = task;
      const room = free.pop();
      pending.push({ task, heard, room });
      port?.hold(true);
      port?.post(room === undefined ? alone(job) : put(job, rooms, room));
    },
    end() {
      isAlive = false;
      pending = [];
      port?.end();
    },
  };
  try {
    port = openNodeThread(heard, died) ?? openWebWorker(heard, died);
    port?.post({ module, rooms });
  } catch {
    // There is no memory or no permission for a thread.
    port?.end();
    return undefined;
  }
  return port && thread;
}

/**
 * Allocates shared memory. A page that may not share memory gets none; there, messages carry the bytes.
 */
function makeRooms(): Room[] {
  if (typeof SharedArrayBuffer !== 'function') return [];
  const length = WINDOW_LENGTH + DEFLATE_PIECE;
  // Incompressible content grows by a few bytes for each 16 KiB.
  const most = length + DEFLATE_SLICE;
  return Array.from({ length: JOBS }, () => ({
    input: new SharedArrayBuffer(length),
    output: new SharedArrayBuffer(most),
  }));
}

/** A message has the whole memory of a view, so the piece gets memory of its own. */
function alone(job: Job): Job {
  return { ...job, piece: { ...job.piece, bytes: new Uint8Array(job.piece.bytes) } };
}

function put({ number, piece, level }: Job, rooms: readonly Room[], room: number): JobInRoom {
  const { bytes, window, isLast } = piece;
  new Uint8Array((rooms[room] as Room).input).set(bytes);
  return { number, level, piece: { window, isLast }, room, length: bytes.length };
}

function bytesOf(message: Exclude<FromThread, { isReady: true }>, room: Room | undefined) {
  if ('bytes' in message) return message.bytes;
  return new Uint8Array(room?.output ?? new ArrayBuffer(0), 0, message.length);
}

type Heard = (message: FromThread) => void;

function openNodeThread(heard: Heard, died: () => void): Port | undefined {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads === undefined) return undefined;
  const worker = new threads.Worker(CODE, {
    eval: true,
    name: 'bundleseal-deflate',
    // The thread needs neither loaders nor environment variables of the caller, and starts sooner without them.
    env: {},
    execArgv: [],
    // The bytes of pieces are outside of the heap, so a small heap is enough.
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  worker.on('message', heard).on('error', died).on('messageerror', died).on('exit', died);
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

function openWebWorker(heard: Heard, died: () => void): Port | undefined {
  if (typeof Worker !== 'function' || typeof URL.createObjectURL !== 'function') return undefined;
  const url = URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'bundleseal-deflate' });
  worker.onmessage = ({ data }) => {
    // The worker has loaded its code, so the URL can be revoked.
    URL.revokeObjectURL(url);
    heard(data);
  };
  // Called also if the page's Content-Security-Policy forbids the worker.
  worker.onerror = (event) => {
    event.preventDefault();
    URL.revokeObjectURL(url);
    died();
  };
  worker.onmessageerror = died;
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    end: () => worker.terminate(),
  };
}
