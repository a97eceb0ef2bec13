// The two wires that a project's keys may be for, as far as doctor has to tell them apart.

import { CAPGO_PRIVATE_KEY_FILE, pemOf } from './capgo.ts';
import { type KeyValue, PRIVATE_KEY_FILE } from './keys.ts';

export interface Wire {
  readonly privateKeyFile: string;
  /** The command that makes a pair. */
  readonly create: string;
  /** The key id of either half; an error where it is not that half of a key for this wire. */
  idOf(half: 'privateKey' | 'publicKey', key: KeyValue): Promise<string>;
  publicKeyOf(privateKey: KeyValue): Promise<KeyValue>;
  /** Makes a bundle and opens it. */
  roundTrip(privateKey: KeyValue, publicKey: KeyValue): Promise<void>;
}

export const SEALED: Wire = {
  privateKeyFile: PRIVATE_KEY_FILE,
  create: 'bundleseal key create',
  async idOf(half, key) {
    const { keyId, publicKeyOf } = await import('../index.ts');
    const { parsePublicKey } = await import('../keys/parse.ts');
    if (half === 'publicKey') parsePublicKey(key);
    return keyId(half === 'privateKey' ? await publicKeyOf(key) : key);
  },
  publicKeyOf: async (key) => (await import('../index.ts')).publicKeyOf(key),
  async roundTrip(privateKey, publicKey) {
    const { decryptBundle, encryptBundle } = await import('../index.ts');
    const { bytes } = await encryptBundle(new Uint8Array(1000).fill(1), { privateKey });
    await decryptBundle(bytes, { publicKey });
  },
};

// It takes PEM alone, and says so itself of anything else.
export const CAPGO: Wire = {
  privateKeyFile: CAPGO_PRIVATE_KEY_FILE,
  create: 'bundleseal key create --capgo',
  async idOf(half, key) {
    const { readPrivateKey, readPublicKey } = await import('../capgo/keys.ts');
    const { keyIdOf } = await import('../keys/identity.ts');
    const { selectBackend } = await import('../backend/select.ts');
    const parsed = half === 'privateKey' ? readPrivateKey(pemOf(key)) : readPublicKey(pemOf(key));
    return keyIdOf(await selectBackend(), parsed);
  },
  async publicKeyOf(key) {
    const { readPrivateKey } = await import('../capgo/keys.ts');
    const { encodePkcs1Public } = await import('../keys/encode.ts');
    const { encodePem } = await import('../keys/pem.ts');
    return encodePem('RSA PUBLIC KEY', encodePkcs1Public(readPrivateKey(pemOf(key))));
  },
  async roundTrip(privateKey, publicKey) {
    const { decryptBundle, encryptBundle } = await import('../capgo.ts');
    const zip = new Uint8Array(1000).fill(1);
    const { bundle, ivSessionKey, checksum } = await encryptBundle(zip, {
      privateKey: pemOf(privateKey),
    });
    await decryptBundle(bundle, { publicKey: pemOf(publicKey), ivSessionKey, checksum });
  },
};
