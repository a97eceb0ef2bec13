// Encrypts a file for Capgo's plugin.

import { selectBackend } from '../backend/select.ts';
import { checkPath } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { replaceFile } from '../files/replace.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { createCipher, createSha256 } from './cbc-node.ts';
import { type ChecksumFormat, checkFormat, signChecksum } from './checksum.ts';
import { passFile } from './file-pass.ts';
import { capgoKeyIdOf, readCapgoPrivateKey } from './keys.ts';
import { createSession, signSession } from './session.ts';

/** Options of {@link encryptFile}. */
export interface EncryptFileOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2`. */
  readonly privateKey: string;
  /** The form of the checksum: `'v2'` for plugins before 5.30, 6.30 and 7.30. Default `'v3'`. */
  readonly checksumFormat?: ChecksumFormat;
}

/** The values that Capgo's plugin needs beside the encrypted file. */
export interface EncryptedFile {
  /** base64 of the IV, a colon, base64 of the signed session key. */
  readonly ivSessionKey: string;
  /** The signed SHA-256 of the plain file. */
  readonly checksum: string;
  /** The 20 characters by which Capgo names the key. */
  readonly keyId: string;
  /** Bytes of the plain file. */
  readonly size: number;
  /** Bytes of the encrypted file. */
  readonly encryptedSize: number;
}

/**
 * Encrypts a zip of any size for Capgo's plugin, in constant memory.
 *
 * The output gets its name only when it is complete: the call writes a temporary file in the same folder, flushes it
 * to the disk and renames it. After an error or an abort, the previous file is unchanged and no temporary file
 * remains.
 *
 * @param input - The path of a file that does not change during the call. The call first reads a pipe, or a file of
 * `/proc` without a size, to its end, into an unnamed file in the system's temporary folder.
 * @param output - The path of another file. The call follows a link to a file. It refuses a folder, a pipe and a device.
 * @returns The values that the plugin needs beside the file, and the sizes.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`, `ERR_SIGNER_FAILED`; `ERR_FILE` if a file cannot be read or
 * written, or changes during the call (`path`, `cause`). `TypeError` for a wrong or unknown option.
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal/capgo';
 * import { encryptFile } from 'bundleseal/capgo/node';
 *
 * const { privateKey } = await keygen();
 * await writeFile('capgo.zip', 'the bytes of a zip');
 * const { ivSessionKey, checksum } = await encryptFile('capgo.zip', 'capgo.zip_encrypted.zip', { privateKey });
 * console.log(ivSessionKey, checksum);
 * ```
 */
export async function encryptFile(
  input: string,
  output: string,
  options: EncryptFileOptions,
): Promise<EncryptedFile> {
  checkPath('input', input);
  checkPath('output', output);
  checkOptions('encryptFile', options, {
    privateKey: 'any',
    checksumFormat: 'any',
    signal: 'signal',
    onProgress: 'function',
  });
  const { checksumFormat = 'v3', signal, onProgress } = options;
  checkFormat(checksumFormat);
  // Reads the key before it opens any file.
  const privateKey = readCapgoPrivateKey(options.privateKey);
  signal?.throwIfAborted();
  const backend = await selectBackend('node');
  const file = await openInputFile(input, signal);
  const session = createSession();
  try {
    const { size } = file;
    const result = await replaceFile(file, output, signal, async (out) => {
      const hash = createSha256();
      const transform = createCipher(session);
      const encryptedSize = await passFile({
        ...{ file, out, transform, hash, hashed: 'input', signal, onProgress },
      });
      await file.checkUnchanged();
      return {
        ivSessionKey: await signSession(backend, privateKey, session),
        checksum: await signChecksum(backend, privateKey, hash.digest(), checksumFormat),
        keyId: capgoKeyIdOf(privateKey),
        size,
        encryptedSize,
      };
    });
    onProgress?.({ done: size, total: size });
    return result;
  } finally {
    session.key.fill(0);
    await file.close();
  }
}
