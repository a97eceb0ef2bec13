// Makes keys.sealed: the list of keys that the recovery key signs.

import { makeFolders } from '../files/calls.ts';
import { onFile } from '../files/error.ts';
import { encodeSpki } from '../keys/encode.ts';
import { keyId } from '../keys/identity.ts';
import { encodePem } from '../keys/pem.ts';
import { readPublicKey } from '../keys/read.ts';
import type { PrivateKeyInput, PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, type OptionRules } from '../options.ts';
import type { ReleaseKeys } from '../release/keys-format.ts';
import { sealKeys } from '../release/seal-keys.ts';
import type { Signer } from '../seal/signing-key.ts';
import { UNMAKEABLE, writeStoreFile } from './change-index.ts';
import { type CheckLock, withLock } from './lock.ts';
import { checkFlag, listOfKeys, publicHalf } from './options.ts';
import { KEYS_PATH } from './paths.ts';
import { storeError } from './store-error.ts';
import { checkFrom, openPlace, openWritable } from './store-place.ts';
import { readTrust } from './trust.ts';

/** Options of {@link publishKeys}. */
export interface PublishKeysOptions {
  /** The folder to write. It is created if it is missing. */
  readonly store: string;
  /** The place of the present list: an `https://` address or a folder. Default: `store`. */
  readonly from?: string;
  /** The app, e.g. `com.example.app`. */
  readonly appId: string;
  /** The private recovery key, or a `Signer` that holds it. */
  readonly recoveryKey: PrivateKeyInput | Signer;
  /** The keys that devices trust after they have read the list. */
  readonly publicKeys: PublicKeyInput | readonly PublicKeyInput[];
  /**
   * Keys that still open bundles and patches that an index names, but that open no index. The call adds every key that the
   * previous list trusted and `publicKeys` does not have.
   */
  readonly retiredKeys?: PublicKeyInput | readonly PublicKeyInput[];
  /** Do all the work and write nothing. Default false. */
  readonly dryRun?: boolean;
  /** Called in place of the runtime's `fetch`. */
  readonly fetch?: typeof fetch;
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionRules<PublishKeysOptions> = {
  store: 'any',
  from: 'any',
  appId: 'any',
  recoveryKey: 'any',
  publicKeys: 'any',
  retiredKeys: 'any',
  dryRun: 'any',
  fetch: 'function',
  signal: 'signal',
};

/** A list of keys that was made, and the file to upload. */
export interface PublishedKeys {
  /** The list: its epoch, the trusted keys and the retired keys. */
  readonly keys: ReleaseKeys;
  /** The written file, `keys.sealed`. Empty with `dryRun`. */
  readonly written: readonly string[];
}

/**
 * Makes the next `keys.sealed`: the list of the keys that devices trust, with the next epoch. Writes it into the folder `store`,
 * complete or not at all.
 *
 * Devices then refuse an index of another epoch, and an index that a retired key signed. So every channel needs an index of
 * the new epoch that one of `publicKeys` signs: call `refresh` with `earlierEpoch` for each channel.
 *
 * @returns The new list, and the path of `keys.sealed` for the upload.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError} `ERR_KEY_INVALID`;
 * `ERR_KEY_MISMATCH` if another recovery key signed the list in the store; `ERR_STORE` if a key is both trusted and retired, or
 * is the recovery key; `ERR_FILE`, `ERR_SOURCE_FAILED` if the store cannot be read or written.
 * @see docs/guides/publishing.md#after-a-theft
 * @example
 * ```ts
 * import { keygen } from 'bundleseal';
 * import { publishKeys } from 'bundleseal/node';
 *
 * const recovery = await keygen();
 * const [stolen, next] = [await keygen(), await keygen()];
 * const { keys } = await publishKeys({
 *   store: 'store',
 *   appId: 'com.example.app',
 *   recoveryKey: recovery.privateKey,
 *   publicKeys: next.publicKey,
 *   retiredKeys: stolen.publicKey,
 * });
 * console.log(keys.epoch); // 1
 * ```
 */
export async function publishKeys(options: PublishKeysOptions): Promise<PublishedKeys> {
  checkOptions('publishKeys', options, OPTIONS);
  const { store, from = store, appId, recoveryKey, signal, dryRun = false } = options;
  checkAppId(appId);
  checkFlag(dryRun, 'dryRun');
  const places = [openWritable(store)];
  if (from !== store) {
    const apart = openPlace(from, 'options.from', options.fetch);
    await checkFrom(apart);
    places.push(apart);
  }
  const work = async (check: CheckLock) => {
    const recoveryPublicKey = await publicHalf(recoveryKey);
    const before = await readTrust(places, { appId, own: [], recoveryPublicKey, signal });
    const trusted = await pemsOf(options.publicKeys, 'options.publicKeys');
    const named = await pemsOf(options.retiredKeys, 'options.retiredKeys');
    const recoveryId = await keyId(recoveryPublicKey);
    if (trusted.has(recoveryId) || named.has(recoveryId)) {
      throw storeError(
        `the recovery key ${recoveryId} signs only this list: remove it from publicKeys and retiredKeys, and make another pair for builds`,
      );
    }
    for (const id of named.keys()) {
      if (!trusted.has(id)) continue;
      throw storeError(
        `the key ${id} is in both publicKeys and retiredKeys: remove it from one of them`,
      );
    }
    const { publicKeys = [], retiredKeys = [] } = before.list ?? {};
    for (const [id, pem] of await pemsOf([...publicKeys, ...retiredKeys], KEYS_PATH)) {
      if (!trusted.has(id)) named.set(id, pem);
    }
    const keys: ReleaseKeys = {
      ...{ format: 'bundleseal-keys', version: 1, appId, epoch: before.epoch + 1 },
      ...{ publicKeys: [...trusted.values()], retiredKeys: [...named.values()] },
    };
    const sealed = await sealKeys(keys, { recoveryKey, signal });
    await check();
    if (!dryRun) await writeStoreFile(store, KEYS_PATH, sealed, signal);
    return { keys, written: dryRun ? [] : [KEYS_PATH] };
  };
  if (dryRun) return work(async () => {});
  await onFile(store, UNMAKEABLE, makeFolders(store));
  return withLock(store, signal, work);
}

/** Returns the PEM of each key, by key id. */
async function pemsOf(
  keys: PublicKeyInput | readonly PublicKeyInput[] | undefined,
  name: string,
): Promise<Map<string, string>> {
  const pems = new Map<string, string>();
  for (const key of listOfKeys(keys)) {
    const pem = encodePem('PUBLIC KEY', encodeSpki(await readPublicKey(key, name)));
    pems.set(await keyId(pem), pem);
  }
  return pems;
}
