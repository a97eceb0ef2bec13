// Unpacks a sealed bundle into a folder in one call.

import type { BundleInfo } from '../bundle/info.ts';
import { type OpenOptions, openBundle } from '../bundle/open.ts';
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

/** Options of {@link openToDirectory}. */
export interface OpenToDirectoryOptions extends Omit<OpenOptions, 'cacheSize'>, UnzipFileOptions {}

/** The result of unpacking a bundle into a folder. */
export interface OpenedDirectory extends UnzippedFolder {
  /** The content of the bundle's header, verified by its signature. */
  readonly info: BundleInfo;
}

/**
 * Opens a sealed zip and unpacks it into a folder. If anything fails, the previous folder is unchanged. Constant
 * memory: 50 MB, and about 600 bytes for each file.
 *
 * The call verifies the header before it writes anything, and each chunk before it unpacks a byte of it. It reads
 * every byte of the bundle before the folder gets its name. It never writes the plain zip to the disk. For the
 * folder, flushing and temporary files of killed processes, see {@link unzipFile}.
 *
 * @param sealed - The path of a sealed bundle, or of its body if `seal` is given; or bytes, a `Blob` or a source such
 * as the result of `httpSource`. The call first reads a pipe to its end. For a stream, use `decryptStream` and
 * `unzipFile`.
 * @param dir - The path of the folder. The folder above it must exist. The folder must not be a link and must not contain
 * the bundle.
 * @param options.publicKey - PEM, DER or JWK, or several keys while keys rotate.
 * @param options.seal - The header, if it is stored separately from the body.
 * @param options.expect - Required metadata. `minSequence` refuses older bundles.
 * @param options.maxChunks - The most chunks that the call accepts. Default 1,048,576.
 * @param options.overwrite - Whether to replace a folder that is not empty. Default false.
 * @param options.maxEntries - The most files and folders. Default 65,535.
 * @param options.maxFileSize - The most inflated bytes of one file. Default 268,435,456.
 * @param options.maxTotalSize - The most inflated bytes of all files. Default 1,073,741,824.
 * @param options.maxRatio - The most inflated bytes for each deflated byte, for files over 64 MiB. Default 200.
 * @param options.signal - Aborts the call: it rejects with the signal's reason, and the previous folder stays.
 * @param options.onProgress - Called with the number of bytes written so far and the total.
 * @returns The verified header, and the number of files and bytes written.
 * @throws the errors of {@link openBundle} for the options, the key and the bundle (`ERR_KEY_MISMATCH`,
 * `ERR_SEAL_INVALID`, `ERR_CHUNK_INVALID`, `ERR_EXPECTATION_FAILED` and others), and those of {@link unzipFile} for the
 * zip and the folder (`ERR_ARCHIVE_INVALID`, `ERR_LIMIT_EXCEEDED`, `ERR_FILE`).
 * @see docs/guides/large-bundles.md#files
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
    signal,
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
