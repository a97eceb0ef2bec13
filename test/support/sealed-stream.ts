// A sealed bundle of eleven chunks, for the tests of streams.

import { BundleSealError, type EncryptedBundle, encryptBundle } from '../../src/index.ts';
import { bytesOf } from './bytes.ts';
import { keyB } from './vectors.ts';

export const CHUNK = 4096;
export const plain: Uint8Array = bytesOf(10 * CHUNK + 100);
export const sealing: { readonly privateKey: string; readonly chunkSize: number } = {
  privateKey: keyB.pkcs8,
  chunkSize: CHUNK,
};
export const opening: { readonly publicKey: string } = { publicKey: keyB.spki };
export const sealed: EncryptedBundle = await encryptBundle(plain, sealing);
export const BODY_CHUNK: number = CHUNK + 16;

export const code = (error: unknown): string =>
  error instanceof BundleSealError ? error.code : `no error of ours: ${error}`;
