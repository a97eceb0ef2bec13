// @ts-check
// Files as streams, the way Node's documentation shows them.

import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** @param {string} path @returns {ReadableStream<Uint8Array>} */
export function webStreamOf(path) {
  return /** @type {any} */ (Readable.toWeb(createReadStream(path)));
}

/** @param {ReadableStream<Uint8Array>} stream @param {string} path */
export async function writeWebStream(stream, path) {
  await pipeline(Readable.fromWeb(/** @type {any} */ (stream)), createWriteStream(path));
}

/** A step of a pipeline that hashes what goes by. @param {import('node:crypto').Hash} hash */
export function hashing(hash) {
  return async function* (/** @type {AsyncIterable<Buffer>} */ source) {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  };
}
