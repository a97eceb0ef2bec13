// Malformed indexes, one or more for each rule.

import type { ReleaseIndex } from '../../src/release.ts';
import { entryOf, indexOf } from './release-index.ts';

export interface Fault {
  readonly description: string;
  /** The plain text of the index. */
  readonly json: string;
  /** A part of the expected message. */
  readonly reason: string;
}

/** An index that has every member. */
export const FULL: ReleaseIndex = indexOf({
  releases: [
    entryOf(2, {
      runtime: ['3'],
      requires: ['bundleseal-patch'],
      rollout: 250,
      mandatory: false,
      note: 'é',
      meta: { ticket: 12.5, nested: { list: [1, null, true] } },
      patches: [{ from: entryOf(1).id, sha256: entryOf(7).id, size: 35_900 }],
    }),
    entryOf(1),
  ],
  withdrawn: [entryOf(0).id],
  useBuiltIn: false,
  retired: [{ sha256: entryOf(9).id, until: '2026-12-26T09:00:00Z' }],
});

type Members = Record<string, unknown>;

/** Changes an index and returns its text. */
function changed(change: (index: Members, entry: Members) => void): string {
  const index = structuredClone(FULL) as unknown as Members;
  change(index, (index['releases'] as Members[])[0] as Members);
  return JSON.stringify(index);
}

const TEXT = JSON.stringify(FULL);
const bad = (description: string, json: string, reason: string): Fault => ({
  description,
  json,
  reason,
});

/** Replaces a member of the index. `undefined` removes it. */
const member = (name: string, value: unknown, reason: string): Fault =>
  bad(
    value === undefined ? `no ${name}` : `${name} is ${JSON.stringify(value).slice(0, 60)}`,
    changed((index) => Object.assign(index, { [name]: value })),
    reason,
  );

/** Replaces a member of the first entry. */
const inEntry = (name: string, value: unknown, reason: string): Fault => ({
  ...member(name, value, reason),
  description:
    value === undefined
      ? `an entry without ${name}`
      : `an entry whose ${name} is ${JSON.stringify(value).slice(0, 60)}`,
  json: changed((_, entry) => Object.assign(entry, { [name]: value })),
});

const integer = 'an integer from 0 to 2^53 - 1';
const hex = '64 lower-case hex characters';
const ID = entryOf(5).id;

