// Which entry of an index a name means, which entries stay, and where a release is put.

import { describe, expect, it } from 'vitest';
import {
  dropOld,
  findRelease,
  nameOfRelease,
  placed,
  withoutWithdrawal,
} from '../../../src/publish/index-entries.ts';
import type { ReleaseEntry } from '../../../src/release.ts';
import { thrown } from '../../support/errors.ts';

const idOf = (beginning: string) => beginning.padEnd(64, '0');

function entryOf(beginning: string, more: Partial<ReleaseEntry> = {}): ReleaseEntry {
  const id = idOf(beginning);
  const bundle = { sha256: id, size: 1 };
  return { id, createdAt: '2026-11-27T10:00:00Z', bundle, patches: [], ...more } as ReleaseEntry;
}

describe('findRelease', () => {
  const made = ({ id }: ReleaseEntry) => `${id} (sealed 2026-11-27T10:00:00Z)`;
  const one = entryOf('aaaaaaaa1', { version: '1.0.0' });
  const two = entryOf('aaaaaaaa2', { version: '1.1.0' });
  const third = entryOf('bbbbbbbb', { version: '1.1.0' });
  const nameless = entryOf('cccccccc');
  const releases = [one, two, third, nameless];
  const find = (name?: string, withdrawn: readonly string[] = []) =>
    findRelease({ channel: 'beta', releases, withdrawn }, name);
  const messageOf = (name?: string, withdrawn?: readonly string[]) =>
    thrown(() => find(name, withdrawn), 'ERR_STORE').message;

  it('takes a version, a whole id, or its first 8 characters', () => {
    expect(find('1.0.0')).toBe(one);
    expect(find(third.id)).toBe(third);
    expect(find('bbbbbbbb')).toBe(third);
    expect(find('aaaaaaaa2')).toBe(two);
  });

  it('takes the version of a release before the beginning of the id of another one', () => {
    const named = entryOf('dddddddd', { version: 'bbbbbbbb' });
    expect(findRelease({ channel: 'beta', releases: [...releases, named] }, 'bbbbbbbb')).toBe(
      named,
    );
  });

  it('refuses 7 characters of an id, and other characters than those of an id', () => {
    for (const name of ['bbbbbbb', 'BBBBBBBB', ' bbbbbbbb', 'bbbbbbbb ']) {
      expect(messageOf(name)).toBe(
        `the channel beta has no release ${JSON.stringify(name)}: it has 1.0.0, 1.1.0 (aaaaaaaa2000…), 1.1.0 (bbbbbbbb0000…), release cccccccc0000…`,
      );
    }
  });

  it('asks for an id if a version or a beginning means several releases', () => {
    expect(messageOf('1.1.0')).toBe(
      `the channel beta has 2 releases of version "1.1.0": name one by its id, ${made(two)} or ${made(third)}`,
    );
    expect(messageOf('aaaaaaaa')).toBe(
      `the channel beta has 2 releases whose id begins with "aaaaaaaa": name one by its id, ${made(one)} or ${made(two)}`,
    );
  });

  it('takes the first release that is not withdrawn if none is named', () => {
    expect(find()).toBe(one);
    expect(find(undefined, [one.id])).toBe(two);
    expect(
      messageOf(
        undefined,
        releases.map(({ id }) => id),
      ),
    ).toBe(
      'the channel beta offers no release: publish one, or name a withdrawn release by its id',
    );
    const none = () => findRelease({ channel: 'beta', releases: [] }, '1');
    expect(thrown(none, 'ERR_STORE').message).toBe(
      'the channel beta has no release "1": it has none',
    );
  });

  it('has names for messages also of releases that are not in the index', () => {
    expect(nameOfRelease(idOf('eeee'), releases)).toBe('release eeee00000000…');
    expect(nameOfRelease(one.id, releases)).toBe('1.0.0');
  });
});

describe('placed', () => {
  const [a, b, c] = [entryOf('a'), entryOf('b'), entryOf('c')];

  it('puts a new release in front, and leaves one that is there in its place', () => {
    expect(placed([a, b], c, false)).toEqual([c, a, b]);
    const changed = { ...b, version: '2' };
    expect(placed([a, b, c], changed, false)).toEqual([a, changed, c]);
    expect(placed([a, b, c], changed, true)).toEqual([changed, a, c]);
  });
});

describe('withoutWithdrawal', () => {
  it('refuses a release that was withdrawn, unless it is reinstated', () => {
    const releases = [entryOf('a', { version: '1.0.0' })];
    const state = { releases, withdrawn: [idOf('a'), idOf('b')] };
    expect(withoutWithdrawal(state, idOf('c'), undefined)).toEqual(state.withdrawn);
    expect(withoutWithdrawal(state, idOf('a'), true)).toEqual([idOf('b')]);
    for (const reinstate of [undefined, false]) {
      expect(
        thrown(() => withoutWithdrawal(state, idOf('a'), reinstate), 'ERR_STORE').message,
      ).toBe(
        `release 1.0.0 (${idOf('a')}) was withdrawn: pass reinstate: true to offer it again, or build a release that differs`,
      );
    }
    // The index has dropped the release.
    expect(
      thrown(() => withoutWithdrawal(state, idOf('b'), undefined), 'ERR_STORE').message,
    ).toContain(`the release ${idOf('b')} was withdrawn`);
  });
});

describe('dropOld', () => {
  const held = () => false;

  it('keeps the first releases of each runtime, whatever the order of its names is', () => {
    const entries = [
      entryOf('1', { runtime: ['3', '4'] }),
      entryOf('2', { runtime: ['4', '3'] }),
      entryOf('3', { runtime: ['3'] }),
      entryOf('4'),
      entryOf('5', { runtime: ['3'] }),
      entryOf('6'),
      entryOf('7', { requires: ['camera'] }),
    ];
    const kept = dropOld(entries, { keep: 1 }, held, []);
    expect(kept.map(({ id }) => id[0])).toEqual(['1', '3', '4', '7']);
  });

  it('keeps the first release that every device is offered, and none that is withdrawn for it', () => {
    const entries = [
      entryOf('1', { rollout: 100 }),
      entryOf('2', { rollout: 999 }),
      entryOf('3'),
      entryOf('4', { rollout: 1000 }),
      entryOf('5'),
    ];
    const kept = (withdrawn: readonly string[]) =>
      dropOld(entries, { keep: 1 }, held, withdrawn).map(({ id }) => id[0]);
    expect(kept([])).toEqual(['1', '3']);
    expect(kept([idOf('3')])).toEqual(['1', '4']);
  });

  it('keeps the releases that the caller holds', () => {
    const entries = [entryOf('1'), entryOf('2'), entryOf('3')];
    const kept = dropOld(entries, { keep: 1 }, ({ id }) => id === idOf('3'), []);
    expect(kept.map(({ id }) => id[0])).toEqual(['1', '3']);
  });
});
