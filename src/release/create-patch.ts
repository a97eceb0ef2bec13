// Makes a patch, which turns one release into another.

import type { BackendChoice } from '../backend/backend.ts';
import { selectBackend } from '../backend/select.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import { type OwnBytes, toHex } from '../bytes.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, type OptionRules, type WorkOptions } from '../options.ts';
import { readSigningKey, type Signer } from '../seal/signing-key.ts';
import type { ReleaseFiles } from './files.ts';

/** Options of {@link createPatch}. */
export interface CreatePatchOptions extends WorkOptions {
  /** The publisher's private key, or a {@link Signer} for a key outside this process. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** The app that the patch is for: signed, readable by anyone. */
  readonly appId: string;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const OPTIONS: OptionRules<CreatePatchOptions> = {
  privateKey: 'any',
  appId: 'any',
  signal: 'signal',
  onProgress: 'function',
  backend: 'any',
};

/** A sealed patch, and the values for its entry in an index. */
export interface Patch {
  /** The sealed patch. */
  readonly bytes: OwnBytes;
  /** Id of the release from which the patch starts: 64 hex characters. */
  readonly from: string;
  /** Id of the release that the patch makes: 64 hex characters. */
  readonly to: string;
  /** SHA-256 of the sealed patch: 64 hex characters, as `sha256sum` prints it. */
  readonly sha256: string;
  /** Bytes of the sealed patch. */
  readonly size: number;
}

/**
 * Makes and seals a patch. A device that has the release `from` and the public key can make the release `to` from it.
 *
 * The plain bytes of the patch are the same for the same two releases, on every platform and backend. The seal has a
 * new session key in each call. The ids of the releases are encrypted, because they are digests of the content. The
 * metadata has only `appId`. The work pauses for timers, input and aborts. The first call loads the encoder.
 *
 * Memory: up to 6 times both images together, 64 MiB, and 2 KiB for each file of both releases.
 *
 * @param from - The files of the older release, as `zipBundle` takes them. The call ignores a stamp among them.
 * @param to - The files of the newer release.
 * @param options.privateKey - PEM, DER, JWK, or a {@link Signer}.
 * @param options.appId - The app that the patch is for.
 * @param options.onProgress - Called with the bytes of the new image: its files and list.
 * @returns The sealed patch, and the values for its entry in an index.
 * @throws `TypeError` for a wrong or unknown option, which the message names, and for a content of another kind.
 * {@link BundleSealError} `ERR_ARCHIVE_INVALID` if there is no file, or a path that a release may not have (`path`);
 * `ERR_LIMIT_EXCEEDED` if an image has more than 1,073,741,823 bytes; `ERR_SOURCE_FAILED` if a content cannot be
 * read; `ERR_KEY_INVALID`, `ERR_SIGNER_FAILED`, `ERR_BACKEND_UNAVAILABLE` as in `encryptBundle`.
 * @see docs/releases.md#patches
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { createPatch } from 'bundleseal/release';
 *
 * const { privateKey } = await keygen();
 * const text = (value: string) => new TextEncoder().encode(value);
 * const { bytes, from, to } = await createPatch(
 *   { 'app.js': text('console.log("Hello")') },
 *   { 'app.js': text('console.log("Hello, world")') },
 *   { privateKey, appId: 'com.example.app' },
 * );
 * console.log(bytes.length, from, to);
 * ```
 */
export async function createPatch(
  from: ReleaseFiles,
  to: ReleaseFiles,
  options: CreatePatchOptions,
): Promise<Patch> {
  checkOptions('createPatch', options, OPTIONS);
  checkAppId(options.appId);
  const { privateKey, appId, signal } = options;
  // `code-patch.ts` must not import the code for sealing. Bundlers would move that code into the chunk that an app
  // loads at its start, even if the app does not use this function.
  const { codeReleases } = await import('./code-patch.ts');
  // Reads the key before the long work, so that a wrong key fails at once.
  const check = () => readSigningKey(privateKey);
  const { plain, ...ids } = await codeReleases(from, to, options, check);
  const backend = await selectBackend(options.backend);
  const sealing = { privateKey, metadata: { appId }, backend: backend.name };
  const { bytes } = await encryptObject(plain, { ...sealing, signal }, 'patch');
  return { bytes, ...ids, sha256: toHex(await backend.sha256(bytes)), size: bytes.length };
}
