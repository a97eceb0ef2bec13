// Encrypts a bundle for Capgo's plugin.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import type { OwnBytes } from '../bytes.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput } from '../sources/input.ts';
import { giveWay } from '../turn.ts';
import { type ChecksumFormat, checkFormat, signChecksum } from './checksum.ts';
import { capgoKeyIdOf, readCapgoPrivateKey } from './keys.ts';
import { loadCbc } from './load-cbc.ts';
import { createSession, signSession } from './session.ts';

/** Options of {@link encryptBundle}. */
export interface EncryptOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2`. */
  readonly privateKey: string;
  /** The form of the checksum: `'v2'` for plugins before 5.30, 6.30 and 7.30. Default `'v3'`. */
  readonly checksumFormat?: ChecksumFormat;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/** A bundle in the form that Capgo's plugin accepts. */
export interface EncryptedBundle {
  /** The file to upload: AES-128-CBC without a header. */
  readonly bundle: OwnBytes;
  /** base64 of the IV, a colon, base64 of the signed session key. */
  readonly ivSessionKey: string;
  /** The signed SHA-256 of the plain zip. */
  readonly checksum: string;
  /** The 20 characters by which Capgo names the key. */
  readonly keyId: string;
}

/**
 * Encrypts a zip for apps with Capgo's plugin and the public key, in the same format as Capgo's CLI.
 *
 * Each call makes a new session key and IV. The plugin needs all four results: `bundle` as the file, `ivSessionKey`
 * as the session key, `checksum`, and `keyId` to distinguish keys.
 *
 * Capgo's format uses RSA-2048 and an unauthenticated cipher, and binds a bundle neither to an app nor to a
 * version. Prefer `encryptBundle` of `bundleseal` for apps that can open it.
 *
 * Memory: the result, and the zip if it is a `Blob`.
 *
 * @param zip - The whole zip.
 * @returns The encrypted file, and the values that the plugin needs beside it.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`, `ERR_SOURCE_FAILED`, `ERR_BACKEND_UNAVAILABLE`,
 * `ERR_SIGNER_FAILED`. `TypeError` for a wrong or unknown option.
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { decryptBundle, encryptBundle, keygen } from 'bundleseal/capgo';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { bundle, ivSessionKey, checksum } = await encryptBundle(new Uint8Array(100), { privateKey });
 * const zip = await decryptBundle(bundle, { publicKey, ivSessionKey, checksum });
 * console.log(zip.length);
 * ```
 */
export async function encryptBundle(
  zip: BundleInput,
  options: EncryptOptions,
): Promise<EncryptedBundle> {
  checkOptions('encryptBundle', options, {
    privateKey: 'any',
    checksumFormat: 'any',
    signal: 'signal',
    onProgress: 'function',
    backend: 'any',
  });
  const { checksumFormat = 'v3', signal, onProgress } = options;
  checkFormat(checksumFormat);
  const privateKey = readCapgoPrivateKey(options.privateKey);
  signal?.throwIfAborted();
  const source = openInput(zip, 'zip');
  const backend = await selectBackend(options.backend);
  const plain = source.bytes ?? (await source.read(0, source.size, signal));
  const session = createSession();
  try {
    const total = plain.length;
    const { encrypted, digest } = await (await loadCbc(backend.name)).encrypt(
      session,
      plain,
      async (done) => {
        // Reports the end only once, after everything has succeeded.
        if (done < total) onProgress?.({ done, total });
        await giveWay(signal);
      },
    );
    signal?.throwIfAborted();
    const result = {
      bundle: encrypted,
      ivSessionKey: await signSession(backend, privateKey, session),
      checksum: await signChecksum(backend, privateKey, digest, checksumFormat),
      keyId: capgoKeyIdOf(privateKey),
    };
    onProgress?.({ done: total, total });
    return result;
  } finally {
    session.key.fill(0);
  }
}
