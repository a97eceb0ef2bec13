// A file on a real server, and the answers about it that the tests of httpSource share.

import { expect } from 'vitest';
import { equalBytes } from '../../src/bytes.ts';
import { bytesOf } from './bytes.ts';
import { type Answer, partOf } from './server.ts';

export const KEPT = 65_536;
export const file: Uint8Array = bytesOf(300_000);
export const QUICK = { retryDelay: 1 } as const;

export const right: Answer = partOf(file);

/** The right headers, `count` bytes, and then the connection is cut. */
export const cutAfter =
  (count: number): Answer =>
  (response, { first, last }) => {
    response.writeHead(206, {
      'Content-Range': `bytes ${first}-${last}/${file.length}`,
      'Content-Length': last - first + 1,
      ETag: '"v1"',
    });
    response.write(file.subarray(first, first + count), () => response.destroy());
  };

export const silent: Answer = () => {};

export const part = (offset: number, length: number): Uint8Array =>
  file.slice(offset, offset + length);
/** Quicker than toEqual on many bytes. */
export function expectSame(read: Uint8Array, expected: Uint8Array): void {
  expect(read).toBeInstanceOf(Uint8Array);
  expect(read.length).toBe(expected.length);
  expect(equalBytes(read, expected)).toBe(true);
}

/** A signal that knows how many listen to it. */
export function watchedSignal(): {
  readonly signal: AbortSignal;
  readonly listeners: ReadonlySet<unknown>;
  readonly abort: (reason?: unknown) => void;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type: string, listener: never, options?: never) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: never) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { signal, listeners, abort: (reason?: unknown) => controller.abort(reason) };
}
