// Many bundles at once.

import { expect, it } from 'vitest';
import { decryptBundle, encryptBundle, openBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { same } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

it('a thousand bundles that are sealed and opened at once keep their content', async () => {
  const plainOf = (i: number) => bytesOf(1 + ((i * 977) % 20_000)).map((byte) => byte ^ i);
  const results = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      const options = { privateKey: keyB.pkcs8, chunkSize: 4096, metadata: { sequence: i } };
      const { bytes, checksum } = await encryptBundle(plainOf(i), options);
      const expected = { minSequence: i };
      const opened = await decryptBundle(bytes, { publicKey: keyB.spki, expect: expected });
      return { isSame: same(opened, plainOf(i)), checksum };
    }),
  );
  expect(results.filter(({ isSame }) => isSame)).toHaveLength(1000);
  expect(new Set(results.map(({ checksum }) => checksum)).size).toBe(1000);
});

it('a hundred readers of one bundle read the right bytes, from memory and from a slow source', async () => {
  const plain = bytesOf(2_000_000);
  const { bytes } = await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: 16_384 });
  let underWay = 0;
  let most = 0;
  const source = {
    size: bytes.length,
    async read(offset: number, length: number) {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, length % 7));
      underWay -= 1;
      return bytes.slice(offset, offset + length);
    },
  };
  const readers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      openBundle(i % 2 === 0 ? bytes : source, { publicKey: keyB.spki }),
    ),
  );
  const wrong: string[] = [];
  await Promise.all(
    readers.map(async (reader, i) => {
      for (let j = 0; j < 20; j++) {
        const offset = (i * 7919 + j * 104_729) % plain.length;
        const length = 1 + ((i * 31 + j * 4099) % 50_000);
        const part = await reader.read(offset, length);
        if (!same(part, plain.subarray(offset, offset + length))) wrong.push(`${offset} ${length}`);
      }
      reader.close();
    }),
  );
  expect(wrong).toEqual([]);
  expect(most).toBeGreaterThan(10);
});
