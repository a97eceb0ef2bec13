// What every call about releases does with its options.

import { describe, expect, it } from 'vitest';
import {
  applyPatch,
  chooseRelease,
  createPatch,
  openIndex,
  openIndexWithMark,
  openKeys,
  releaseId,
  sealIndex,
  sealKeys,
} from '../../../src/release.ts';
import { AFTER, BEFORE, signing, trusting } from '../../support/release.ts';
import { APP, digestOf, indexOf, OPEN, privateKey, timeOf } from '../../support/release-index.ts';
import { keyB } from '../../support/vectors.ts';

const KEYS = {
  format: 'bundleseal-keys',
  version: 1,
  appId: APP,
  epoch: 1,
  publicKeys: [keyB.spki],
  retiredKeys: [],
} as const;
const nothing = new Uint8Array(0);
const release = { id: digestOf(1), createdAt: timeOf(1) };

// Each call with valid options, to which a test adds.
const CALLS: readonly (readonly [string, (more: object) => Promise<unknown>])[] = [
  ['releaseId', (more) => releaseId(BEFORE, more)],
  ['createPatch', (more) => createPatch(BEFORE, AFTER, { ...signing, ...more })],
  ['applyPatch', (more) => applyPatch(nothing, BEFORE, { ...trusting, ...more })],
  ['sealIndex', (more) => sealIndex(indexOf(), { privateKey, ...more })],
  ['openIndex', (more) => openIndex(nothing, { ...OPEN, ...more })],
  ['openIndexWithMark', (more) => openIndexWithMark(nothing, { ...OPEN, ...more })],
  ['sealKeys', (more) => sealKeys(KEYS, { recoveryKey: privateKey, ...more })],
  ['openKeys', (more) => openKeys(nothing, { recoveryPublicKey: keyB.spki, appId: APP, ...more })],
  [
    'chooseRelease',
    async (more) =>
      chooseRelease(indexOf(), { current: release, builtIn: release, deviceId: 'a', ...more }),
  ],
];
const LONG = CALLS.filter(([name]) => name !== 'chooseRelease');

describe('the options of calls about releases', () => {
  it.each(CALLS)('name %s in the error for an unknown one', async (name, call) => {
    const wrong = call({ sinal: 1 });
    await expect(wrong).rejects.toThrow(TypeError);
    await expect(wrong).rejects.toThrow(`${name} does not know the option "sinal"`);
  });

  it.each(LONG)('of %s have an AbortSignal as signal', async (_, call) => {
    const wrong = call({ signal: {} });
    await expect(wrong).rejects.toThrow(TypeError);
    await expect(wrong).rejects.toThrow('options.signal expected an AbortSignal, got an object');
  });

  it.each(LONG)('of %s have a known backend', async (_, call) => {
    await expect(call({ backend: 'gpu' })).rejects.toThrow('options.backend expected');
  });

  it.each(CALLS.filter(([name]) => name.endsWith('Patch')))(
    'of %s have a function as onProgress',
    async (_, call) => {
      const wrong = call({ onProgress: true });
      await expect(wrong).rejects.toThrow('options.onProgress expected a function, got a boolean');
    },
  );

  it('of chooseRelease are checked by name', () => {
    const choose = (more: object) =>
      chooseRelease(indexOf(), { current: release, builtIn: release, deviceId: 'a', ...more });
    for (const [more, message] of [
      [{ current: { ...release, id: 'A' } }, 'options.current.id expected a release id: 64'],
      [{ builtIn: { ...release, createdAt: 1 } }, 'options.builtIn.createdAt expected a time such'],
      [{ builtIn: { ...release, name: 1 } }, 'options.builtIn does not know the option "name"'],
      [{ deviceId: '' }, 'options.deviceId expected a text that is not empty'],
      [{ deviceId: 'a\ud800' }, 'options.deviceId has half of a surrogate pair'],
      [{ runtime: '' }, 'options.runtime expected a text that is not empty'],
      [{ blocked: 'abc' }, 'options.blocked expected a list of texts, got a string'],
      [{ features: 1 }, 'options.features expected a list of texts, got a number'],
    ] as const) {
      expect(() => choose(more)).toThrow(TypeError);
      expect(() => choose(more)).toThrow(message);
    }
  });
});
