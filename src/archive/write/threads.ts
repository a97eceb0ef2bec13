// Threads that deflate: worker threads of Node, or workers of a browser. They stay for a moment, because one archive often
// comes after another.

import { PIECE_LENGTH, WINDOW_LENGTH } from './deflate.ts';
import type { FromThread, Job, JobInRoom, Room } from './deflate-worker.ts';
import CODE from './deflate-worker.ts?thread';
import { SLICE } from './zlib.ts';

export interface Thread {
  /** Jobs that it has not answered. */
  readonly pending: ReadonlyMap<number, Pending>;
  readonly isReady: boolean;
  /** False once it has died or was ended. Its pending jobs are the caller's then. */
  readonly isAlive: boolean;
  post(job: Job, answer: (bytes: Uint8Array) => void): void;
  end(): void;
}

interface Pending {
  readonly job: Job;
  readonly answer: (bytes: Uint8Array) => void;
  /** The room that its bytes are in. */
  readonly room: number | undefined;
}

/** Jobs that a thread has at most: the one that it works on, and the next. */
const JOBS = 2;

/** What is used of a worker, of Node or of a browser. */
interface Port {
  post(message: unknown): void;
  /** Whether the process waits for it. */
  hold(isHeld: boolean): void;
  end(): void;
}

// How long a thread stays that nobody uses, in milliseconds.
const IDLE_TIME = 1_000;

/** Threads that nobody uses, and the timer that ends them. */
let idle: Thread[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/**
 * Threads, those that idle first. Fewer than `count`, or none, where no more can be had.
 *
 * @param changed - Called when a thread of these is ready, has answered or has died.
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

/** Takes threads back that have nothing to do. */
export function giveBack(threads: readonly Thread[]): void {
  for (const thread of threads) {
    listeners.delete(thread);
    if (thread.isAlive) idle.push(thread);
  }
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const thread of idle.splice(0)) thread.end();
  }, IDLE_TIME);
  // The process does not wait for it.
  (timer as Partial<NodeJS.Timeout>).unref?.();
}

const listeners = new WeakMap<Thread, () => void>();

function startThread(module: WebAssembly.Module): Thread | undefined {
  const pending = new Map<number, Pending>();
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
      const answered = pending.get(message.number);
      pending.delete(message.number);
      if (pending.size === 0) port?.hold(false);
      answered?.answer(bytesOf(message, rooms[answered.room ?? -1]));
      if (answered?.room !== undefined) free.push(answered.room);
    }
    tell();
  };
  const thread: Thread = {
    pending,
    get isReady() {
      return isReady;
    },
    get isAlive() {
      return isAlive;
    },
    post(job, answer) {
      const room = free.pop();
      pending.set(job.number, { job, answer, room });
      port?.hold(true);
      port?.post(room === undefined ? job : put(job, rooms, room));
    },
    end() {
      isAlive = false;
      pending.clear();
      port?.end();
    },
  };
  try {
    port = openNodeThread(heard, died) ?? openWebWorker(heard, died);
    port?.post({ module, rooms });
  } catch {
    // No memory, or no permission.
    port?.end();
    return undefined;
  }
  return port && thread;
}

/** None in a page that may not share memory: messages carry the bytes there. */
function makeRooms(): Room[] {
  if (typeof SharedArrayBuffer !== 'function') return [];
  const length = WINDOW_LENGTH + PIECE_LENGTH;
  // What can't be made smaller grows by a few bytes for each 16 KiB.
  const most = length + SLICE;
  return Array.from({ length: JOBS }, () => ({
    input: new SharedArrayBuffer(length),
    output: new SharedArrayBuffer(most),
  }));
}

function put({ number, piece, level }: Job, rooms: readonly Room[], room: number): JobInRoom {
  const { bytes, window, isLast } = piece;
  new Uint8Array((rooms[room] as Room).input).set(bytes);
  return { number, level, piece: { window, isLast }, room, length: bytes.length };
}

function bytesOf(message: Exclude<FromThread, { isReady: true }>, room: Room | undefined) {
  if ('bytes' in message) return message.bytes;
  return new Uint8Array(room?.output ?? new ArrayBuffer(0), 0, message.length).slice();
}

type Heard = (message: FromThread) => void;

function openNodeThread(heard: Heard, died: () => void): Port | undefined {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads === undefined) return undefined;
  const worker = new threads.Worker(CODE, {
    eval: true,
    name: 'bundleseal-deflate',
    // Nothing of the caller's loaders or variables is wanted there, and without them it starts sooner.
    env: {},
    execArgv: [],
    // Pieces come and go outside of the heap.
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
    // It has been loaded.
    URL.revokeObjectURL(url);
    heard(data);
  };
  // Also where the page's Content-Security-Policy forbids it.
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
