// @ts-check Temporary files, which are removed after the work, also after an error.

import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GIB = 2 ** 30;
const PIECE = 16 * 2 ** 20;

/**
 * @template T
 * @param {(directory: string) => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inTemporaryDirectory(work) {
  const directory = mkdtempSync(join(tmpdir(), 'bundleseal-bench-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  // Turns a signal into an exit, because it would end the process without running `finally`.
  const stop = () => process.exit(1);
  process.on('exit', remove).on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(directory);
  } finally {
    remove();
    process.off('exit', remove).off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/**
 * Describes the missing space for `bytes` of files. Returns `undefined` if there is room.
 *
 * @param {string} what - Who needs them. @param {number} bytes
 */
export function missingSpace(what, bytes) {
  const { bavail, bsize } = statfsSync(tmpdir());
  const free = bavail * bsize;
  if (free >= bytes) return undefined;
  const gib = (/** @type {number} */ n) => (n / GIB).toFixed(1);
  return `${what} takes ${gib(bytes)} GiB in the folder for temporary files, where ${gib(free)} GiB are free: ${gib(bytes - free)} GiB are missing; make room, or set TMPDIR to a folder that has it`;
}

/** @param {string} path @param {number} size */
export function writeRandomFile(path, size) {
  writeInPieces(path, size, PIECE, randomFillSync);
}

/** All zeros, each of them written. @param {string} path @param {number} size */
export function writeZeroFile(path, size) {
  writeInPieces(path, size, 2 ** 20, (piece) => piece);
}

/**
 * @param {string} path @param {number} size @param {number} length - Of a piece.
 * @param {(piece: Uint8Array) => Uint8Array} fill
 */
function writeInPieces(path, size, length, fill) {
  const piece = new Uint8Array(Math.min(size, length));
  const file = openSync(path, 'w');
  for (let at = 0; at < size; ) {
    at += writeSync(file, fill(piece), 0, Math.min(piece.length, size - at));
  }
  closeSync(file);
}

/** All zeros, and nothing on the disk where that is possible. @param {string} path @param {number} size */
export function writeSparseFile(path, size) {
  writeFileSync(path, '');
  truncateSync(path, size);
}
