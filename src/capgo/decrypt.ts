// Opens a bundle that is encrypted for Capgo.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { equalBytes, type OwnBytes } from '../bytes.ts';
import { checkOptions, type WorkOptions } from '../options.ts';
import { type BundleInput, openInput } from '../sources/input.ts';
import { giveWay } from '../turn.ts';
import { checkLength } from './cbc.ts';
import { mismatch, recoverChecksum } from './checksum.ts';
import { readCapgoPublicKey } from './keys.ts';
import { loadCbc } from './load-cbc.ts';
import { recoverSession } from './session.ts';

/** Options of {@link decryptBundle}. */
export interface DecryptOptions extends WorkOptions {
  /** RSA-2048 in PKCS#1 PEM: the content of `.capgo_key_v2.pub`. */
  readonly publicKey: string;
  /** base64 of the IV, a colon, base64 of the signed session key. */
  readonly ivSessionKey: string;
  /** The signed checksum, V3 or V2. */
  readonly checksum: string;
  /** The backend that does the work. Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Opens a bundle that Capgo's CLI or {@link encryptBundle} made.
 *
 * The call returns only bytes that the private key signed: it recovers session key and checksum with the public key, and
 * compares the SHA-256 of the whole bundle in constant time before it releases any byte. It refuses a bundle without a
 * session key or without a signed checksum. Wrong padding and a wrong checksum give the same error. Memory: about twice
 * the size of the bundle.
 *
 * @param bundle - The whole encrypted file.
 * @returns The plain zip.
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`; `ERR_HEADER_INVALID` if `ivSessionKey` or `checksum` is damaged;
 * `ERR_VERSION_UNSUPPORTED` if the checksum is not signed (plain or V1); `ERR_SEAL_INVALID` if another key made them;
 * `ERR_LENGTH_INVALID` if the file is cut; `ERR_CHECKSUM_MISMATCH` if it was altered.
 * @see docs/capgo.md
 * @example
 * ```ts
 * import { decryptBundle, encryptBundle, keygen } from 'bundleseal/capgo';
 *
 * const { privateKey, publicKey } = await keygen();
 * const { bundle, ivSessionKey, checksum } = await encryptBundle(new Uint8Array(100), { privateKey });
 * console.log((await decryptBundle(bundle, { publicKey, ivSessionKey, checksum })).length);
 * ```
 */
export async function decryptBundle(
  bundle: BundleInput,
  options: DecryptOptions,
): Promise<OwnBytes> {
  checkOptions('decryptBundle', options, {
    publicKey: 'any',
    ivSessionKey: 'any',
    checksum: 'any',
    signal: 'signal',
    onProgress: 'function',
    backend: 'any',
  });
  const { signal, onProgress } = options;
  const publicKey = readCapgoPublicKey(options.publicKey);
  signal?.throwIfAborted();
  const source = openInput(bundle, 'bundle');
  const backend = await selectBackend(options.backend);
  const signed = await recoverChecksum(backend, publicKey, options.checksum);
  const session = await recoverSession(backend, publicKey, options.ivSessionKey);
  try {
    checkLength(source.size);
    const encrypted = source.bytes ?? (await source.read(0, source.size, signal));
    const total = encrypted.length;
    const opened = await (await loadCbc(backend.name)).decrypt(session, encrypted, async (done) => {
      onProgress?.({ done, total });
      await giveWay(signal);
    });
    signal?.throwIfAborted();
    if (opened === undefined) throw mismatch();
    if (!equalBytes(opened.digest, signed)) {
      opened.plain.fill(0);
      throw mismatch();
    }
    onProgress?.({ done: total, total });
    return opened.plain;
  } finally {
    session.key.fill(0);
  }
}
