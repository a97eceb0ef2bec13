// A download that ends early, by accident or by someone's choice, where that is hardest to see: at the edges.

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { BundleSealError, decryptStream, encryptBundle, openBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { expectRefused } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { cut, drain, same, streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(3 * CHUNK);
const { bytes, ciphertext, seal } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
  metadata: { sequence: 1 },
});
const HEADER = bytes.length - ciphertext.length;
const EDGES = [0, 1, 2, 3].map((i) => HEADER + i * (CHUNK + 16));
const TAGS = [1, 2, 3].map((i) => HEADER + i * (CHUNK + 16) - 16);
const HEADER_EDGES = [0, 8, 56, 56 + 16, HEADER - 384];
const CUTS = [
  ...new Set([...HEADER_EDGES, ...EDGES, ...TAGS].flatMap((at) => [at - 1, at, at + 1])),
]
  .filter((at) => at >= 0 && at < bytes.length)
  .sort((a, b) => a - b);

describe.each(PREFERRED_BACKENDS)('a bundle cut short, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it.each(CUTS)('is refused after %i bytes', async (at) => {
    await expectRefused(bytes.subarray(0, at), options, 'ERR_LENGTH_INVALID', plain);
  });

  it.each(CUTS.filter((at) => at >= HEADER))(
    'is refused detached, after %i bytes of the whole',
    async (at) => {
      const body = ciphertext.subarray(0, at - HEADER);
      await expectRefused(body, { ...options, seal }, 'ERR_LENGTH_INVALID', plain);
    },
  );

  it('releases only whole chunks, and never ends without an error', async () => {
    for (const at of CUTS) {
      const source = streamOf(cut(bytes.subarray(0, at), [1000])).stream;
      const { bytes: out, error } = await drain(decryptStream(source, options));
      expect(error).toBeInstanceOf(BundleSealError);
      const whole = Math.max(0, Math.floor((at - HEADER) / (CHUNK + 16)));
      expect(out.length).toBeLessThanOrEqual(whole * CHUNK);
      expect(out.length % CHUNK).toBe(0);
      expect(same(out, plain.subarray(0, out.length))).toBe(true);
    }
  });

  it('is refused with a header that was changed to match', async () => {
    for (const count of [0, 1, 2]) {
      const fixed = bytes.slice(0, 56);
      new DataView(fixed.buffer).setUint32(20, count * CHUNK);
      const metadata = bytes.subarray(56, 72);
      const digests = bytes.subarray(72, 72 + 32 * Math.max(1, count));
      const signature = bytes.subarray(HEADER - 384, HEADER);
      const body = ciphertext.subarray(0, Math.max(16, count * (CHUNK + 16)));
      const sealed = concat(fixed, metadata, digests, signature, body);
      await expectRefused(sealed, options, 'ERR_SEAL_INVALID');
    }
  });

  it('is refused by a reader even if its source claims the full size', async () => {
    const source = {
      size: bytes.length,
      read: async (offset: number, length: number) =>
        bytes.subarray(0, HEADER + CHUNK + 16).slice(offset, offset + length),
    };
    const reader = await openBundle(source, { ...options, cacheSize: 0 });
    expect(same(await reader.read(0, CHUNK), plain.subarray(0, CHUNK))).toBe(true);
    await expect(reader.read(CHUNK, 1)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' });
    reader.close();
  });

  it('is refused if anything follows it, also its own chunks', async () => {
    const last = ciphertext.subarray(2 * (CHUNK + 16));
    for (const more of [Uint8Array.of(0), last, bytes]) {
      await expectRefused(concat(bytes, more), options, 'ERR_LENGTH_INVALID', plain);
    }
  });
});
