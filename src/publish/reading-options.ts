// The options of every call that only reads a store.

import type { PublicKeyInput } from '../keys/strict.ts';
import { checkAppId, checkOptions, type OptionRules, type WorkOptions } from '../options.ts';
import { listOfKeys } from './options.ts';
import { checkPublishedChannel } from './paths.ts';
import { storeError } from './store-error.ts';
import { listChannels, openPlace, type StorePlace } from './store-place.ts';
import { distinctKeys, readTrust, type Trust } from './trust.ts';

/** The options of every call that only reads a store. */
export interface StoreOptions extends Pick<WorkOptions, 'signal'> {
  /** The place of the store: an `https://` address or a folder. */
  readonly from: string;
  /** The app, e.g. `com.example.app`. */
  readonly appId: string;
  /** All public keys of the publisher that open files in the store. */
  readonly publicKey: PublicKeyInput | readonly PublicKeyInput[];
  /** The public half of the recovery key. Required if the store has `keys.sealed`. */
  readonly recoveryPublicKey?: PublicKeyInput | readonly PublicKeyInput[];
  /** Called in place of the runtime's `fetch`. */
  readonly fetch?: typeof fetch;
}

export const STORE_OPTIONS: OptionRules<StoreOptions> = {
  from: 'any',
  appId: 'any',
  publicKey: 'any',
  recoveryPublicKey: 'any',
  fetch: 'function',
  signal: 'signal',
};

export interface OpenStore {
  readonly place: StorePlace;
  readonly trust: Trust;
}

export async function openStore<Options extends StoreOptions>(
  call: string,
  options: Options,
  rules: OptionRules<NoInfer<Options>>,
): Promise<OpenStore> {
  checkOptions(call, options, rules);
  const { from, appId, publicKey, recoveryPublicKey, signal } = options;
  checkAppId(appId);
  const place = openPlace(from, 'options.from', options.fetch);
  signal?.throwIfAborted();
  const own = await distinctKeys(listOfKeys(publicKey));
  return { place, trust: await readTrust([place], { appId, own, recoveryPublicKey, signal }) };
}

/** Returns the channels that the caller named, or all channels in the folder. */
export async function channelsOf(
  { place }: OpenStore,
  named: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (named !== undefined) {
    if (!Array.isArray(named) || named.length === 0) {
      throw new TypeError('options.channels expected an array of at least one channel');
    }
    for (const one of named) checkPublishedChannel(one, 'options.channels');
    return named;
  }
  if (place.folder === undefined) {
    throw new TypeError(
      'options.channels is required for an address, because a web server cannot be listed',
    );
  }
  const found = await listChannels(place.folder);
  if (found.length > 0) return found;
  throw storeError(`${place.name} has no index of any channel: check the name of the folder`);
}
