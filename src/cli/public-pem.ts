// One spelling of a public key for every config: PEM, as the app's calls and Capgo's plugin take it.

import { type KeyValue, MIN_BITS } from './keys.ts';

/** A PEM stays as its owner spelt it: Capgo's plugin takes PKCS#1 alone. */
export async function publicPem(key: KeyValue): Promise<string> {
  const [{ parsePublicKey }, { encodeSpki }, { encodePem }] = await Promise.all([
    import('../keys/parse.ts'),
    import('../keys/encode.ts'),
    import('../keys/pem.ts'),
  ]);
  const parsed = parsePublicKey(key, 'publicKey', MIN_BITS);
  if (typeof key === 'string') return key.endsWith('\n') ? key : `${key}\n`;
  return encodePem('PUBLIC KEY', encodeSpki(parsed));
}
