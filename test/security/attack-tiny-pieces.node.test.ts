// A forged header that asks for 33 MB, from a stream of single bytes: how much memory a device uses.
// @vitest-environment-options { "own": "attack-tiny-pieces" }

import { expect, it } from 'vitest';
import { decryptStream, encryptBundle } from '../../src/index.ts';
import { unzipStream } from '../../src/zip.ts';
import { drain } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const SENT = 250_000;

/** A byte at a time, each a view that would keep a buffer of its own alive. */
function dripped(first: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (sent === 0) controller.enqueue(first);
        else if (sent <= SENT) controller.enqueue(new Uint8Array(1024).subarray(0, 1));
        else controller.close();
        sent += 1;
      },
    },
    { highWaterMark: 0 },
  );
}

/** How far the process grew while `work` was under way. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 5);
  await work();
  clearInterval(timer);
  return Math.max(peak, process.memoryUsage.rss()) - before;
}

it('a stream of tiny pieces under a forged header takes a few bytes of memory for each byte', async () => {
  const { bytes } = await encryptBundle(new Uint8Array(10), { privateKey: keyB.pkcs8 });
  const head = bytes.slice(0, 56);
  head[10] = 12;
  new DataView(head.buffer).setBigUint64(16, 2n ** 20n * 4096n);
  const grown = await growth(async () => {
    const { error } = await drain(decryptStream(dripped(head), { publicKey: keyB.spki }));
    expect(error).toMatchObject({ code: 'ERR_LENGTH_INVALID' });
  });
  // Some 375 MB where each piece is kept as it came.
  expect(grown).toBeLessThan(100e6);
});

it('a zip of tiny pieces is refused with as little memory', async () => {
  const grown = await growth(async () => {
    const files = unzipStream(dripped(Uint8Array.of(0x50, 0x4b, 3, 4)));
    await expect(files.next()).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });
  });
  expect(grown).toBeLessThan(100e6);
});
