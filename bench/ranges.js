// @ts-check Measures reads of small parts of a large bundle on a web server.

import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { httpSource, keygen, openBundle } from '../dist/index.js';
import { encryptFile } from '../dist/node.js';
import { CHUNK_SIZE, mustAgree, sameBytes, TAG_LENGTH } from './format.js';
import { serveFile } from './range-server.js';
import { TARGETS } from './targets.js';
import { inTemporaryDirectory, missingSpace, writeRandomFile } from './temporary.js';
import { interleave } from './timing.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const LENGTH = 1024;
const STRIDE = CHUNK_SIZE + TAG_LENGTH;

/** Where a read begins in its chunk, and how many chunks it touches. */
const PLACES = [
  {
    name: 'within a chunk',
    chunks: 1,
    offsetIn: () => Math.floor(Math.random() * (CHUNK_SIZE - LENGTH + 1)),
  },
  {
    name: 'across the edge of two chunks',
    chunks: 2,
    offsetIn: () => CHUNK_SIZE - 1 - Math.floor(Math.random() * (LENGTH - 1)),
  },
];

/** @typedef {ReturnType<typeof import('./report.js').createReport>} Report */
/** @typedef {Awaited<ReturnType<typeof serveFile>>} Server */

/** @param {Report} report @param {{ quick: boolean }} settings */
export async function measureRanges(report, { quick }) {
  const size = quick ? 128 * MIB : GIB;
  const missing = missingSpace('ranges', 2 * size + GIB / 2);
  if (missing !== undefined) {
    report.skip(missing);
    return;
  }
  const reads = quick ? 34 : 101;
  report.begin(
    'ranges',
    `Node: 1 KiB at ${reads} random places of a sealed bundle of ${size / MIB} MiB, through httpSource from a server in the same process, nothing kept`,
  );
  await inTemporaryDirectory(async (directory) => {
    const { privateKey, publicKey } = await keygen();
    const plain = join(directory, 'plain');
    const sealed = join(directory, 'sealed');
    writeRandomFile(plain, size);
    const { sealedSize } = await encryptFile(plain, sealed, { privateKey });
    const bodyStart = sealedSize - size - (TAG_LENGTH * size) / CHUNK_SIZE;
    const server = await serveFile(sealed);
    const file = openSync(plain, 'r');
    try {
      const source = await httpSource(server.url);
      const reader = await openBundle(source, { publicKey, cacheSize: 0 });
      const { requests, bytes } = server.takeCount();
      report.value('opening, requests', requests, 'requests');
      report.value('opening, bytes', bytes, 'bytes');
      for (const { name, chunks, offsetIn } of PLACES) {
        const offset = () =>
          CHUNK_SIZE * Math.floor(Math.random() * (size / CHUNK_SIZE - chunks + 1)) + offsetIn();
        const read = () => reader.read(offset(), LENGTH);
        await countReads(report, name, reads, server, async () => {
          const at = offset();
          const expected = new Uint8Array(LENGTH);
          readSync(file, expected, 0, LENGTH, at);
          const right = sameBytes(await reader.read(at, LENGTH), expected);
          mustAgree(right, `the bytes read at ${at} are not the sealed ones`);
        });
        const bare = async () => {
          const start = bodyStart + STRIDE * Math.floor(offset() / CHUNK_SIZE);
          const range = `bytes=${start}-${start + chunks * STRIDE - 1}`;
          return (await fetch(server.url, { headers: { range } })).arrayBuffer();
        };
        const timings = await interleave({ read, bare }, { rounds: reads });
        report.time(`read ${name}`, /** @type {any} */ (timings['read']));
        report.time(
          `  bare fetch of as many chunks, ${name}`,
          /** @type {any} */ (timings['bare']),
        );
      }
      reader.close();
    } finally {
      server.close();
      closeSync(file);
    }
  });
}

/** @param {Report} report @param {string} name @param {number} reads @param {Server} server @param {() => Promise<void>} read */
async function countReads(report, name, reads, server, read) {
  const most = { requests: 0, bytes: 0 };
  server.takeCount();
  for (let i = 0; i < reads; i++) {
    await read();
    const { requests, bytes } = server.takeCount();
    most.requests = Math.max(most.requests, requests);
    most.bytes = Math.max(most.bytes, bytes);
  }
  report.value(`read ${name}, requests at most`, most.requests, 'requests', {
    target: TARGETS.requestsPerRead,
  });
  report.value(`read ${name}, moved at most`, most.bytes / STRIDE, 'chunks', {
    target: TARGETS.chunksPerRead,
  });
}
