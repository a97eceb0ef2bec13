import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decryptBundle,
  decryptStream,
  encryptBundle,
  encryptStream,
  openBundle,
} from '../../src/index.ts';
import { BACKENDS } from '../support/backends.ts';
import { bytesOf } from '../support/bytes.ts';
import { runs } from '../support/scope.ts';
import { cut, drain, same, streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const sizes = fc
  .tuple(fc.nat(4), fc.constantFrom(-17, -1, 0, 1, 17))
  .map(([chunks, off]) => Math.max(0, chunks * CHUNK + off));
const cuts = fc
  .array(fc.oneof(fc.constantFrom(0, 1, CHUNK, CHUNK + 16, (3 * CHUNK) / 2), fc.nat(20_000)), {
    minLength: 1,
    maxLength: 6,
  })
  .filter((lengths) => lengths.some((length) => length > 0));

describe.each(BACKENDS)('through %s', (backend) => {
  it('a stream gives the same bytes as a single call, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, cuts, fc.boolean(), async (size, lengths, detached) => {
        const plain = bytesOf(size);
        const sealing = { privateKey: keyB.pkcs8, chunkSize: CHUNK, backend };
        const { body, seal, checksum } = encryptStream(
          streamOf(cut(plain, lengths)).stream,
          sealing,
        );
        const sealedBody = await drain(body);
        expect(sealedBody.error).toBeUndefined();
        const once = await encryptBundle(plain, sealing);
        expect(await checksum).toBe(once.checksum);
        expect(sealedBody.bytes.length).toBe(once.ciphertext.length);
        const opening = { publicKey: keyB.spki, backend };
        const reopened = await decryptBundle(sealedBody.bytes, { ...opening, seal: await seal });
        expect(same(reopened, plain)).toBe(true);

        const stream = detached
          ? decryptStream(streamOf(cut(once.ciphertext, lengths)).stream, {
              ...opening,
              seal: once.seal,
            })
          : decryptStream(streamOf(cut(once.bytes, lengths)).stream, opening);
        const opened = await drain(stream);
        expect(opened.error).toBeUndefined();
        expect(same(opened.bytes, plain)).toBe(true);
      }),
      { numRuns: runs(25) },
    );
  });

  it('any range of a bundle equals its slice, read and streamed, from memory, a Blob and a source', async () => {
    const ranges = fc.array(fc.tuple(fc.nat(20_000), fc.nat(20_000)), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        ranges,
        fc.constantFrom(0, 5000, 1e6),
        async (size, all, cacheSize) => {
          const plain = bytesOf(size);
          const { bytes } = await encryptBundle(plain, {
            privateKey: keyB.pkcs8,
            chunkSize: CHUNK,
            backend,
          });
          const source = {
            size: bytes.length,
            read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
          };
          for (const input of [bytes, new Blob([bytes as Uint8Array<ArrayBuffer>]), source]) {
            const reader = await openBundle(input, { publicKey: keyB.spki, backend, cacheSize });
            expect(reader.info).toMatchObject({ proven: true, size });
            const parts = await Promise.all(all.map(([from, length]) => reader.read(from, length)));
            for (const [i, [from, length]] of all.entries()) {
              const slice = plain.slice(from, from + length);
              expect(same(parts[i] as Uint8Array, slice)).toBe(true);
              const streamed = await drain(reader.stream(from, length));
              expect(streamed.error).toBeUndefined();
              expect(same(streamed.bytes, slice)).toBe(true);
            }
            reader.close();
          }
        },
      ),
      { numRuns: runs(15) },
    );
  });
});
