// A genuine object of one kind in the place of another, with the content of that other one.

import { describe, it } from 'vitest';
import { KINDS } from '../../src/format/header.ts';
import { decryptBundle } from '../../src/index.ts';
import { openIndex, openKeys, sealIndex, sealKeys } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import {
  APP,
  indexOf,
  OPEN,
  privateKey,
  publicKey,
  sealAnything,
} from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyA } from '../support/vectors.ts';

const keys = {
  format: 'bundleseal-keys',
  version: 1,
  appId: APP,
  epoch: 1,
  publicKeys: [keyA.spki],
  retiredKeys: [],
} as const;
const opening = { recoveryPublicKey: publicKey, appId: APP };

describe.each(PREFERRED_BACKENDS)('an object of another kind, through %s', (backend) => {
  it.each(KINDS.filter((kind) => kind !== 'index'))('a %s is refused as an index', async (kind) => {
    const sealed = await sealAnything(JSON.stringify(indexOf()), undefined, kind);
    await rejection(openIndex(sealed, { ...OPEN, backend }), 'ERR_HEADER_INVALID');
  });

  it.each(KINDS.filter((kind) => kind !== 'keys'))(
    'a %s is refused as a list of keys',
    async (kind) => {
      const sealed = await sealAnything(JSON.stringify(keys), { appId: APP }, kind);
      await rejection(openKeys(sealed, { ...opening, backend }), 'ERR_HEADER_INVALID');
    },
  );

  it('an index and a list of keys are refused as bundles', async () => {
    for (const sealed of [
      await sealIndex(indexOf(), { privateKey }),
      await sealKeys(keys, { recoveryKey: privateKey }),
    ]) {
      await rejection(decryptBundle(sealed, { publicKey, backend }), 'ERR_HEADER_INVALID');
    }
  });

  it('the JSON of an index is refused as a list of keys, and the other way round', async () => {
    const index = await sealAnything(JSON.stringify(keys));
    await rejection(openIndex(index, { ...OPEN, backend }), 'ERR_INDEX_INVALID');
    const list = await sealAnything(JSON.stringify(indexOf()), { appId: APP }, 'keys');
    await rejection(openKeys(list, { ...opening, backend }), 'ERR_INDEX_INVALID');
  });
});
