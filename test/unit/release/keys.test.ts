import { describe, expect, it } from 'vitest';
import { openKeys, type ReleaseKeys, sealKeys } from '../../../src/release.ts';
import { rejection } from '../../support/errors.ts';
import { expectNoKeyMaterial, rsa2048Spki } from '../../support/keys.ts';
import { APP, privateKey, publicKey, sealAnything } from '../../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../../support/scope.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const KEYS: ReleaseKeys = {
  format: 'bundleseal-keys',
  version: 1,
  appId: APP,
  epoch: 3,
  publicKeys: [keyA.spki],
  retiredKeys: [keyB.spki],
};
const OPEN = { recoveryPublicKey: publicKey, appId: APP };
const recoveryKey = privateKey;

type Change = readonly [description: string, change: object, reason: string];

const FAULTS: readonly Change[] = [
  ['another format', { format: 'bundleseal-index' }, 'keys.format must be "bundleseal-keys"'],
  ['another version', { version: 2 }, 'keys.version must be 1'],
  ['no app id', { appId: undefined }, 'keys.appId is missing'],
  [
    'epoch 0, which is that of the built-in keys',
    { epoch: 0 },
    'keys.epoch must be an integer from 1',
  ],
  ['a fraction of an epoch', { epoch: 1.5 }, 'keys.epoch must be an integer'],
  ['no key', { publicKeys: [] }, 'keys.publicKeys must have at least one key'],
  ['no list', { publicKeys: keyA.spki }, 'keys.publicKeys must be an array'],
  ['no list of retired keys', { retiredKeys: undefined }, 'keys.retiredKeys is missing'],
  ['a key that is no text', { retiredKeys: [7] }, 'keys.retiredKeys[0] must be a string'],
  ['a private key', { publicKeys: [keyA.spki, keyB.pkcs8] }, 'keys.publicKeys[1] must be the PEM'],
  [
    'a mangled key',
    { publicKeys: [keyA.spki.replaceAll('\n', '\\n')] },
    'keys.publicKeys[0] must be',
  ],
  ['a key that is too short', { publicKeys: [rsa2048Spki] }, 'keys.publicKeys[0] must be'],
];

describe.each(PREFERRED_BACKENDS)('sealKeys and openKeys through %s', (backend) => {
  it('return the keys', async () => {
    const sealed = await sealKeys(KEYS, { recoveryKey, backend });
    expect(await openKeys(sealed, { ...OPEN, backend })).toEqual(KEYS);
    const blob = new Blob([Uint8Array.from(sealed)]);
    expect(await openKeys(blob, { ...OPEN, backend, epoch: 3 })).toEqual(KEYS);
  });

  it('refuse a lower epoch than the trusted one', async () => {
    const sealed = await sealKeys(KEYS, { recoveryKey, backend });
    await rejection(openKeys(sealed, { ...OPEN, backend, epoch: 4 }), 'ERR_INDEX_ROLLED_BACK');
  });

  it.each(FAULTS)('refuse %s, genuine or about to be sealed', async (_, change, reason) => {
    const keys = { ...KEYS, ...change } as ReleaseKeys;
    await expect(sealKeys(keys, { recoveryKey, backend })).rejects.toThrow(TypeError);
    await expect(sealKeys(keys, { recoveryKey, backend })).rejects.toThrow(reason);
    const sealed = await sealAnything(JSON.stringify(keys), { appId: APP }, 'keys');
    const error = await rejection(openKeys(sealed, { ...OPEN, backend }), 'ERR_INDEX_INVALID');
    expect(error.message).toContain(reason);
    expectNoKeyMaterial(error, keyB.pkcs8);
  });
});

describe('openKeys', () => {
  it('refuses the keys of another app, by the header and by the list', async () => {
    const sealed = await sealKeys({ ...KEYS, appId: 'other' }, { recoveryKey });
    await rejection(openKeys(sealed, OPEN), 'ERR_EXPECTATION_FAILED');
    const other = JSON.stringify({ ...KEYS, appId: 'other' });
    const mixed = await sealAnything(other, { appId: APP }, 'keys');
    await rejection(openKeys(mixed, OPEN), 'ERR_INDEX_INVALID');
  });

  it('accepts 64 KiB and not a byte more', async () => {
    const json = JSON.stringify(KEYS);
    const padded = (length: number) =>
      sealAnything(json + ' '.repeat(length - json.length), { appId: APP }, 'keys');
    expect(await openKeys(await padded(65_536), OPEN)).toEqual(KEYS);
    await rejection(openKeys(await padded(65_537), OPEN), 'ERR_INDEX_INVALID');
    // With the most that sealing can add, it is read, and is no sealed bundle.
    await rejection(openKeys(new Uint8Array(65_536 + 131_072), OPEN), 'ERR_HEADER_INVALID');
    const { message } = await rejection(
      openKeys(new Uint8Array(65_536 + 131_073), OPEN),
      'ERR_INDEX_INVALID',
    );
    expect(message).toContain('the sealed document has 196609 bytes, over the limit of 196608');
  });

  it('ignores unknown members, and refuses a repeated name', async () => {
    const more = JSON.stringify({ ...KEYS, later: [] });
    expect(await openKeys(await sealAnything(more, { appId: APP }, 'keys'), OPEN)).toEqual(KEYS);
    const twice = JSON.stringify(KEYS).replace('"epoch":3', '"epoch":3,"epoch":4');
    await rejection(
      openKeys(await sealAnything(twice, { appId: APP }, 'keys'), OPEN),
      'ERR_INDEX_INVALID',
    );
  });

  it('refuses a list of another key', async () => {
    const sealed = await sealKeys(KEYS, { recoveryKey: keyA.pkcs8 });
    await rejection(openKeys(sealed, OPEN), 'ERR_KEY_MISMATCH');
  });

  it.each([
    [{ recoveryPublicKey: publicKey }, 'options.appId'],
    [{ ...OPEN, epoch: -1 }, 'options.epoch'],
    [{ ...OPEN, publicKey }, '"publicKey"'],
  ])('refuses wrong options by name', async (options, named) => {
    const sealed = await sealKeys(KEYS, { recoveryKey });
    await expect(openKeys(sealed, options as never)).rejects.toThrow(TypeError);
    await expect(openKeys(sealed, options as never)).rejects.toThrow(named);
  });
});

it('sealKeys refuses unknown members and options', async () => {
  const keys = { ...KEYS, publickeys: [] } as ReleaseKeys;
  await expect(sealKeys(keys, { recoveryKey })).rejects.toThrow('unknown member "publickeys"');
  const options = { recoveryKey, privateKey } as never;
  await expect(sealKeys(KEYS, options)).rejects.toThrow('"privateKey"');
});
