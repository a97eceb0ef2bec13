import { concat } from '../../src/bytes.ts';

export { same } from './bytes.ts';

/** The calls that a source received from its reader. */
export interface Watched {
  readonly stream: ReadableStream<Uint8Array>;
  pulls: number;
  readonly cancelled: unknown[];
}

/** A stream of these pieces, one for each pull, that then closes, fails or hangs. */
export function streamOf(
  pieces: readonly unknown[],
  end: 'close' | 'hang' | { readonly error: unknown } = 'close',
): Watched {
  let next = 0;
  const cancelled: unknown[] = [];
  const watched: Watched = {
    pulls: 0,
    cancelled,
    stream: new ReadableStream(
      {
        pull(controller) {
          watched.pulls += 1;
          if (next < pieces.length) controller.enqueue(pieces[next++] as Uint8Array);
          else if (end === 'close') controller.close();
          else if (end !== 'hang') controller.error(end.error);
          else return new Promise(() => {});
          return undefined;
        },
        cancel(reason) {
          cancelled.push(reason);
        },
      },
      { highWaterMark: 0 },
    ) as ReadableStream<Uint8Array>,
  };
  return watched;
}

/** Cuts bytes into pieces of these lengths, repeatedly; 0 makes an empty piece. */
export function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Reads a stream. Returns all bytes, and the error if there is one. */
export async function drain(
  stream: ReadableStream<Uint8Array>,
): Promise<{ bytes: Uint8Array; chunks: number; error?: unknown }> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { bytes: concat(...parts), chunks: parts.length };
      parts.push(value);
    }
  } catch (error) {
    return { bytes: concat(...parts), chunks: parts.length, error };
  }
}

/** Counts the listeners on a signal. */
export function watchedSignal(): { controller: AbortController; listening: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const listeners = new Set<unknown>();
  signal.addEventListener = (type: string, listener: never, options?: never) => {
    if (type === 'abort' && !listeners.has(listener)) {
      listeners.add(listener);
      count += 1;
    }
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: never, options?: never) => {
    if (type === 'abort' && listeners.delete(listener)) count -= 1;
    remove(type, listener, options);
  };
  return { controller, listening: () => count };
}
