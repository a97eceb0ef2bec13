// Blobs as workers of Cloudflare's with an early compatibility date have them: Object.prototype.toString says nothing of them.

import { expect, it } from 'vitest';
import { decryptBundle, encryptBundle } from '../../../src/index.ts';
import { unzipBundle, zipBundle } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { keyB } from '../../support/vectors.ts';

function unbranded(bytes: Uint8Array): Blob {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  Object.defineProperty(blob, Symbol.toStringTag, { value: undefined });
  expect(Object.prototype.toString.call(blob)).toBe('[object Object]');
  return blob;
}

it('Blobs without a brand are sealed and opened', async () => {
  const plain = bytesOf(10_000);
  const { bytes } = await encryptBundle(unbranded(plain), { privateKey: keyB.pkcs8 });
  expect(await decryptBundle(unbranded(bytes), { publicKey: keyB.spki })).toEqual(plain);
});

it.each(['Blobs', 'MyBlob', 'ProFile', 'FileList'])(
  'objects of the brand %s are not taken for Blobs',
  async (brand) => {
    const other = { [Symbol.toStringTag]: brand, size: 3, slice: () => new Blob(['abc']) };
    const work = encryptBundle(other as unknown as Blob, { privateKey: keyB.pkcs8 });
    await expect(work).rejects.toThrow(
      new TypeError(`bundle expected a Uint8Array, ArrayBuffer or Blob, got a ${brand}`),
    );
  },
);

it('Blobs without a brand are zipped and unzipped', async () => {
  const plain = bytesOf(10_000);
  const zip = await zipBundle({ 'a.txt': unbranded(plain) });
  expect(await unzipBundle(unbranded(zip))).toEqual(new Map([['a.txt', plain]]));
});
