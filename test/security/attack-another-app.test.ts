// A publisher with several apps, channels and versions under one key: each bundle is genuine, in its place alone.

import { describe, expect, it } from 'vitest';
import { encryptBundle, type Metadata, openBundle } from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { expectOpened, expectRefused } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(5000);
const seal = async (metadata: Metadata) =>
  (await encryptBundle(plain, { privateKey: keyB.pkcs8, chunkSize: 4096, metadata })).bytes;

const OURS = { appId: 'com.example.shop', version: '1.2.3', channel: 'production' };
const ours = await seal(OURS);

const OTHERS: [string, Metadata][] = [
  ['another app', { ...OURS, appId: 'com.example.bank' }],
  ['an app whose id begins alike', { ...OURS, appId: 'com.example.shop.beta' }],
  ['an app whose id is ours in capitals', { ...OURS, appId: 'COM.EXAMPLE.SHOP' }],
  ['an app whose id looks like ours', { ...OURS, appId: 'com.example.shоp' }],
  ['an app whose id is ours and a NUL', { ...OURS, appId: 'com.example.shop\0' }],
  ['an app whose id is ours and a space', { ...OURS, appId: 'com.example.shop ' }],
  ['an app without a name', { ...OURS, appId: '' }],
  ['another channel', { ...OURS, channel: 'beta' }],
  ['another version', { ...OURS, version: '1.2.30' }],
  ['nobody in particular', {}],
  ['us, in a member of its own', { metadata: OURS, expect: OURS }],
  ['us, with the names in capitals', { AppId: OURS.appId, Version: OURS.version }],
];

describe.each(PREFERRED_BACKENDS)('a genuine bundle, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend, expect: OURS };

  it('is opened by its own app', async () => {
    await expectOpened(ours, options, plain);
  });

  it.each(OTHERS)('of %s is refused', async (_, metadata) => {
    await expectRefused(await seal(metadata), options, 'ERR_EXPECTATION_FAILED');
  });

  it('is refused by each single expectation', async () => {
    const other = await seal({ appId: 'a', version: 'b', channel: 'c' });
    for (const name of ['appId', 'version', 'channel'] as const) {
      const expecting = { ...options, expect: { [name]: OURS[name] } };
      await expectOpened(ours, expecting, plain);
      await expectRefused(other, expecting, 'ERR_EXPECTATION_FAILED');
    }
  });

  it('is refused before any part of its body is requested', async () => {
    const other = await seal({ ...OURS, appId: 'com.example.bank' });
    const asked: number[] = [];
    const source = {
      size: other.length,
      async read(offset: number, length: number) {
        asked.push(offset + length);
        return other.slice(offset, offset + length);
      },
    };
    await expect(openBundle(source, options)).rejects.toMatchObject({
      code: 'ERR_EXPECTATION_FAILED',
    });
    const headerLength = other.length - plain.length - 2 * 16;
    expect(Math.max(...asked)).toBeLessThanOrEqual(headerLength);
  });
});
