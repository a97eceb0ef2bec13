// @ts-check A thread that deflates its share of the pieces of a zip again and again, and does nothing else. Bundled from
// src/ by bench/deflate-alone.js.

import { createCutter, deflateSteps } from '../src/archive/write/deflate.ts';
import { loadZlib } from '../src/archive/write/load-zlib.ts';
import { DEFLATE_SLICE } from '../src/archive/write/zlib.ts';

const LEVEL = 6;

export async function main() {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { contents, index, count } = workerData;
  const { open } = await loadZlib();
  // Dealt out by length, so that each thread gets the same number of bytes, but for one piece.
  const pieces = contents
    .flatMap(cut)
    .sort((a, b) => b.bytes.length - a.bytes.length)
    .filter((_, i) => i % count === index);
  parentPort.on('message', () => {
    let bytes = 0;
    for (const piece of pieces) {
      for (const _ of deflateSteps(open, piece, LEVEL, ({ length }) => (bytes += length)));
    }
    parentPort.postMessage({ pieces: pieces.length, bytes });
  });
  parentPort.postMessage('ready');
}

/** As the library cuts a content. @param {Uint8Array} content */
function cut(content) {
  const cutter = createCutter();
  const pieces = [];
  for (let at = 0; at < content.length; at += DEFLATE_SLICE) {
    pieces.push(cutter.push(content.subarray(at, at + DEFLATE_SLICE)));
  }
  pieces.push(cutter.end());
  return pieces.filter((piece) => piece !== undefined);
}
