// The SHA-256 of a file.

import { selectBackend } from '../backend/select.ts';
import { CHECKSUM_OPTIONS, type ChecksumOptions, hashSource } from '../bundle/checksum.ts';
import { toHex } from '../bytes.ts';
import { checkOptions } from '../options.ts';
import { checkPath } from './error.ts';
import { openInputFile } from './input-file.ts';

/**
 * Computes the SHA-256 of a file in constant memory.
 *
 * @param path - The path of a file or a pipe.
 * @returns 64 lower-case hex characters, as `sha256sum` prints them.
 * @throws `TypeError` for a wrong or unknown option. {@link BundleSealError} `ERR_FILE` if the file cannot be read or changes during the call;
 * `ERR_BACKEND_UNAVAILABLE`.
 * @see FIPS 180-4
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { checksumFile } from 'bundleseal/node';
 *
 * await writeFile('abc.txt', 'abc');
 * console.log(await checksumFile('abc.txt'));
 * ```
 */
export async function checksumFile(path: string, options: ChecksumOptions = {}): Promise<string> {
  checkPath('path', path);
  checkOptions('checksumFile', options, CHECKSUM_OPTIONS);
  options.signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const file = await openInputFile(path, options.signal);
  try {
    const digest = await hashSource(backend, file, options);
    await file.checkUnchanged();
    return toHex(digest);
  } finally {
    await file.close();
  }
}
