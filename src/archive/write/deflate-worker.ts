// A thread that deflates, on Node and in browsers. It starts from source text (`deflate-worker.ts?thread`).

import { deflateAll, deflateSteps, type Piece } from './deflate.ts';
import { type OpenStream, zlibOf } from './zlib.ts';

/** Shared memory for one piece and its result, so that no memory is allocated for each piece. */
export interface Room {
  readonly input: SharedArrayBuffer;
  readonly output: SharedArrayBuffer;
}

/** Messages to the thread: first the module, then pieces. */
export type ToThread =
  | { readonly module: WebAssembly.Module; readonly rooms: readonly Room[] }
  | Job
  | JobInRoom;

export interface Job {
  readonly number: number;
  readonly piece: Piece;
  readonly level: number;
}

export interface JobInRoom {
  readonly number: number;
  readonly piece: Omit<Piece, 'bytes'>;
  readonly level: number;
  readonly room: number;
  /** Length of the piece in bytes. */
  readonly length: number;
}

/**
 * Messages from the thread: that it is ready, a deflated piece, or the length of the result in shared memory.
 */
export type FromThread =
  | { readonly isReady: true }
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly length: number };

interface Port {
  onmessage: (event: { readonly data: ToThread }) => void;
  postMessage(message: FromThread, transfer?: ArrayBufferLike[]): void;
}

/** The message loop of the thread. */
export function main(): void {
  const node = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;
  const port = (node ?? globalThis) as unknown as Port;
  let open: OpenStream;
  let rooms: readonly Room[] = [];

  function work(job: Job | JobInRoom): void {
    const { number, level } = job;
    if (!('room' in job)) {
      const bytes = deflateAll(open, job.piece, level);
      port.postMessage({ number, bytes }, [bytes.buffer]);
      return;
    }
    const room = rooms[job.room] as Room;
    const output = new Uint8Array(room.output);
    const piece = { ...job.piece, bytes: new Uint8Array(room.input, 0, job.length) };
    let length = 0;
    const take = (bytes: Uint8Array) => {
      output.set(bytes, length);
      length += bytes.length;
    };
    for (const _ of deflateSteps(open, piece, level, take));
    port.postMessage({ number, length });
  }

  port.onmessage = ({ data }) => {
    if (!('module' in data)) {
      work(data);
      return;
    }
    open = zlibOf(new WebAssembly.Instance(data.module, {}));
    rooms = data.rooms;
    port.postMessage({ isReady: true });
  };
}
