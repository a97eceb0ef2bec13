// Metadata whose names are those of prototypes, validly signed: a publisher's tool that was talked into it, or code
// that merges what it reads. The library reads only the publisher's members, never inherited ones.

import { afterEach, describe, expect, it } from 'vitest';
import {
  decryptBundle,
  decryptStream,
  encryptBundle,
  inspectBundle,
  type Metadata,
  openBundle,
} from '../../src/index.ts';
import { bytesOf } from '../support/bytes.ts';
import { expectOpened, expectRefused, WAYS } from '../support/openers.ts';
import { PREFERRED_BACKENDS } from '../support/scope.ts';
import { drain, streamOf } from '../support/streams.ts';
import { keyB } from '../support/vectors.ts';

const plain = bytesOf(100);
const seal = async (json: string) =>
  (
    await encryptBundle(plain, {
      privateKey: keyB.pkcs8,
      chunkSize: 4096,
      metadata: JSON.parse(json) as Metadata,
    })
  ).bytes;

const HOSTILE =
  '{"__proto__":{"polluted":1,"appId":"com.example.app","sequence":99},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1},"toString":"x","hasOwnProperty":1}';
const hostile = await seal(HOSTILE);
const bare = await seal('{}');

const shared = Object.prototype as unknown as Record<string, unknown>;
const NAMES = ['appId', 'version', 'channel', 'sequence', 'polluted'] as const;
afterEach(() => {
  for (const name of NAMES) delete shared[name];
});

function expectClean(metadata: Metadata): void {
  expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  expect(Object.hasOwn(metadata, '__proto__')).toBe(true);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(metadata['polluted']).toBeUndefined();
  expect(metadata.appId).toBeUndefined();
  expect(JSON.stringify(metadata)).toBe(HOSTILE);
}

describe.each(PREFERRED_BACKENDS)('metadata with names of prototypes, through %s', (backend) => {
  const options = { publicKey: keyB.spki, backend };

  it('is given as it was signed, and pollutes nothing', async () => {
    const reader = await openBundle(hostile, options);
    expectClean(reader.info.metadata);
    reader.close();
    const told: Metadata[] = [];
    const onHeader = ({ metadata }: { metadata: Metadata }) => void told.push(metadata);
    await drain(decryptStream(streamOf([hostile]).stream, { ...options, onHeader }));
    expect(told).toHaveLength(1);
    expectClean(told[0] as Metadata);
    expectClean(inspectBundle(hostile).metadata);
    await expectOpened(hostile, options, plain);
  });

  it('does not meet expectations about its names', async () => {
    for (const expect of [{ appId: 'com.example.app' }, { minSequence: 1 }]) {
      await expectRefused(hostile, { ...options, expect }, 'ERR_EXPECTATION_FAILED');
    }
  });

  it('is not completed by a prototype that other code polluted', async () => {
    const polluted = { appId: 'com.example.app', version: '1', channel: 'beta', sequence: 99 };
    for (const [name, value] of Object.entries(polluted)) {
      const asked = name === 'sequence' ? { minSequence: 1 } : { [name]: value };
      shared[name] = value;
      for (const [way, open] of WAYS) {
        const { bytes, error } = await open(bare, { ...options, expect: asked });
        expect(error, way).toMatchObject({ code: 'ERR_EXPECTATION_FAILED' });
        expect(bytes, way).toHaveLength(0);
      }
      delete shared[name];
    }
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'does not reach the options of a call, which refuse %s',
    async (name) => {
      const own = JSON.parse(`{"${name}":{"minSequence":0}}`) as object;
      // Spread would set the prototype in some spellings; these are own members.
      const spelt = Object.defineProperties({}, Object.getOwnPropertyDescriptors(own));
      const asExpect = { ...options, expect: spelt };
      await expect(decryptBundle(bare, asExpect)).rejects.toThrow(/does not know the option/);
      const asOptions = Object.defineProperties(spelt, Object.getOwnPropertyDescriptors(options));
      const call = decryptBundle(bare, asOptions as typeof options);
      await expect(call).rejects.toThrow(/does not know the option/);
    },
  );
});
