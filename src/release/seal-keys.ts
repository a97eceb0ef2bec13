// Seals a list of keys for the holder of the recovery key.

import type { BackendChoice } from '../backend/backend.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import { checkOptions } from '../options.ts';
import type { Signer } from '../seal/signing-key.ts';
import { encodeJson, misused } from './document.ts';
import { type ReleaseKeys, readKeys } from './keys-format.ts';
import { sealDocument } from './seal-document.ts';

/** Options of {@link sealKeys}. */
export interface SealKeysOptions {
  /** The private recovery key, or a `Signer` for it. Keep it away from the machine that signs bundles. */
  readonly recoveryKey: PrivateKeyInput | Signer;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

/**
 * Seals a list of keys with the recovery key: the bytes of `keys.sealed` in a store.
 *
 * Devices with the public half of the recovery key then trust these keys instead of the previous ones, and the order
 * of indexes starts again. Sign the next index with one of `publicKeys` and with this `epoch`.
 *
 * @param keys - At most 64 KiB as JSON. Keys are complete PEM texts of public keys, as `keygen` makes them.
 * @returns The sealed list. It takes at most 192 KiB.
 * @throws `TypeError` if a member is missing, unknown or breaks its rule (the message has its path), if a private key
 * is listed, and for a wrong or unknown option. {@link BundleSealError} `ERR_KEY_INVALID` for the recovery key;
 * `ERR_SIGNER_FAILED`, `ERR_BACKEND_UNAVAILABLE`.
 * @see docs/releases.md#the-recovery-key
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { openKeys, sealKeys } from 'bundleseal/release';
 *
 * const [recovery, stolen, next] = await Promise.all([keygen(), keygen(), keygen()]);
 * const appId = 'com.example.app';
 * const sealed = await sealKeys(
 *   {
 *     format: 'bundleseal-keys',
 *     version: 1,
 *     appId,
 *     epoch: 1,
 *     publicKeys: [next.publicKey],
 *     retiredKeys: [stolen.publicKey],
 *   },
 *   { recoveryKey: recovery.privateKey },
 * );
 * const keys = await openKeys(sealed, { recoveryPublicKey: recovery.publicKey, appId, epoch: 0 });
 * console.log(keys.epoch, keys.publicKeys.length);
 * ```
 */
export async function sealKeys(keys: ReleaseKeys, options: SealKeysOptions): Promise<Uint8Array> {
  checkOptions('sealKeys', options, { recoveryKey: 'any', signal: 'signal', backend: 'any' });
  const { recoveryKey, ...rest } = options;
  const read = readKeys(encodeJson(keys, 'keys'), misused, true);
  const { appId } = read;
  return sealDocument(read, 'keys', { ...rest, privateKey: recoveryKey, metadata: { appId } });
}
