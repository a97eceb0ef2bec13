// A thief has the build's private key: how the offline recovery key ends the attack.

import { describe, expect, it } from 'vitest';
import { openIndex, openIndexWithMark, openKeys, sealIndex, sealKeys } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import { sealingPair } from '../support/pairs.ts';
import { APP, indexOf, OPEN } from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyA, keyB } from '../support/vectors.ts';

const LAST = 2 ** 53 - 1;
const [recovery, stolen] = [keyA, keyB];
const next = sealingPair(0);

const poisoned = await sealIndex(
  indexOf({ sequence: LAST, issuedAt: '9999-01-01T00:00:00Z', expiresAt: '9999-12-31T23:59:59Z' }),
  { privateKey: stolen.pkcs8 },
);
const keys = await sealKeys(
  {
    format: 'bundleseal-keys',
    version: 1,
    appId: APP,
    epoch: 1,
    publicKeys: [next.publicKey],
    retiredKeys: [stolen.spki],
  },
  { recoveryKey: recovery.pkcs8 },
);
const recovered = await sealIndex(indexOf({ epoch: 1, sequence: 0 }), {
  privateKey: next.privateKey,
});

describe.each(PREFERRED_BACKENDS)('a stolen build key, through %s', (backend) => {
  const stolenOptions = { ...OPEN, publicKey: stolen.spki, backend };
  const recovering = { recoveryPublicKey: recovery.spki, appId: APP, backend };

  it('can use up the sequences and the time of its epoch, so that no later index of it is accepted', async () => {
    const { mark: after } = await openIndexWithMark(poisoned, stolenOptions);
    const honest = await sealIndex(indexOf({ sequence: 42 }), { privateKey: stolen.pkcs8 });
    await rejection(openIndex(honest, { ...stolenOptions, after }), 'ERR_INDEX_ROLLED_BACK');
  });

  it('cannot use up a sequence of the next epoch', async () => {
    const ahead = await sealIndex(indexOf({ epoch: LAST }), { privateKey: stolen.pkcs8 });
    await rejection(openIndex(ahead, stolenOptions), 'ERR_INDEX_INVALID');
  });

  it('cannot sign a list of keys', async () => {
    const forged = await sealKeys(
      {
        format: 'bundleseal-keys',
        version: 1,
        appId: APP,
        epoch: 2,
        publicKeys: [stolen.spki],
        retiredKeys: [],
      },
      { recoveryKey: stolen.pkcs8 },
    );
    await rejection(openKeys(forged, recovering), 'ERR_KEY_MISMATCH');
  });

  it('is replaced by the recovery key, on a device that has accepted the last number', async () => {
    const { mark: after } = await openIndexWithMark(poisoned, stolenOptions);
    const { epoch, publicKeys } = await openKeys(keys, recovering);
    const trusted = { ...OPEN, publicKey: publicKeys, epoch, backend };
    const index = await openIndex(recovered, { ...trusted, after });
    expect([index.epoch, index.sequence]).toEqual([1, 0]);
    const fresh = await openIndex(recovered, trusted);
    expect(fresh).toEqual(index);
  });

  it('is useless afterwards: no index of it is accepted, in its old epoch or in the new one', async () => {
    const { epoch, publicKeys } = await openKeys(keys, recovering);
    const trusted = { ...OPEN, publicKey: publicKeys, epoch, backend };
    await rejection(openIndex(poisoned, trusted), 'ERR_KEY_MISMATCH');
    const again = await sealIndex(indexOf({ epoch: 1, sequence: 99 }), {
      privateKey: stolen.pkcs8,
    });
    await rejection(openIndex(again, trusted), 'ERR_KEY_MISMATCH');
  });

  it('does not come back by an older list of keys', async () => {
    await rejection(openKeys(keys, { ...recovering, epoch: 2 }), 'ERR_INDEX_ROLLED_BACK');
    expect((await openKeys(keys, { ...recovering, epoch: 1 })).epoch).toBe(1);
  });
});
