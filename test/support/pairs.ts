// Fixed pairs of keys, for tests whose subject is not the generation of keys: a random pair takes up to a second.

import { encodePkcs1Private, encodePkcs1Public, encodeSpki } from '../../src/keys/encode.ts';
import { parsePrivateKey } from '../../src/keys/parse.ts';
import { encodePem } from '../../src/keys/pem.ts';
import pairs from './pairs.json' with { type: 'json' };
import { base64 } from './vectors.ts';

/** Both halves of a pair, in PEM. */
export interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * RSA-3072 in PKCS#8 and SPKI. No other key of the tests is the same: neither those of the vectors nor those that the
 * command line makes in them.
 *
 * @param n - 0 to 2. Each number gives another pair.
 */
export function sealingPair(n: number): Pair {
  const der = base64(pairs['3072'][n] as string);
  return {
    privateKey: encodePem('PRIVATE KEY', der),
    publicKey: encodePem('PUBLIC KEY', encodeSpki(parsePrivateKey(der))),
  };
}

/**
 * RSA-2048 in PKCS#1, as in Capgo's format.
 *
 * @param n - 0 or 1. Each number gives another pair.
 */
export function capgoPair(n: number): Pair {
  const key = parsePrivateKey(base64(pairs['2048'][n] as string), 'privateKey', 2048);
  return {
    privateKey: encodePem('RSA PRIVATE KEY', encodePkcs1Private(key)),
    publicKey: encodePem('RSA PUBLIC KEY', encodePkcs1Public(key)),
  };
}
