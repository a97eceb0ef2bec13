// Opens a file that is encrypted for Capgo.

import { selectBackend } from '../backend/select.ts';
import { equalBytes, toHex } from '../bytes.ts';
import { checkPath } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { replaceFile } from '../files/replace.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { checkLength } from './cbc.ts';
import { createDecipher, createSha256 } from './cbc-node.ts';
import { mismatch, recoverChecksum } from './checksum.ts';
import { passFile } from './file-pass.ts';
import { readCapgoPublicKey } from './keys.ts';
import { recoverSession } from './session.ts';

/** Options of {@link decryptFile}. */
export interface DecryptFileOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2.pub`. */
  readonly publicKey: string;
  /** base64 of the IV, a colon, base64 of the signed session key. */
  readonly ivSessionKey: string;
  /** The signed checksum, V3 or V2. */
  readonly checksum: string;
}

/** The result of opening a file. */
export interface DecryptedFile {
  /** Bytes of the plain file. */
  readonly size: number;
  /** SHA-256 of the plain file, which the private key signed: 64 hex characters. */
  readonly sha256: string;
}

/**
 * Opens a file that Capgo's CLI or {@link encryptFile} encrypted, of any size, in constant memory.
 *
 * The output gets its name only after the call has compared its SHA-256 with the signed one: the call writes a temporary
 * file in the same folder, compares, flushes it to the disk and renames it. After an error or an abort, the previous
 * file is unchanged and no temporary file remains. Wrong padding and a wrong checksum give the same error.
 *
 * @param input - The path of the encrypted file. The call first reads a pipe to its end, into an unnamed file in the
 * system's temporary folder.
 * @param output - The path of another file. The call follows a link to a file. It refuses a folder, a pipe and a device.
 * @returns The size and the verified SHA-256 of the plain file.
 * @throws the errors of `decryptBundle` of `bundleseal/capgo`, and {@link BundleSealError} `ERR_FILE` if a file
 * cannot be read or written (`path`, `cause`).
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { keygen } from 'bundleseal/capgo';
 * import { decryptFile, encryptFile } from 'bundleseal/capgo/node';
 *
 * const { privateKey, publicKey } = await keygen();
 * await writeFile('plain.zip', 'the bytes of a zip');
 * const { ivSessionKey, checksum } = await encryptFile('plain.zip', 'secret.zip', { privateKey });
 * const { size } = await decryptFile('secret.zip', 'again.zip', { publicKey, ivSessionKey, checksum });
 * console.log(size);
 * ```
 */
export async function decryptFile(
  input: string,
  output: string,
  options: DecryptFileOptions,
): Promise<DecryptedFile> {
  checkPath('input', input);
  checkPath('output', output);
  checkOptions('decryptFile', options, {
    publicKey: 'any',
    ivSessionKey: 'any',
    checksum: 'any',
    signal: 'signal',
    onProgress: 'function',
  });
  const { signal, onProgress } = options;
  const publicKey = readCapgoPublicKey(options.publicKey);
  signal?.throwIfAborted();
  const backend = await selectBackend('node');
  const signed = await recoverChecksum(backend, publicKey, options.checksum);
  const session = await recoverSession(backend, publicKey, options.ivSessionKey);
  try {
    const file = await openInputFile(input, signal);
    try {
      checkLength(file.size);
      const result = await replaceFile(file, output, signal, async (out) => {
        const hash = createSha256();
        const transform = createDecipher(session, mismatch);
        const size = await passFile({
          ...{ file, out, transform, hash, hashed: 'output', signal, onProgress },
        });
        const digest = hash.digest();
        if (!equalBytes(digest, signed)) throw mismatch();
        return { size, sha256: toHex(digest) };
      });
      onProgress?.({ done: file.size, total: file.size });
      return result;
    } finally {
      await file.close();
    }
  } finally {
    session.key.fill(0);
  }
}
