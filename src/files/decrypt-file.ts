// Opens a sealed file into another file.

import type { FileHandle } from 'node:fs/promises';
import { selectBackend } from '../backend/select.ts';
import { inFlightOf } from '../bundle/chunk-loop.ts';
import { DECRYPT_OPTIONS, type DecryptOptions, decryptChunks } from '../bundle/decrypt.ts';
import { type BundleInfo, infoOf } from '../bundle/info.ts';
import { checkBody, checkHeaderOptions, openHeader } from '../bundle/open-header.ts';
import { TAG_LENGTH } from '../format/chunks.ts';
import { checkOptions } from '../options.ts';
import { fileChunkSink, fileChunkSource } from './chunk-file.ts';
import { checkPath } from './error.ts';
import { type InputFile, openInputFile } from './input-file.ts';
import type { OutputFile } from './output-file.ts';
import { replaceFile } from './replace.ts';
import { fillUnnamed } from './spool-input.ts';

/** Options of {@link decryptFile}. */
export interface DecryptFileOptions extends DecryptOptions {}

/**
 * Opens a sealed file of any size into another file, in constant memory.
 *
 * The output gets its name only after the call has verified all of it, including the checksum of the whole bundle: it
 * writes a temporary file in the same folder, flushes it to the disk and renames it. After an error or an abort,
 * the previous file is unchanged and no temporary file remains. The next call for the same output removes the
 * temporary files of killed processes (`.name.….bundleseal-tmp`). The output gets the mode bits of the input. If it
 * replaces a file, it gets only the mode bits that both files have. From 32 MiB on, the call uses a second thread if
 * possible, and the output bypasses the page cache.
 *
 * On a file system without mode bits, the output has the modes of that system. On a file system without a flush, the
 * output may not survive a power cut. If a rename fails because another program has the file open, the call repeats
 * it for half a second, on Windows for five seconds.
 *
 * @param input - The path of a sealed file, or of its body if `options.seal` is given. The call first reads a pipe to its
 * end, into an unnamed file in the system's temporary folder.
 * @param output - The path of another file. The call follows a link to a file. It refuses a folder, a pipe and a device.
 * @param options - The options of {@link decryptBundle}.
 * @returns The content of the header, verified by its signature.
 * @throws the errors of {@link decryptBundle}, and {@link BundleSealError} `ERR_FILE` if a file cannot be read or
 * written (`path`, `cause`).
 * @see docs/format.md#opening
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
  return decryptInto(input, options, (file, fill) =>
    replaceFile(file, output, options.signal, fill),
  );
}

/** Opens a sealed file into a file without a name, of which nothing remains if the process is killed. */
export async function decryptToUnnamed(
  input: string,
  options: DecryptFileOptions,
): Promise<{ readonly result: BundleInfo; readonly handle: FileHandle }> {
  return decryptInto(input, options, (_, fill) => fillUnnamed(fill));
}

async function decryptInto<T>(
  input: string,
  options: DecryptFileOptions,
  write: (file: InputFile, fill: (out: OutputFile) => Promise<BundleInfo>) => Promise<T>,
): Promise<T> {
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
      return await write(file, async (out) => {
        const sink = await fileChunkSink(out, { ...chunks, length, start: 0, end: layout.size });
        const work = { backend, opened, checksum: 'running' as const };
        try {
          await decryptChunks({ ...work, signal, onProgress }, source, sink);
          await sink.finish();
          return infoOf(opened);
        } finally {
          // No write may be in progress when the file is closed.
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
