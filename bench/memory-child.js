// @ts-check One call in a fresh process: node memory-child.js (encrypt|decrypt) backend inputFile keyFile. Prints the
// peak of memory beyond its output, in bytes.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { decryptBundle, encryptBundle } from '../dist/index.js';
import { peak, resetPeak } from './peak.js';

const [purpose, backend, inputFile, keyFile] = /** @type {any[]} */ (process.argv.slice(2));

const key = readFileSync(keyFile, 'utf8');
// Reads directly into the final memory, so that every page is resident and no other memory was used.
const input = readWhole(inputFile);
globalThis.gc?.();
resetPeak();
const before = process.memoryUsage.rss();
const peakBefore = peak();
const output =
  purpose === 'encrypt'
    ? (await encryptBundle(input, { privateKey: key, backend })).bytes
    : await decryptBundle(input, { publicKey: key, backend });
const beyond = peak() - before - output.length;
console.log(JSON.stringify({ beyond, before, peakBefore, output: output.length }));

/** @param {string} path */
function readWhole(path) {
  const file = openSync(path, 'r');
  const bytes = new Uint8Array(fstatSync(file).size);
  for (let at = 0; at < bytes.length; ) at += readSync(file, bytes, at, bytes.length - at, at);
  closeSync(file);
  return bytes;
}
