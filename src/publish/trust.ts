// Reads the keys that open the files of a store, and opens indexes with them.

import { BundleSealError } from '../errors.ts';
import { keyId } from '../keys/identity.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { MAX_SEAL_LENGTH } from '../release/document.ts';
import type { ReleaseIndex } from '../release/index-format.ts';
import { MAX_KEYS_LENGTH, type ReleaseKeys } from '../release/keys-format.ts';
import { openProven } from '../release/open-index.ts';
import { openKeys } from '../release/open-keys.ts';
import { listOfKeys } from './options.ts';
import { KEYS_PATH } from './paths.ts';
import { openOwn, storeError } from './store-error.ts';
import type { StorePlace } from './store-place.ts';

/** The keys that open the files of a store. */
export interface Trust {
  /** The epoch of `keys.sealed`, or 0. */
  readonly epoch: number;
  /** The keys that open indexes of this epoch. */
  readonly indexKeys: readonly PublicKeyInput[];
  /** The keys that open bundles, patches, and indexes of earlier epochs. */
  readonly objectKeys: readonly PublicKeyInput[];
  /** The keys that open bundles and patches on a device: without the keys that only the caller passed. */
  readonly deviceKeys: readonly PublicKeyInput[];
  /** The sealed bytes of `keys.sealed`, and its content. */
  readonly sealed?: Uint8Array;
  readonly list?: ReleaseKeys;
}

export interface TrustOptions {
  readonly appId: string;
  /** The public keys that the caller named, or the public half of the signing key. */
  readonly own: readonly PublicKeyInput[];
  readonly recoveryPublicKey?: PublicKeyInput | readonly PublicKeyInput[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads `keys.sealed` from all places, and uses the list with the highest epoch.
 *
 * @throws {@link BundleSealError} `ERR_STORE` if the store has `keys.sealed` and `recoveryPublicKey` is missing.
 */
export async function readTrust(
  places: readonly StorePlace[],
  { appId, own, recoveryPublicKey, signal }: TrustOptions,
): Promise<Trust> {
  let found: Pick<Required<Trust>, 'sealed' | 'list'> | undefined;
  for (const place of places) {
    const limit = MAX_KEYS_LENGTH + MAX_SEAL_LENGTH;
    const hidesMissing = recoveryPublicKey === undefined;
    const file = await place.read(KEYS_PATH, { limit, hidesMissing, signal });
    if (file === undefined) continue;
    if (recoveryPublicKey === undefined) {
      throw storeError(
        `${place.name} has ${KEYS_PATH}, but no recovery key was passed to verify it with: pass the public half of the recovery key as recoveryPublicKey`,
      );
    }
    const about = { what: KEYS_PATH, place: place.name, keys: listOfKeys(recoveryPublicKey) };
    const list = await openOwn(about, () =>
      openKeys(file.bytes, { recoveryPublicKey, appId, signal }),
    );
    if (found === undefined || list.epoch > found.list.epoch) found = { sealed: file.bytes, list };
  }
  if (found === undefined) return { epoch: 0, indexKeys: own, objectKeys: own, deviceKeys: own };
  const { publicKeys, retiredKeys, epoch } = found.list;
  const deviceKeys = await distinctKeys([...publicKeys, ...retiredKeys]);
  const objectKeys = await distinctKeys([...deviceKeys, ...own]);
  return { epoch, indexKeys: publicKeys, objectKeys, deviceKeys, ...found };
}

/** @throws {@link BundleSealError} `ERR_KEY_MISMATCH` if devices would refuse an index that the key signs. */
export async function checkSigner({ list }: Trust, publicKey: PublicKeyInput): Promise<void> {
  if (list === undefined) return;
  const id = await keyId(publicKey);
  for (const one of list.publicKeys) if ((await keyId(one)) === id) return;
  throw new BundleSealError(
    'ERR_KEY_MISMATCH',
    `${KEYS_PATH} does not list the key ${id}, so devices would refuse its signatures: sign with a listed key, or add this key with the recovery key`,
    { keyId: id },
  );
}

/** Returns the keys without duplicates, because calls that open objects refuse duplicates. */
export async function distinctKeys(keys: readonly PublicKeyInput[]): Promise<PublicKeyInput[]> {
  const found = new Map<string, PublicKeyInput>();
  for (const key of keys) {
    const id = await keyId(key);
    if (!found.has(id)) found.set(id, key);
  }
  return [...found.values()];
}

/** Opens an index of this epoch with the keys of this epoch, and an earlier index with every key. */
export async function openTrusted(
  sealed: Uint8Array,
  trust: Trust,
  expect: {
    readonly appId: string;
    readonly channel: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly index: ReleaseIndex; readonly sha256: string }> {
  const { appId, channel, signal } = expect;
  const options = { appId, channel, signal };
  const isKeyMismatch = (error: unknown) =>
    error instanceof BundleSealError && error.code === 'ERR_KEY_MISMATCH';
  let opened: Awaited<ReturnType<typeof openProven>>;
  try {
    opened = await openProven(sealed, { ...options, publicKey: trust.indexKeys });
  } catch (error) {
    if (trust.epoch === 0 || !isKeyMismatch(error)) throw error;
    opened = await openProven(sealed, { ...options, publicKey: trust.objectKeys });
    // A retired key opens only an index of an epoch in which it was trusted.
    if (opened.index.epoch >= trust.epoch) throw error;
  }
  const { epoch } = opened.index;
  if (epoch <= trust.epoch) return opened;
  throw storeError(
    `the index of ${channel} is of epoch ${epoch} but ${KEYS_PATH} is of epoch ${trust.epoch}: put the newest ${KEYS_PATH} into the store, and pass recoveryPublicKey`,
  );
}
