import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { encryptBundle, openBundle } from '../../../src/index.ts';
import { keyB } from '../../support/vectors.ts';

it('a reader with many parallel reads leaks no listeners, of which Node would warn', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const { bytes } = await encryptBundle(new Uint8Array(50_000), {
    privateKey: keyB.pkcs8,
    chunkSize: 4096,
  });
  const reader = await openBundle(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    publicKey: keyB.spki,
  });
  await Promise.all(Array.from({ length: 64 }, (_, i) => reader.read(700 * i, 10)));
  const streams = Array.from({ length: 64 }, () => reader.stream());
  await Promise.all(streams.map((stream) => stream.cancel()));
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('warning', onWarning);
  reader.close();
  expect(warnings).toEqual([]);
});

it('a reader accepts bytes of another realm from a source, as in a test runner or a frame', async () => {
  const { bytes } = await encryptBundle(Uint8Array.of(1, 2, 3), { privateKey: keyB.pkcs8 });
  const foreign: (length: number) => Uint8Array = runInNewContext('(n) => new Uint8Array(n)');
  const read = async (offset: number, length: number) => {
    const part = foreign(length);
    part.set(bytes.subarray(offset, offset + length));
    return part;
  };
  expect(foreign(0) instanceof Uint8Array).toBe(false);
  const reader = await openBundle({ size: bytes.length, read }, { publicKey: keyB.spki });
  expect([...(await reader.read(0, 3))]).toEqual([1, 2, 3]);
  reader.close();
});
