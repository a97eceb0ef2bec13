// Opening a sealed file into a file.

import { selectBackend } from '../backend/select.ts';
import { inFlightOf } from '../bundle/chunk-loop.ts';
import { DECRYPT_OPTIONS, type DecryptOptions } from '../bundle/decrypt.ts';
import { decryptChunks } from '../bundle/decrypt-chunks.ts';
import { type BundleInfo, infoOf } from '../bundle/info.ts';
import { checkHeaderOptions, openHeader } from '../bundle/open-header.ts';
import { TAG_LENGTH } from '../format/chunks.ts';
import { checkBodyLength } from '../format/header.ts';
import { checkOptions } from '../options.ts';
import { fileChunkSink, fileChunkSource } from './chunk-file.ts';
import { checkPath } from './error.ts';
import { openInputFile } from './input-file.ts';
import { replaceFile } from './replace.ts';

export interface DecryptFileOptions extends DecryptOptions {}

/**
 * Opens a sealed file of any size into another, in constant memory.
 *
 * The output appears under its name only when all of it has been verified, the checksum of the whole included:
 * it is written beside its place, flushed to the disk and renamed. After an error or an abort what was there
 * before is untouched and nothing is left; what a killed process leaves (`.name.….bundleseal-tmp`) is removed
 * by the next call for the same output. The output gets the input's mode bits, and of a file that it replaces
 * only those that both had. From 32 MiB on a second thread works along, where there can be one, and what is written
 * leaves the page cache to others.
 *
 * Where the file system does not have them, the output has other mode bits, or the last flush is left out: then it
 * may not survive a power cut. A rename that is refused because another program holds the file is tried again for
 * half a second, on Windows for five seconds.
 *
 * @param input - A sealed file, or its body where `options.seal` is given. A pipe is first read to its end, into a
 * file without a name in the system's temporary folder.
 * @param output - Another file. A link to a file is followed; a folder, a pipe and a device are refused.
 * @param options - What {@link decryptBundle} takes.
 * @returns what the header says, proven.
 * @throws what {@link decryptBundle} throws, and {@link BundleSealError} `ERR_FILE`: a file can't be read or
 * written; `path` and `cause` say more.
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
      checkBodyLength(opened.header, file.size - bodyStart);
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
