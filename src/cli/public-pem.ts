// One spelling of a public key for every config: PEM, as the app's calls and Capgo's plugin take it.

import type { KeyValue } from './read-key.ts';
import type { Wire } from './wires.ts';

/**
 * A PEM stays as its owner spelt it: Capgo's plugin takes PKCS#1 alone.
 *
 * @throws {@link BundleSealError} `ERR_KEY_INVALID`: it is no public key for the wire.
 */
export async function publicPem(wire: Wire, key: KeyValue): Promise<string> {
  await wire.idOf('publicKey', key);
  if (typeof key === 'string') return key.endsWith('\n') ? key : `${key}\n`;
  const [{ parsePublicKey }, { encodeSpki }, { encodePem }] = await Promise.all([
    import('../keys/parse.ts'),
    import('../keys/encode.ts'),
    import('../keys/pem.ts'),
  ]);
  return encodePem('PUBLIC KEY', encodeSpki(parsePublicKey(key)));
}
