// A genuine index in the place of another app's or channel's, under the same key.

import { describe, expect, it } from 'vitest';
import { chooseRelease, openIndex, type ReleaseIndex, sealIndex } from '../../src/release.ts';
import { rejection } from '../support/errors.ts';
import {
  APP,
  digestOf,
  entryOf,
  indexOf,
  OPEN,
  privateKey,
  sealAnything,
  timeOf,
} from '../support/release-index.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';

const seal = (rest: Partial<ReleaseIndex>) => sealIndex(indexOf(rest), { privateKey });

describe.each(PREFERRED_BACKENDS)('an index for another app or channel, through %s', (backend) => {
  it('is refused for its app, and the error names both apps', async () => {
    const sealed = await seal({ appId: 'com.example.other' });
    const error = await rejection(
      openIndex(sealed, { ...OPEN, backend }),
      'ERR_EXPECTATION_FAILED',
    );
    expect([error.expectation, error.expected, error.actual]).toEqual([
      'appId',
      APP,
      'com.example.other',
    ]);
  });

  it('is refused for its channel, and the error names both channels', async () => {
    const sealed = await seal({ channel: 'beta' });
    const error = await rejection(
      openIndex(sealed, { ...OPEN, backend }),
      'ERR_EXPECTATION_FAILED',
    );
    expect([error.expectation, error.expected, error.actual]).toEqual([
      'channel',
      'production',
      'beta',
    ]);
  });

  it('is refused if its header and its content name different channels', async () => {
    const beta = JSON.stringify(indexOf({ channel: 'beta' }));
    await rejection(openIndex(await sealAnything(beta), { ...OPEN, backend }), 'ERR_INDEX_INVALID');
  });

  it('is not opened by a call without the app or without the channel', async () => {
    const sealed = await seal({});
    const { appId, channel, ...rest } = OPEN;
    for (const options of [rest, { ...rest, appId }, { ...rest, channel }]) {
      await expect(openIndex(sealed, { ...options, backend } as never)).rejects.toThrow(TypeError);
    }
  });
});

it('a release for another runtime is never chosen: runtimes are compared as text, not as numbers or ranges', () => {
  const index = indexOf({ releases: [entryOf(3, { runtime: ['3'] })] });
  const current = { id: digestOf(1), createdAt: timeOf(1) };
  const device = { current, builtIn: current, deviceId: 'd1' };
  expect(chooseRelease(index, { ...device, runtime: '3' })).toEqual(entryOf(3, { runtime: ['3'] }));
  for (const runtime of ['03', '3.0', '*', '>=3', '4']) {
    expect(chooseRelease(index, { ...device, runtime })).toBe('current');
  }
  expect(chooseRelease(index, device)).toBe('current');
});
