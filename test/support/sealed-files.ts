// A plain file, a sealed file and an older output in the folder of each test, and both ways to write a file.

import { writeFileSync } from 'node:fs';
import { beforeEach } from 'vitest';
import { encryptBundle } from '../../src/index.ts';
import { decryptFile, encryptFile } from '../../src/node.ts';
import { bytesOf } from './bytes.ts';
import { type TestFolder, useFolder } from './use-folder.ts';
import { keyB } from './vectors.ts';

export const privateKey: string = keyB.pkcs8;
export const publicKey: string = keyB.spki;
export const CHUNK = 4096;
export const OLD: Uint8Array = bytesOf(1000);
export const plain: Uint8Array = bytesOf(5 * CHUNK + 100);
export const sealed: Uint8Array = (
  await encryptBundle(plain, {
    privateKey,
    chunkSize: CHUNK,
    metadata: { appId: 'com.example.app' },
  })
).bytes;

/** Gives each test a folder with the files `plain`, `sealed` and `out`. */
export function useSealedFiles(): TestFolder {
  const folder = useFolder();
  beforeEach(() => {
    writeFileSync(folder.at('plain'), plain);
    writeFileSync(folder.at('sealed'), sealed);
    writeFileSync(folder.at('out'), OLD, { mode: 0o600 });
  });
  return folder;
}

export interface Options {
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}

/** Both ways to write a file. */
export const WAYS: [
  name: string,
  input: string,
  (i: string, o: string, p?: Options) => Promise<unknown>,
][] = [
  [
    'sealed',
    'plain',
    (input, output, options) =>
      encryptFile(input, output, { privateKey, chunkSize: CHUNK, ...options }),
  ],
  [
    'opened',
    'sealed',
    (input, output, options) => decryptFile(input, output, { publicKey, ...options }),
  ],
];
