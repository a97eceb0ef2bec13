// The two formats of bundles: sealed, and Capgo's. Each has its own files, variable, place in a config and
// key ids, so that a key of one format is never used for the other.

import { BundleSealError } from '../errors.ts';
import { KEY_FILE, KEY_VARIABLE, PUBLIC_KEY_FILE } from '../keys/key-places.ts';
import { UPDATER } from './config/lookup.ts';
import type { KeyValue } from './read-key.ts';

export type Half = 'privateKey' | 'publicKey';

export interface BundleFormat {
  readonly name: 'sealed' | 'capgo';
  /** The name for messages: "Capgo's format". */
  readonly title: string;
  readonly variable: string;
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  /** The plugin whose settings contain the public key. */
  readonly plugin: string;
  /** The commands that make a pair and that write the public key into the config. */
  readonly create: string;
  readonly save: string;
  /**
   * Returns the key id of either half in this format.
   *
   * @throws {@link BundleSealError} `ERR_KEY_INVALID` if it is not that half of a key for this format.
   */
  idOf(half: Half, key: KeyValue): Promise<string>;
  publicKeyOf(privateKey: KeyValue): Promise<KeyValue>;
  /** Makes a bundle and opens it, to test a key pair. */
  roundTrip(privateKey: KeyValue, publicKey: KeyValue): Promise<void>;
}

/**
 * The plugin name whose settings contain the public key of the sealed format. No such plugin has to exist.
 */
export const PLUGIN = 'BundleSeal';

export const SEALED: BundleFormat = {
  name: 'sealed',
  title: 'the sealed format',
  variable: KEY_VARIABLE,
  privateKeyFile: KEY_FILE,
  publicKeyFile: PUBLIC_KEY_FILE,
  plugin: PLUGIN,
  create: 'npx bundleseal key create',
  save: 'npx bundleseal key save',
  async idOf(half, key) {
    const { parsePrivateKey, parsePublicKey } = await import('../keys/parse.ts');
    const { keyIdOf } = await import('../keys/identity.ts');
    const { selectBackend } = await import('../backend/select.ts');
    const parsed = half === 'privateKey' ? parsePrivateKey(key) : parsePublicKey(key);
    return keyIdOf(await selectBackend(), parsed);
  },
  publicKeyOf: async (key) => (await import('../keys/identity.ts')).publicKeyOf(key),
  async roundTrip(privateKey, publicKey) {
    const { decryptBundle } = await import('../bundle/decrypt.ts');
    const { encryptBundle } = await import('../bundle/encrypt.ts');
    const { bytes } = await encryptBundle(new Uint8Array(1000).fill(1), { privateKey });
    await decryptBundle(bytes, { publicKey });
  },
};

export const CAPGO: BundleFormat = {
  name: 'capgo',
  title: "Capgo's format",
  variable: 'CAPGO_PRIVATE_KEY',
  privateKeyFile: '.capgo_key_v2',
  publicKeyFile: '.capgo_key_v2.pub',
  plugin: UPDATER,
  create: 'npx bundleseal key create --capgo',
  save: 'npx bundleseal key save --capgo',
  async idOf(half, key) {
    const { capgoKeyIdOf, readCapgoPrivateKey, readCapgoPublicKey } = await import(
      '../capgo/keys.ts'
    );
    return capgoKeyIdOf(
      half === 'privateKey'
        ? readCapgoPrivateKey(capgoKeyText(key))
        : readCapgoPublicKey(capgoKeyText(key)),
    );
  },
  async publicKeyOf(key) {
    const { readCapgoPrivateKey } = await import('../capgo/keys.ts');
    const { encodePkcs1Public } = await import('../keys/encode.ts');
    const { encodePem } = await import('../keys/pem.ts');
    return encodePem('RSA PUBLIC KEY', encodePkcs1Public(readCapgoPrivateKey(capgoKeyText(key))));
  },
  async roundTrip(privateKey, publicKey) {
    const { decryptBundle } = await import('../capgo/decrypt.ts');
    const { encryptBundle } = await import('../capgo/encrypt.ts');
    const zip = new Uint8Array(1000).fill(1);
    const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, {
      privateKey: capgoKeyText(privateKey),
    });
    await decryptBundle(bundle, { publicKey: capgoKeyText(publicKey), ivSessionKey, checksum });
  },
};

/** Returns a key as text. Refuses bytes and objects, because Capgo's keys are text. */
export function capgoKeyText(key: KeyValue): string {
  if (typeof key === 'string') return key;
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    'Capgo accepts only PKCS#1 in PEM: pass .capgo_key_v2 or .capgo_key_v2.pub',
  );
}

/**
 * Returns a public key for a config: PEM, which both the library and Capgo's plugin accept.
 *
 * Does not convert PEM, because Capgo's plugin accepts PKCS#1 only.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID` if it is not a public key for the format.
 */
export async function publicPem(format: BundleFormat, key: KeyValue): Promise<string> {
  await format.idOf('publicKey', key);
  if (typeof key === 'string') return key.endsWith('\n') ? key : `${key}\n`;
  const { parsePublicKey } = await import('../keys/parse.ts');
  const { encodeSpki } = await import('../keys/encode.ts');
  const { encodePem } = await import('../keys/pem.ts');
  return encodePem('PUBLIC KEY', encodeSpki(parsePublicKey(key)));
}
