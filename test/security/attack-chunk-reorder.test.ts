// A store that moves, repeats or leaves out chunks: each of them is the publisher's own.

import { describe, it } from 'vitest';
import { concat } from '../../src/bytes.ts';
import { encryptBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const CHUNK = 4096;
const COUNT = 4;
const plain = bytesOf(COUNT * CHUNK);
const { bytes, ciphertext } = await encryptBundle(plain, {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
});
const header = bytes.subarray(0, bytes.length - ciphertext.length);
const SIGNATURE = 384;
const fixed = header.subarray(0, 56);
const signature = header.subarray(header.length - SIGNATURE);

const chunk = (i: number) => ciphertext.subarray(i * (CHUNK + 16), (i + 1) * (CHUNK + 16));
const digest = (i: number) => header.subarray(56 + 32 * i, 56 + 32 * (i + 1));
const bodyOf = (order: readonly number[]) => concat(...order.map(chunk));

/** Every order of the chunks but the right one. */
function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first) =>
    permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}
const ORDERS = permutations([0, 1, 2, 3]).slice(1);
const REPEATS = [
  [0, 0, 2, 3],
  [0, 1, 2, 2],
  [3, 3, 3, 3],
];

describe.each(PREFERRED_BACKENDS)('chunks moved by a store, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('open in their original order, which the tests below change', async () => {
    await expectOpened(concat(header, bodyOf([0, 1, 2, 3])), options, plain);
  });

  it.each(ORDERS.map((order) => [order.join('')]))('are refused as %s', async (order) => {
    const sealed = concat(header, bodyOf([...order].map(Number)));
    await expectRefused(sealed, options, 'ERR_CHUNK_INVALID', plain);
  });

  it.each(REPEATS.map((order) => [order.join('')]))(
    'are refused repeated, as %s',
    async (order) => {
      const sealed = concat(header, bodyOf([...order].map(Number)));
      await expectRefused(sealed, options, 'ERR_CHUNK_INVALID', plain);
    },
  );

  it.each([
    ['the first', [1, 2, 3]],
    ['one between', [0, 2, 3]],
    ['the last', [0, 1, 2]],
  ])('are refused without %s', async (_, order) => {
    const sealed = concat(header, bodyOf(order));
    await expectRefused(sealed, options, ['ERR_LENGTH_INVALID', 'ERR_CHUNK_INVALID'], plain);
  });

  it('are refused even if their digests are moved too, because the signature covers the digests', async () => {
    for (const order of [
      [1, 0, 2, 3],
      [3, 2, 1, 0],
    ]) {
      const moved = concat(fixed, ...order.map(digest), signature, bodyOf(order));
      await expectRefused(moved, options, 'ERR_SEAL_INVALID');
    }
  });

  it('are refused if another chunk becomes the last one, also with a matching header', async () => {
    const shorter = fixed.slice();
    new DataView(shorter.buffer).setUint32(20, 3 * CHUNK);
    const sealed = concat(shorter, ...[0, 1, 2].map(digest), signature, bodyOf([0, 1, 2]));
    await expectRefused(sealed, options, 'ERR_SEAL_INVALID');
  });
});
