// The list of keys as JSON: its members and their rules.

import { strictPublicKey } from '../keys/strict.ts';
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

/** The most bytes of a list of keys as JSON. */
export const MAX_KEYS_LENGTH = 65_536;

/** The list of an app's keys that a recovery key signs: `keys.sealed` in a store. */
export interface ReleaseKeys {
  /** The type of the object. */
  readonly format: 'bundleseal-keys';
  /** The version of the format. */
  readonly version: 1;
  /** The app id. */
  readonly appId: string;
  /**
   * Increases with every list: 1 to 2^53 - 1. Every index that these keys sign has the same epoch.
   */
  readonly epoch: number;
  /** PEM of the public keys that open indexes, bundles and patches: 1 or more. */
  readonly publicKeys: readonly string[];
  /** PEM of the public keys that still open bundles and patches named by an index, but no index. */
  readonly retiredKeys: readonly string[];
}

const members: Reader<ReleaseKeys> = /* @__PURE__ */ objectOf<ReleaseKeys>(() => ({
  format: exactly('bundleseal-keys'),
  version: exactly(1),
  appId: text,
  epoch: integerFrom(1),
  publicKeys: listOf(publicPem),
  retiredKeys: listOf(publicPem),
}));

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
    // The error has no cause, because the cause could describe a private key that was passed by mistake.
    throw mustBe(place, 'the PEM of a public RSA key, whole and as keygen makes it');
  }
};
