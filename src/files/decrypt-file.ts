// Opening a sealed file into a file.

import { selectBackend } from '../backend/select.ts';
import { inFlightOf } from '../bundle/chunk-loop.ts';
import { DECRYPT_OPTIONS, type DecryptOptions } from '../bundle/decrypt.ts';
import { decryptChunks } from '../bundle/decrypt-chunks.ts';
import { type BundleInfo, infoOf } from '../bundle/info.ts';
import { checkBody, checkHeaderOptions, openHeader } from '../bundle/open-header.ts';
import { TAG_LENGTH } from '../format/chunks.ts';
import { checkOptions } from '../options.ts';
import { fileChunkSink, fileChunkSource } from './chunk-file.ts';
import { checkPath } from './error.ts';
import { openInputFile } from './input-file.ts';
import { replaceFile } from './replace.ts';

export interface DecryptFileOptions extends DecryptOptions {}

/**
 * Opens a sealed file of any size into another, in constant memory.
 *
 * The output appears under its name only after all of it has been verified, including the checksum of the whole
 * bundle. It is written beside its place, flushed to the disk and renamed. After an error or an abort the previous
 * file is untouched and no temporary file is left. The next call for the same output removes files that a killed
 * process left (`.name.….bundleseal-tmp`). The output gets the mode bits of the input; if it replaces a file, only
 * those that both had. From 32 MiB on, a second thread is used if possible, and the output bypasses the page cache.
 *
 * On a file system without mode bits or without a flush, the output has other mode bits, or may not survive a power
 * cut. If a rename fails because another program holds the file, it is tried again for half a second, on Windows for
 * five seconds.
 *
 * @param input - A sealed file, or its body if `options.seal` is given. A pipe is first read to its end, into an
 * unnamed file in the system's temporary folder.
 * @param output - Another file. A link to a file is followed; a folder, a pipe and a device are refused.
 * @param options - What {@link decryptBundle} takes.
 * @returns what the header says, proven.
 * @throws the errors of {@link decryptBundle}, and {@link BundleSealError} `ERR_FILE` if a file cannot be read or
 * written (`path`, `cause`).
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { decryptFile, encryptFile } from 'bundleseal/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * await writeFile('web.zip', 'the bytes of a zip');
 * await encryptFile('web.zip', 'web.zip.sealed', { privateKey, metadata: { version: '1.2.3' } });
 * const { metadata } = await decryptFile('web.zip.sealed', 'opened.zip', { publicKey });
 * console.log(metadata.version);
 * ```
 */
export async function decryptFile(
  input: string,
  output: string,
  options: DecryptFileOptions,
): Promise<BundleInfo> {
  checkPath('input', input);
  checkPath('output', output);
  checkOptions('decryptFile', options, DECRYPT_OPTIONS);
  checkHeaderOptions(options);
  const { signal, onProgress, seal } = options;
  signal?.throwIfAborted();
  const backend = await selectBackend(options.backend);
  const file = await openInputFile(input, signal);
  try {
    const opened = await openHeader(backend, file, options);
    const { layout, headerLength } = opened.header;
    try {
      const bodyStart = seal === undefined ? headerLength : 0;
      await checkBody(opened.header, file.size - bodyStart);
      const chunks = { backend, count: layout.count, inFlight: inFlightOf(layout.chunkSize) };
      const length = Math.min(layout.chunkSize, layout.size);
      const source = fileChunkSource(file, {
        ...chunks,
        length: length + TAG_LENGTH,
        start: bodyStart,
        end: file.size,
      });
      return await replaceFile(file, output, signal, async (out) => {
        const sink = await fileChunkSink(out, { ...chunks, length, start: 0, end: layout.size });
        const work = { backend, opened, checksum: 'running' as const };
        try {
          await decryptChunks(
            { ...work, ...(signal && { signal }), ...(onProgress && { onProgress }) },
            source,
            sink,
          );
          await sink.finish();
          return infoOf(opened);
        } finally {
          // Nothing may still be written when the file is given up.
          await Promise.all([source.close(), sink.close()]);
        }
      });
    } finally {
      opened.secrets.sessionKey.fill(0);
    }
  } finally {
    await file.close();
  }
}
