// Random access that lies in ways that hostile-sources.test.ts does not have: bytes that say other things of
// themselves than what they are, answers that differ from call to call, and calls back into the reader.

import { describe, expect, it } from 'vitest';
import {
  type BundleReader,
  BundleSealError,
  encryptBundle,
  openBundle,
  type RandomAccessSource,
} from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { drain, same } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const plain = bytesOf(4 * CHUNK);
const other = plain.map((byte) => byte ^ 0xff);
const seal = async (bundle: Uint8Array) =>
  (await encryptBundle(bundle, { privateKey: keyB.pkcs8, chunkSize: CHUNK })).bytes;
const sealed = await seal(plain);
const sealedOther = await seal(other);

type Read = RandomAccessSource['read'];
const honest: Read = async (offset, length) => sealed.slice(offset, offset + length);

/** Bytes whose methods answer with others. */
function lying(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const evil = new Uint8Array(bytes.length).fill(0x41);
  const lies = names.map((name) => [name, { value: () => evil }] as const);
  return Object.defineProperties(bytes, Object.fromEntries(lies));
}

describe.each(PREFERRED_BACKENDS)('a hostile source, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };
  const open = (read: Read, size = sealed.length) => openBundle({ size, read }, options);

  /** Whatever comes out, of a read or a stream, is the publisher's or an error of this library. */
  async function expectProvenOrRefused(makeRead: () => Read): Promise<void> {
    for (const take of [
      (reader: BundleReader) => reader.read(0, plain.length),
      async (reader: BundleReader) => {
        const { bytes, error } = await drain(reader.stream());
        expect(same(bytes, plain.subarray(0, bytes.length))).toBe(true);
        if (error !== undefined) throw error;
        return bytes;
      },
    ]) {
      const result = await open(makeRead())
        .then(take)
        .catch((error: unknown) => error);
      if (result instanceof Uint8Array) expect(same(result, plain)).toBe(true);
      else expect(result).toBeInstanceOf(BundleSealError);
    }
  }

  it('is compared with an honest one, which opens', async () => {
    const reader = await open(honest);
    expect(same(await reader.read(0, plain.length), plain)).toBe(true);
    reader.close();
  });

  it.each([['slice'], ['subarray'], ['slice', 'subarray', 'set', 'copyWithin']])(
    'whose bytes override %s releases only genuine bytes',
    async (...names) => {
      const read: Read = async (offset, length) => lying(await honest(offset, length), names);
      await expectProvenOrRefused(() => read);
    },
  );

  it('that switches to another genuine bundle releases no byte of it', async () => {
    // The first call is for the fixed part, which both have in common.
    for (const from of [3, 4, 5]) {
      await expectProvenOrRefused(() => {
        let calls = 0;
        return async (offset, length) => {
          calls += 1;
          const bytes = calls < from ? sealed : sealedOther;
          return bytes.slice(offset, offset + length);
        };
      });
    }
  });

  it('that returns another chunk is refused with the index of the chunk', async () => {
    const header = sealed.length - 4 * (CHUNK + 16);
    const reader = await open((offset, length) => honest(Math.min(offset, header), length));
    const error = await rejection(reader.read(2 * CHUNK, 1), 'ERR_CHUNK_INVALID');
    expect(error.chunkIndex).toBe(2);
    expect(same(await reader.read(0, CHUNK), plain.subarray(0, CHUNK))).toBe(true);
    reader.close();
  });

  it('that closes the reader while it reads ends the read', async () => {
    let reader: BundleReader | undefined;
    reader = await open(async (offset, length) => {
      reader?.close();
      return honest(offset, length);
    });
    await expect(reader.read(0, 1)).rejects.toThrow(/closed/);
    await expect(reader.read(0, 1)).rejects.toThrow(/closed/);
  });

  it('whose size changes is read with the first size', async () => {
    let asked = 0;
    const source = {
      get size() {
        asked += 1;
        return asked === 1 ? sealed.length : 56;
      },
      read: honest,
    };
    const reader = await openBundle(source, options);
    expect(same(await reader.read(0, plain.length), plain)).toBe(true);
    expect(asked).toBe(1);
    reader.close();
  });

  it('that keeps writing to the memory that it returned releases no unverified byte', async () => {
    const memory = new Uint8Array(sealed.length);
    await expectProvenOrRefused(() => async (offset, length) => {
      memory.fill(0x41);
      memory.set(sealed.subarray(offset, offset + length));
      return memory.subarray(0, length);
    });
  });
});
