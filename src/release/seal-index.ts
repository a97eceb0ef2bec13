// Seals the index of a channel for a publisher.

import type { BackendChoice } from '../backend/backend.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { checkOptions } from '../options.ts';
import type { Signer } from '../seal/signing-key.ts';
import { encodeJson, misused } from './document.ts';
import { type ReleaseIndex, readIndex } from './index-format.ts';
import { sealDocument } from './seal-document.ts';

/** Options of {@link sealIndex}. */
export interface SealIndexOptions {
  /** The publisher's private key, or a `Signer` for a key outside this process. */
  readonly privateKey: PrivateKeyInput | Signer;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Seals the index of a channel: the bytes of `channels/<channel>.sealed` in a store.
 *
 * It first checks every rule that does not need other data, so that no device refuses the result as malformed. The
 * caller has to compare with the previous index: `sequence` must be higher, and `issuedAt` must not be earlier.
 * Anyone can read the app id, the channel and the sequence; everything else is encrypted.
 *
 * @param index - At most 1 MiB as JSON. Times are `YYYY-MM-DDTHH:MM:SSZ`, hex is lower case, sizes are exact.
 * @returns The sealed index. It takes at most 1 MiB + 128 KiB.
 * @throws `TypeError` if a member is missing, unknown or breaks its rule (the message has its path), and for a wrong
 * or unknown option. {@link BundleSealError} `ERR_KEY_INVALID`, `ERR_SIGNER_FAILED`, `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/releases.md#the-index
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { sealIndex } from 'bundleseal/release';
 *
 * const { privateKey } = await keygen();
 * const sealed = await sealIndex(
 *   {
 *     format: 'bundleseal-index',
 *     version: 1,
 *     appId: 'com.example.app',
 *     channel: 'production',
 *     epoch: 0,
 *     sequence: 41,
 *     issuedAt: '2026-11-26T09:00:00Z',
 *     expiresAt: '2026-12-26T09:00:00Z',
 *     releases: [],
 *   },
 *   { privateKey },
 * );
 * console.log(sealed.length);
 * ```
 */
export async function sealIndex(
  index: ReleaseIndex,
  options: SealIndexOptions,
): Promise<Uint8Array> {
  checkOptions('sealIndex', options, { privateKey: 'any', signal: 'signal', backend: 'any' });
  const read = readIndex(encodeJson(index, 'index'), misused, true);
  const { appId, channel, sequence } = read;
  return sealDocument(read, 'index', { ...options, metadata: { appId, channel, sequence } });
}
