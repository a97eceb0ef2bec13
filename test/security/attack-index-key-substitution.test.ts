// A forger with a key pair of their own.

import { describe, it } from 'vitest';
import { fromHex } from '../../src/bytes.ts';
import { openIndex, openKeys, sealIndex, sealKeys } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { APP, indexOf, OPEN } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyA, keyB } from '../support/vectors.ts';

const forged = await sealIndex(indexOf(), { privateKey: keyB.pkcs8 });
const keys = {
  format: 'bundleseal-keys',
  version: 1,
  appId: APP,
  epoch: 1,
  publicKeys: [keyB.spki],
  retiredKeys: [],
} as const;
const forgedKeys = await sealKeys(keys, { recoveryKey: keyB.pkcs8 });

/** The same under the key id of the publisher. */
function under(keyId: string, sealed: Uint8Array): Uint8Array {
  const copy = sealed.slice();
  copy.set(fromHex(keyId), 24);
  return copy;
}

describe.each(PREFERRED_BACKENDS)(
  'an index that a forger’s key has signed, through %s',
  (backend) => {
    const trusted = { ...OPEN, publicKey: keyA.spki, backend };
    const recovery = { recoveryPublicKey: keyA.spki, appId: APP, backend };

    it('is refused under the forger’s key id', async () => {
      await rejection(openIndex(forged, trusted), 'ERR_KEY_MISMATCH');
      await rejection(openKeys(forgedKeys, recovery), 'ERR_KEY_MISMATCH');
    });

    it('is refused under the publisher’s key id', async () => {
      await rejection(openIndex(under(keyA.keyId, forged), trusted), 'ERR_SEAL_INVALID');
      await rejection(openKeys(under(keyA.keyId, forgedKeys), recovery), 'ERR_SEAL_INVALID');
    });

    it('is refused as a list of keys, which only the recovery key may sign', async () => {
      // The build's key signs indexes; a list of keys is opened with the recovery key alone.
      await rejection(openKeys(forgedKeys, recovery), 'ERR_KEY_MISMATCH');
    });
  },
);
