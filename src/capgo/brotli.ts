// Brotli (RFC 7932) by Node or by a coder that the caller passes, so the library needs no dependency for it.

import type { Awaitable } from '../backend/backend.ts';
import { BundleSealError } from '../errors.ts';

/** Compresses or decompresses with Brotli (RFC 7932). */
export type BrotliCoder = (bytes: Uint8Array) => Awaitable<Uint8Array>;

function findZlib() {
  return globalThis.process?.getBuiltinModule?.('node:zlib');
}

/**
 * Returns Node's coder with the default settings, which Capgo's CLI uses; `undefined` if the runtime has no Brotli.
 */
export function defaultCompress(): BrotliCoder | undefined {
  const zlib = findZlib();
  if (typeof zlib?.brotliCompress !== 'function') return undefined;
  return (bytes) =>
    new Promise((resolve, reject) => {
      zlib.brotliCompress(bytes, (error, out) => (error === null ? resolve(out) : reject(error)));
    });
}

/** Returns Node's decoder, which rejects if the result has more than `maxLength` bytes. */
export function defaultDecompress(maxLength: number): BrotliCoder {
  const zlib = findZlib();
  if (typeof zlib?.brotliDecompress !== 'function') {
    return () => {
      throw new BundleSealError(
        'ERR_BACKEND_UNAVAILABLE',
        'this runtime has no Brotli: pass a decoder as options.brotli',
      );
    };
  }
  return (bytes) =>
    new Promise((resolve, reject) => {
      zlib.brotliDecompress(bytes, { maxOutputLength: maxLength }, (error, out) =>
        error === null ? resolve(out) : reject(error),
      );
    });
}