export const FAULTS: readonly Fault[] = [
  bad('no object', '[]', 'index must be an object'),
  bad('a byte order mark', `\ufeff${TEXT}`, 'not JSON'),
  bad('text after the object', `${TEXT}{}`, 'not JSON'),
  bad('a member twice', TEXT.replace('"epoch":0', '"epoch":0,"epoch":0'), 'member "epoch" twice'),
  bad(
    'an unknown member twice',
    TEXT.replace('"epoch":0', '"epoch":0,"x":1,"\\u0078":1'),
    'member "x" twice',
  ),
  bad('half of a surrogate pair', TEXT.replace('"1.0.2"', '"\\ud83d"'), 'surrogate'),
  bad(
    'nine levels',
    TEXT.replace('"nested":{"list":[1', '"nested":{"list":[[[[[1]]]]'),
    'nested over 8 deep',
  ),
  member('format', 'bundleseal-keys', 'index.format must be "bundleseal-index"'),
  member('format', undefined, 'index.format is missing'),
  member('version', 2, 'index.version must be 1'),
  bad('version is 1.0', TEXT.replace('"version":1,', '"version":1.0,'), 'version must be 1'),
  member('appId', 7, 'index.appId must be a string'),
  member('channel', undefined, 'index.channel is missing'),
  member('epoch', -1, integer),
  member('epoch', '0', integer),
  member('epoch', undefined, 'index.epoch is missing'),
  member('sequence', undefined, 'index.sequence is missing'),
  member('sequence', null, integer),
  bad('sequence is 41.0', TEXT.replace('"sequence":41', '"sequence":41.0'), integer),
  bad('sequence is 4.1e1', TEXT.replace('"sequence":41', '"sequence":4.1e1'), integer),
  bad('sequence is -0', TEXT.replace('"sequence":41', '"sequence":-0'), integer),
  bad('sequence is 2^53', TEXT.replace('"sequence":41', '"sequence":9007199254740992'), integer),
  member('issuedAt', undefined, 'index.issuedAt is missing'),
  member('issuedAt', '2026-11-26T09:00:00.000Z', 'index.issuedAt must be a time'),
  member('issuedAt', '2026-11-26T09:00:00+00:00', 'index.issuedAt must be a time'),
  member('issuedAt', '2026-11-26t09:00:00z', 'index.issuedAt must be a time'),
  member('issuedAt', '2026-02-29T09:00:00Z', 'index.issuedAt must be a time'),
  member('issuedAt', '2026-11-26T24:00:00Z', 'index.issuedAt must be a time'),
  member('expiresAt', '2026-12-26T09:00:60Z', 'index.expiresAt must be a time'),
  member('expiresAt', '2026-11-26T09:00:00Z', 'expiresAt must be later than index.issuedAt'),
  member('expiresAt', '2026-11-26T08:59:59Z', 'expiresAt must be later than index.issuedAt'),
  member('releases', {}, 'index.releases must be an array'),
  member('releases', [null], 'index.releases[0] must be an object'),
  member('releases', [entryOf(1), entryOf(2), entryOf(1)], 'twice'),
  member('withdrawn', ID, 'index.withdrawn must be an array'),
  member('withdrawn', ['abc'], `index.withdrawn[0] must be ${hex}`),
  member('withdrawn', null, 'index.withdrawn must be an array'),
  member('useBuiltIn', 1, 'index.useBuiltIn must be true or false'),
  member('retired', [{ sha256: ID }], 'index.retired[0].until is missing'),
  member('retired', [{ sha256: 'x', until: FULL.expiresAt }], `index.retired[0].sha256 must be`),
  inEntry('id', undefined, 'index.releases[0].id is missing'),
  inEntry('id', ID.replace(/5$/, 'F'), hex),
  inEntry('id', ID.slice(1), hex),
  inEntry('id', `${ID}\n`, hex),
  inEntry('version', 3, 'index.releases[0].version must be a string'),
  inEntry('createdAt', '2026-04-31T00:00:00Z', 'createdAt must be a time'),
  inEntry('createdAt', undefined, 'createdAt is missing'),
  inEntry('runtime', '3', 'runtime must be an array'),
  inEntry('runtime', [3], 'runtime[0] must be a string'),
  inEntry('requires', {}, 'requires must be an array'),
  inEntry('rollout', -1, 'rollout must be an integer from 0 to 1000'),
  inEntry('rollout', 1001, 'rollout must be an integer from 0 to 1000'),
  inEntry('rollout', 0.5, 'rollout must be an integer from 0 to 1000'),
  inEntry('mandatory', 'yes', 'mandatory must be true or false'),
  inEntry('note', `${'é'.repeat(2048)}.`, 'note must be at most 4096 bytes of UTF-8'),
  inEntry('note', ['text'], 'note must be a string'),
  inEntry('meta', [], 'meta must be an object'),
  inEntry('meta', 'text', 'meta must be an object'),
  inEntry('size', -1, integer),
  inEntry('size', undefined, 'size is missing'),
  inEntry('files', 0, 'files must be an integer from 1'),
  inEntry('files', undefined, 'files is missing'),
  inEntry('bundle', undefined, 'bundle is missing'),
  inEntry('bundle', { sha256: ID }, 'bundle.size is missing'),
  inEntry('bundle', { sha256: ID.toUpperCase().replace(/^0/, 'A'), size: 1 }, hex),
  inEntry('patches', undefined, 'patches is missing'),
  inEntry('patches', [{ from: ID, sha256: ID, size: '1' }], 'patches[0].size must be'),
  inEntry('patches', [{ from: 'x', sha256: ID, size: 1 }], `patches[0].from must be ${hex}`),
  inEntry(
    'patches',
    [
      { from: ID, sha256: ID, size: 1 },
      { from: ID, sha256: entryOf(6).id, size: 1 },
    ],
    'patches has',
  ),
];
