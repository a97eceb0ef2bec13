// Seals a file.

import type { Backend } from '../backend/backend.ts';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { inFlightOf } from '../bundle/chunk-loop.ts';
import {
  checkChunkCount,
  ENCRYPT_OPTIONS,
  type EncryptOptions,
  encryptAndSeal,
  readSealing,
  type Sealing,
} from '../bundle/encrypt.ts';
import { chunkLayout, SESSION_KEY_LENGTH, TAG_LENGTH } from '../format/chunks.ts';
import { encodeSeal, headerLengthOf } from '../format/header.ts';
import { modulusLength } from '../keys/rsa.ts';
import { checkOptions, describe, type OptionRules } from '../options.ts';
import { readSigningKey, type SigningKey } from '../seal/signing-key.ts';
import { fileChunkSink, fileChunkSource } from './chunk-file.ts';
import { checkPath } from './error.ts';
import { type InputFile, openInputFile } from './input-file.ts';
import type { Input } from './output-place.ts';
import { replaceFile } from './replace.ts';

/** Options of {@link encryptFile}. */
export interface EncryptFileOptions extends EncryptOptions {
  /** Whether to write the body only. The header is then the `seal` of the result. Default false. */
  readonly detached?: boolean;
}

/** A sealed file. */
export interface EncryptedFile {
  /** The header in base64url. */
  readonly seal: string;
  /** SHA-256 of the plain file: 64 hex characters. */
  readonly checksum: string;
  /** Id of the key pair: 64 hex characters. The public key with this id opens the file. */
  readonly keyId: string;
  /** Bytes of the plain file. */
  readonly size: number;
  /** Bytes of header and body together. */
  readonly sealedSize: number;
}

/**
 * Seals a file of any size in constant memory.
 *
 * The output gets its name only when it is complete: the call writes a temporary file in the same folder, flushes it
 * to the disk and renames it. After an error or an abort, the previous file is unchanged and no temporary file
 * remains. The next call for the same output removes the temporary files of killed processes
 * (`.name.….bundleseal-tmp`). The output gets the mode bits of the input. If it replaces a file, it gets only the
 * mode bits that both files have. From 32 MiB on, the call uses a second thread if possible, and the output bypasses
 * the page cache.
 *
 * On a file system without mode bits, the output has the modes of that system. On a file system without a flush, the
 * output may not survive a power cut. If a rename fails because another program has the file open, the call repeats
 * it for half a second, on Windows for five seconds.
 *
 * @param input - The path of a file that does not change during the call. The call first reads a pipe, or a file of
 * `/proc` without a size, to its end, into an unnamed file in the system's temporary folder.
 * @param output - The path of another file. The call follows a link to a file. It refuses a folder, a pipe and a device.
 * @param options - The options of {@link encryptBundle}, and `detached`.
 * @returns The seal, the checksum, the id of the key, and the sizes.
 * @throws the errors of {@link encryptBundle}, and {@link BundleSealError} `ERR_FILE` if a file cannot be read or
 * written, or changes during the call (`path`, `cause`).
 * @see docs/guides/large-bundles.md#files
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal';
 * import { encryptFile } from 'bundleseal/node';
 *
 * const { privateKey } = await keygen();
 * await writeFile('app.zip', 'the bytes of a zip');
 * const { checksum } = await encryptFile('app.zip', 'app.zip.sealed', { privateKey });
 * console.log(checksum);
 * ```
 */
export async function encryptFile(
  input: string,
  output: string,
  options: EncryptFileOptions,
): Promise<EncryptedFile> {
  checkPath('input', input);
  checkPath('output', output);
  checkOptions('encryptFile', options, ENCRYPT_FILE_OPTIONS);
  const sealing = await readFileSealing(options);
  return encryptOpenFile(await openInputFile(input, options.signal), output, options, sealing);
}

/** The options of {@link encryptFile}. */
export const ENCRYPT_FILE_OPTIONS: OptionRules<EncryptFileOptions> = {
  ...ENCRYPT_OPTIONS,
  detached: 'any',
};

interface FileSealing extends Sealing {
  readonly key: SigningKey;
  readonly backend: Backend;
}

/** Checks the options and reads the key. The caller has not opened any file yet. */
export async function readFileSealing(options: EncryptFileOptions): Promise<FileSealing> {
  const { detached } = options;
  if (detached !== undefined && typeof detached !== 'boolean') {
    throw new TypeError(`options.detached expected a boolean, got ${describe(detached)}`);
  }
  const sealing = readSealing(options);
  const key = await readSigningKey(options.privateKey);
  options.signal?.throwIfAborted();
  return { ...sealing, key, backend: await selectBackend(options.backend) };
}

/**
 * Seals a file and closes it. `place` is the file or folder that the output must not replace. Default: the file
 * itself.
 */
export async function encryptOpenFile(
  file: InputFile,
  output: string,
  { signal, onProgress, detached = false }: EncryptFileOptions,
  { metadata, chunkSize, key, backend }: FileSealing,
  place: Input = file,
): Promise<EncryptedFile> {
  const sessionKey = randomBytes(SESSION_KEY_LENGTH);
  try {
    const { size } = file;
    const layout = chunkLayout(size, chunkSize);
    checkChunkCount(layout.count);
    const headerLength = headerLengthOf(layout, metadata.length, modulusLength(key.publicKey));
    const chunks = { backend, count: layout.count, inFlight: inFlightOf(chunkSize) };
    const length = Math.min(chunkSize, size);
    const source = fileChunkSource(file, { ...chunks, length, start: 0, end: size });
    return await replaceFile(place, output, signal, async (out) => {
      const start = detached ? 0 : headerLength;
      const end = start + layout.bodyLength;
      const sink = await fileChunkSink(out, { ...chunks, length: length + TAG_LENGTH, start, end });
      const work = { backend, key, metadata, sessionKey, chunkSize, size };
      try {
        const { header, ...about } = await encryptAndSeal(
          { ...work, signal, onProgress },
          { ...source, isPrivate: true, isLast: (index) => index === layout.count - 1 },
          sink,
        );
        await sink.finish();
        await file.checkUnchanged();
        if (!detached) await out.write(header, 0);
        return {
          seal: encodeSeal(header),
          ...about,
          sealedSize: headerLength + layout.bodyLength,
        };
      } finally {
        // No write may be in progress when the file is closed.
        await Promise.all([source.close(), sink.close()]);
      }
    });
  } finally {
    sessionKey.fill(0);
    await file.close();
  }
}
