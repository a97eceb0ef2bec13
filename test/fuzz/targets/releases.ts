// What a publisher signs and a device reads: indexes, lists of keys, and stamps.

import { BundleSealError } from '../../../src/errors.ts';
import { readIndex } from '../../../src/release/index-format.ts';
import { readKeys } from '../../../src/release/keys-format.ts';
import { readStamp, writeStamp } from '../../../src/release/stamp.ts';
import { FULL } from '../../support/index-faults.ts';
import { keyA, keyB } from '../../support/vectors.ts';
import { json, KIB, latin1, linear, type Targets, text } from './target.ts';

const refuseJson = (reason: string) => new BundleSealError('ERR_INDEX_INVALID', reason);

const INDEX_WORDS = [
  '"__proto__":',
  '"rollout":',
  '"meta":{',
  '[[[[[[[[',
  '\\ud83d',
  '\ufeff',
  '1e999',
  '-0',
  '1.0',
  '9007199254740993',
];

export const RELEASE_TARGETS: Targets = {
  // What only somebody with the private key can make: the JSON behind the seal.
  index: {
    run(input) {
      const index = readIndex(input, refuseJson, false);
      // JSON.parse accepts the same text, and the reader accepts its own output again.
      JSON.parse(text(input));
      const again = json(index);
      if (latin1(json(readIndex(again, refuseJson, true))) !== latin1(again)) {
        throw new Error('an index was not read as it was written');
      }
    },
    seeds: async () => [
      json(FULL),
      json({ ...FULL, releases: [] }),
      json({ ...FULL, later: 1.5e3 }),
    ],
    words: INDEX_WORDS,
    memory: linear,
  },
  keys: {
    run: (input) => {
      const keys = readKeys(input, refuseJson, false);
      readKeys(json(keys), refuseJson, true);
    },
    seeds: async () => {
      const keys = { format: 'bundleseal-keys', version: 1, appId: 'a', epoch: 1 };
      return [
        json({ ...keys, publicKeys: [keyA.spki], retiredKeys: [] }),
        json({ ...keys, publicKeys: [keyB.spki], retiredKeys: [keyA.spki], later: [[]] }),
      ];
    },
    words: INDEX_WORDS,
    memory: (length) => 64 * length + 256 * KIB,
  },
  stamp: {
    run: (input) => {
      const stamp = readStamp(input);
      readStamp(writeStamp(stamp));
    },
    seeds: async () => {
      const stamp = { format: 'bundleseal-stamp', version: 1, id: 'a'.repeat(64) };
      const createdAt = '2026-11-26T08:55:00Z';
      return [
        json({ ...stamp, createdAt }),
        json({ ...stamp, createdAt, runtime: '3', files: [], floors: [] }),
      ];
    },
    words: INDEX_WORDS,
    memory: linear,
  },
};
