// Keys in each form.

import { parseEitherKey, parsePrivateKey, parsePublicKey } from '../../../src/keys/parse.ts';
import { base64, keyA, keyB } from '../../support/vectors.ts';
import { utf8 } from '../../support/zip.ts';
import { attempt, json, KIB, latin1, parsed, type Targets } from './target.ts';

const KEYS = [keyA, keyB].flatMap(({ spki, pkcs8, pkcs1 }) => [spki, pkcs8, pkcs1]);
const derOf = (pem: string) => base64(pem.replace(/-----[^-]+-----|\s/g, ''));

export const KEY_TARGETS: Targets = {
  der: {
    run(input) {
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey])
        attempt(() => parse(input));
    },
    seeds: async () => KEYS.map(derOf),
    memory: (length) => 64 * length + 256 * KIB,
  },
  pem: {
    run(input) {
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey]) {
        attempt(() => parse(latin1(input)));
        attempt(() => parse(input));
      }
    },
    seeds: async () => KEYS.map(utf8),
    words: [
      '-----BEGIN ',
      '-----END ',
      '-----',
      'PRIVATE KEY',
      'RSA ',
      'EC ',
      'OPENSSH ',
      '\\n',
      '\r\n',
      'MII',
    ],
    memory: (length) => 64 * length + 256 * KIB,
  },
  jwk: {
    run(input) {
      const key = parsed(input);
      for (const parse of [parsePublicKey, parsePrivateKey, parseEitherKey]) {
        attempt(() => parse(key as never));
      }
    },
    seeds: async () => [keyA, keyB].map(({ jwk }) => json(jwk)),
    words: [
      '"kty":',
      '"RSA"',
      '"EC"',
      '"n":',
      '"e":"AQAB"',
      '"d":',
      '"oth":[]',
      '""',
      'null',
      '__proto__',
      '"toString"',
    ],
    memory: (length) => 64 * length + 256 * KIB,
  },
};
