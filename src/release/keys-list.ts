// The list of keys that a recovery key signs.

import type { BackendChoice } from '../backend/backend.ts';
import { BundleSealError } from '../errors.ts';
import { type PrivateKeyInput, type PublicKeyInput, strictPublicKey } from '../keys/strict.ts';
import { checkOptions } from '../options.ts';
import type { Signer } from '../seal/signing-key.ts';
import type { BundleInput } from '../sources/input.ts';
import { checkAppId } from './app-id.ts';
import {
  checkCount,
  encodeJson,
  malformed,
  misused,
  openDocument,
  sealDocument,
} from './document.ts';
import type { Refuse } from './json.ts';
import {
  exactly,
  integerFrom,
  listOf,
  mustBe,
  objectOf,
  type Reader,
  readDocument,
  text,
} from './members.ts';

/** Bytes of a list of keys as JSON. */
export const MAX_KEYS_LENGTH = 65_536;

/** What a recovery key says of an app's keys: `keys.sealed` in a store. */
export interface ReleaseKeys {
  readonly format: 'bundleseal-keys';
  readonly version: 1;
  /** The app that they are for. */
  readonly appId: string;
  /** Grows with every list: 1 to 2^53 - 1. Every index that these keys sign has the same epoch. */
  readonly epoch: number;
  /** PEM of the public keys that open indexes, bundles and patches: 1 or more. */
  readonly publicKeys: readonly string[];
  /** PEM of the public keys that still open bundles and patches that an index names, but no index. */
  readonly retiredKeys: readonly string[];
}

export interface SealKeysOptions {
  /** The private recovery key, or a `Signer` for it. Keep it away from the machine that signs bundles. */
  readonly recoveryKey: PrivateKeyInput | Signer;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

export interface OpenKeysOptions {
  /** The public half of the recovery key, built into the app. */
  readonly recoveryPublicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The app that the keys have to be for. */
  readonly appId: string;
  /** The epoch of the keys that the device trusts. Default 0: those that are built in. */
  readonly epoch?: number;
  /** Aborts: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default `'auto'`. */
  readonly backend?: BackendChoice;
}

const members: Reader<ReleaseKeys> = /* @__PURE__ */ objectOf<ReleaseKeys>(() => ({
  format: exactly('bundleseal-keys'),
  version: exactly(1),
  appId: text,
  epoch: integerFrom(1),
  publicKeys: listOf(publicPem),
  retiredKeys: listOf(publicPem),
}));

/**
 * Seals a list of keys with the recovery key: the bytes of `keys.sealed` in a store.
 *
 * Devices with the public half of the recovery key then trust these keys instead of the previous ones, and the order
 * of indexes starts again: sign the next index with one of `publicKeys` and with this `epoch`.
 *
 * @param keys - At most 64 KiB as JSON. Keys are complete PEM texts of public keys, as `keygen` makes them.
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
  checkOptions('sealKeys', options, ['recoveryKey', 'signal', 'backend']);
  const { recoveryKey, ...rest } = options;
  const read = readKeys(encodeJson(keys, 'keys'), misused, true);
  const { appId } = read;
  return sealDocument(read, 'keys', { ...rest, privateKey: recoveryKey, metadata: { appId } });
}

const malformedKeys = /* @__PURE__ */ malformed('list of keys');

/**
 * Opens a list of keys: returns the list that the holder of the recovery key signed for this app, or throws.
 *
 * Before it returns, the signature and the whole content have been verified, and every key has been read. If its
 * epoch is higher than `options.epoch`, trust its keys instead of the previous ones, forget the marks of all indexes,
 * and pass its epoch to `openIndex`. A list of the same epoch changes nothing.
 *
 * @param sealed - The bytes of `keys.sealed`; at most 192 KiB is read.
 * @param options.epoch - The epoch of the keys that the device trusts. Default 0.
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
  checkOptions('openKeys', options, ['recoveryPublicKey', 'appId', 'epoch', 'signal', 'backend']);
  const { recoveryPublicKey: publicKey, appId, epoch = 0, signal, backend } = options;
  checkAppId(appId);
  checkCount(epoch, 'options.epoch');
  const opening = { publicKey, expect: { appId }, signal, backend };
  const { plain } = await openDocument(sealed, 'keys', MAX_KEYS_LENGTH, opening, malformedKeys);
  const keys = readKeys(plain, malformedKeys, false);
  if (keys.appId !== appId) {
    throw malformedKeys('keys.appId is another one than that of the metadata');
  }
  if (keys.epoch < epoch) {
    throw new BundleSealError(
      'ERR_INDEX_ROLLED_BACK',
      `the list of keys is of epoch ${keys.epoch}, older than the trusted one of epoch ${epoch}: go on with that, and ask another mirror`,
    );
  }
  signal?.throwIfAborted();
  return keys;
}

/** Reads the plain bytes of a list of keys and checks every rule that does not need other data: see `readIndex`. */
export function readKeys(bytes: Uint8Array, refuse: Refuse, isOwn: boolean): ReleaseKeys {
  const keys = readDocument(bytes, MAX_KEYS_LENGTH, 'keys', members, refuse, isOwn);
  if (keys.publicKeys.length === 0) throw refuse('keys.publicKeys must have at least one key');
  return keys;
}

/** A public key in a standard form. A private key is refused, so it cannot be published by mistake. */
const publicPem: Reader<string> = (place) => {
  const pem = text(place);
  try {
    strictPublicKey(pem, place.path);
    return pem;
  } catch {
    // Without the reason, which may say something of what was passed.
    throw mustBe(place, 'the PEM of a public RSA key, whole and as keygen makes it');
  }
};
