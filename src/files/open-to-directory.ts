// A sealed bundle as a folder, in one call.

import type { BundleInfo } from '../bundle/info.ts';
import { type OpenOptions, openBundle } from '../bundle/reader.ts';
import { type BundleInput, openRandomAccess, type RandomAccessSource } from '../sources/input.ts';
import { checkPath } from './error.ts';
import { fileSource } from './file-source.ts';
import {
  readUnzipOptions,
  UNZIP_FILE_OPTIONS,
  type UnzipFileOptions,
  type UnzippedFolder,
  type UnzipWork,
  unzipSource,
} from './unzip-file.ts';

export interface OpenToDirectoryOptions extends Omit<OpenOptions, 'cacheSize'>, UnzipFileOptions {}

/** A bundle that was opened into a folder. */
export interface OpenedDirectory extends UnzippedFolder {
  /** The content of the bundle's header, verified by its signature. */
  readonly info: BundleInfo;
}

/**
 * Opens a sealed zip and unpacks it into a folder, completely or not at all. Constant memory: 50 MB, and about 600 bytes
 * for each file.
 *
 * The header is verified before anything is written, each chunk before a byte of it is unpacked, and every byte of the
 * bundle is read before the folder gets its name. The plain zip never lies on the disk. What holds for the folder, its
 * flushing and what a killed process leaves is what {@link unzipFile} says.
 *
 * @param sealed - The path of a sealed bundle, or of its body if `seal` is given; or bytes, a `Blob` or a source such as
 * that of `httpSource`. A pipe is first read to its end. A stream goes through `decryptStream` and `unzipFile`.
 * @param dir - A folder, which need not exist, in one that does. It must not be a link, and must not hold the bundle.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.seal - The header, if it is stored apart from the body.
 * @param options.expect - What the metadata must say; `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that are accepted. Default 1,048,576.
 * @param options.overwrite - Whether a folder that is not empty is replaced. Default false.
 * @param options.maxEntries - Files and folders. Default 65,535.
 * @param options.maxFileSize - Bytes of one file, inflated. Default 268,435,456.
 * @param options.maxTotalSize - Bytes of all files, inflated. Default 1,073,741,824.
 * @param options.maxRatio - Inflated bytes for each deflated one, of a file over 64 MiB. Default 200.
 * @param options.signal - Aborts: rejects with the signal's reason, and the previous folder stays.
 * @param options.onProgress - Is told of the bytes that were written, and of all that there will be.
 * @returns The verified header, and what was written.
 * @throws the errors of {@link openBundle} for the options, the key and the bundle (`ERR_KEY_MISMATCH`,
 * `ERR_SEAL_INVALID`, `ERR_CHUNK_INVALID`, `ERR_EXPECTATION_FAILED` and others), and those of {@link unzipFile} for the
 * zip and the folder (`ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`, `ERR_FILE`).
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { encryptBundle, keygen } from 'bundleseal';
 * import { openToDirectory } from 'bundleseal/node';
 * import { zipBundle } from 'bundleseal/zip';
 *
 * const { privateKey, publicKey } = await keygen();
 * const zip = await zipBundle({ 'index.html': new Uint8Array(10) });
 * const metadata = { appId: 'com.example.app', sequence: 7 };
 * await writeFile('app.sealed', (await encryptBundle(zip, { privateKey, metadata })).bytes);
 *
 * const { info, entries } = await openToDirectory('app.sealed', 'current', {
 *   publicKey,
 *   expect: { appId: 'com.example.app', minSequence: 7 },
 *   overwrite: true,
 * });
 * console.log(info.metadata, entries);
 * ```
 */
export async function openToDirectory(
  sealed: string | BundleInput | RandomAccessSource,
  dir: string,
  options: OpenToDirectoryOptions,
): Promise<OpenedDirectory> {
  checkPath('dir', dir);
  const work = readUnzipOptions('openToDirectory', options, {
    ...UNZIP_FILE_OPTIONS,
    publicKey: 'any',
    seal: 'any',
    expect: 'any',
    maxChunks: 'any',
    backend: 'any',
  });
  const { signal } = work;
  const { publicKey, seal, expect, maxChunks, backend } = options;
  const opening: OpenOptions = {
    publicKey,
    ...(seal !== undefined && { seal }),
    ...(expect !== undefined && { expect }),
    ...(maxChunks !== undefined && { maxChunks }),
    ...(backend !== undefined && { backend }),
    ...(signal !== undefined && { signal }),
  };
  signal?.throwIfAborted();
  if (typeof sealed !== 'string') return unpackSealed(sealed, opening, dir, work);
  checkPath('sealed', sealed);
  const source = await fileSource(sealed);
  try {
    return await unpackSealed(source, opening, dir, work, sealed);
  } finally {
    await source.close();
  }
}

async function unpackSealed(
  source: BundleInput | RandomAccessSource,
  opening: OpenOptions,
  dir: string,
  work: UnzipWork,
  input?: string,
): Promise<OpenedDirectory> {
  const reader = await openBundle(source, opening);
  try {
    const { info } = reader;
    return { info, ...(await unzipSource(openRandomAccess(reader, 'sealed'), dir, work, input)) };
  } finally {
    reader.close();
  }
}
