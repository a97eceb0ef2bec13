// Opens a list of keys on a device.

import type { BackendChoice } from '../backend/backend.ts';
import { BundleSealError } from '../errors.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions } from '../options.ts';
import type { BundleInput } from '../sources/input.ts';
import { checkCounter, malformedDocument, openDocument } from './document.ts';
import { MAX_KEYS_LENGTH, type ReleaseKeys, readKeys } from './keys-format.ts';

/** Options of {@link openKeys}. */
export interface OpenKeysOptions {
  /** The public half of the recovery key, built into the app. */
  readonly recoveryPublicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The required app id. */
  readonly appId: string;
  /** The epoch of the keys that the device trusts. Default 0: the built-in keys. */
  readonly epoch?: number;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const malformedKeys = /* @__PURE__ */ malformedDocument('list of keys');

/**
 * Opens a list of keys: returns the list that the holder of the recovery key signed for this app, or rejects.
 *
 * The call verifies the signature and the whole content, and reads every key. If the epoch of the list is higher than
 * `options.epoch`, trust its keys instead of the previous ones, delete the marks of all indexes, and pass its epoch
 * to `openIndex`. A list of the same epoch requires no action.
 *
 * @param sealed - The bytes of `keys.sealed`. The call reads at most 192 KiB.
 * @param options.epoch - The epoch of the keys that the device trusts. Default 0.
 * @returns The verified list.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError}
 * `ERR_INDEX_INVALID` if the list is genuine, but malformed or too large; `ERR_INDEX_ROLLED_BACK` if its epoch is
 * lower; `ERR_EXPECTATION_FAILED` if it is for another app; the errors of `decryptBundle` if it is not genuine.
 * @see docs/releases.md#the-recovery-key
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { openKeys, sealKeys } from 'bundleseal/release';
 *
 * const [recovery, next] = await Promise.all([keygen(), keygen()]);
 * const appId = 'com.example.app';
 * const sealed = await sealKeys(
 *   {
 *     format: 'bundleseal-keys',
 *     version: 1,
 *     appId,
 *     epoch: 1,
 *     publicKeys: [next.publicKey],
 *     retiredKeys: [],
 *   },
 *   { recoveryKey: recovery.privateKey },
 * );
 * const trusted = 0; // the epoch that the device has stored
 * const keys = await openKeys(sealed, {
 *   recoveryPublicKey: recovery.publicKey,
 *   appId,
 *   epoch: trusted,
 * });
 * if (keys.epoch > trusted) console.log('trust these from now on:', keys.publicKeys);
 * ```
 */
export async function openKeys(
  sealed: BundleInput,
  options: OpenKeysOptions,
): Promise<ReleaseKeys> {
  checkOptions('openKeys', options, {
    recoveryPublicKey: 'any',
    appId: 'any',
    epoch: 'any',
    signal: 'signal',
    backend: 'any',
  });
  const { recoveryPublicKey: publicKey, appId, epoch = 0, signal, backend } = options;
  checkAppId(appId);
  checkCounter(epoch, 'options.epoch');
  const opening = { publicKey, expect: { appId }, signal, backend };
  const { plain } = await openDocument(sealed, 'keys', MAX_KEYS_LENGTH, opening, malformedKeys);
  const keys = readKeys(plain, malformedKeys, false);
  if (keys.appId !== appId) {
    throw malformedKeys('keys.appId differs from the appId of the metadata');
  }
  if (keys.epoch < epoch) {
    throw new BundleSealError(
      'ERR_INDEX_ROLLED_BACK',
      `the list of keys is of epoch ${keys.epoch}, older than the trusted list of epoch ${epoch}: keep the trusted keys, and ask another mirror`,
    );
  }
  signal?.throwIfAborted();
  return keys;
}
