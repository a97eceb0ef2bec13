// What the stored state of a device may contain. A device that reads anything else starts with a new state.

import { describe, expect, it } from 'vitest';
import {
  type DeviceState,
  encodeState,
  newState,
  readState,
  storableText,
} from '../../../src/update/state.ts';
import { BUILT_IN, floorOf, indexOf, installedOf, stateOf } from '../../support/device-state.ts';
import { digestOf } from '../../support/release-index.ts';
import { utf8 } from '../../support/zip.ts';

/** A state with every member. */
const FULL: DeviceState = {
  ...stateOf([2, 3]),
  installed: [installedOf(2, ['3', '4']), { id: digestOf(3), createdAt: installedOf(3).createdAt }],
  stamp: digestOf(10),
  previous: digestOf(2),
  trial: { id: digestOf(3), starts: 0 },
  ready: digestOf(4),
  next: digestOf(5),
  fetching: digestOf(6),
  blocked: [
    { id: digestOf(7), reason: 'broken', at: 0, until: 0 },
    { id: digestOf(8), reason: '', at: 1000 },
  ],
  floors: [{ ...floorOf(0), epoch: 0 }, floorOf(4, 'beta', 2)],
  accepted: [indexOf(5, { withdrawn: [digestOf(7)], offered: [digestOf(2)] })],
  keys: { epoch: 1, publicKeys: ['new'], retiredKeys: ['old'] },
  pinned: [{ client: 'one', id: digestOf(2) }, { client: 'two' }],
  closed: [{ client: 'three', id: digestOf(3) }],
  isBuiltInAltered: true,
  lastCheck: { at: 0, result: 'current' },
  settled: { at: 0, inputs: digestOf(9), tags: [{ mirror: 'https://one.example/', etag: '"a"' }] },
};

type Json = { [name: string]: Json } & Json[];

const storedWith = (change: (state: Json) => void): Uint8Array => {
  const state = JSON.parse(JSON.stringify(FULL));
  change(state);
  return utf8(JSON.stringify(state));
};

/** Sets the member at a path such as `installed.0.id`, or removes it if the value is `undefined`. */
const set = (path: string, value: unknown) => (state: Json) => {
  const names = path.split('.');
  const last = names.pop() as string;
  const holder = names.reduce((at, name) => at[name] as Json, state);
  if (value === undefined) delete holder[last];
  else holder[last] = value as Json;
};

describe('a stored state', () => {
  it('is read as it was written, with every member', () => {
    expect(readState(encodeState(FULL))).toEqual(FULL);
  });

  it.each<[path: string, value: unknown]>([
    ['format', 'bundleseal-index'],
    ['version', 2],
    ['deviceId', 5],
    ['channel', null],
    ['builtIn', 'a'],
    ['stamp', 'a'],
    ['running', 'a'],
    ['previous', 'a'],
    ['trial', 'a'],
    ['trial.id', 'a'],
    ['trial.starts', -1],
    ['ready', 'a'],
    ['next', 'a'],
    ['fetching', 'a'],
    ['installed', {}],
    ['installed.0', 'a'],
    ['installed.0.id', 'a'],
    ['installed.0.version', 5],
    ['installed.0.createdAt', 'today'],
    ['installed.0.runtime', '3'],
    ['installed.0.runtime.0', 3],
    ['blocked', {}],
    ['blocked.0', 'a'],
    ['blocked.0.id', 'a'],
    ['blocked.0.reason', 5],
    ['blocked.0.at', -1],
    ['blocked.0.until', -1],
    ['floors', {}],
    ['floors.0', 'a'],
    ['floors.0.channel', 5],
    ['floors.0.epoch', -1],
    ['floors.0.sequence', -1],
    ['floors.0.issuedAt', 'today'],
    ['floors.0.sha256', 'a'],
    ['accepted', {}],
    ['accepted.0', 'a'],
    ['accepted.0.channel', 5],
    ['accepted.0.sequence', -1],
    ['accepted.0.expiresAt', 'today'],
    ['accepted.0.withdrawn', digestOf(7)],
    ['accepted.0.withdrawn.0', 'a'],
    ['accepted.0.offered', digestOf(7)],
    ['accepted.0.offered.0', 'a'],
    ['keys', 'a'],
    ['keys.epoch', 0],
    ['keys.publicKeys', 'new'],
    ['keys.publicKeys.0', 5],
    ['keys.retiredKeys', 'old'],
    ['keys.retiredKeys.0', 5],
    ['pinned', {}],
    ['pinned.0', 'a'],
    ['pinned.0.client', 5],
    ['pinned.0.id', 'a'],
    ['closed', {}],
    ['closed.0.client', 5],
    ['closed.0.id', 'a'],
    ['isBuiltInAltered', 'true'],
    ['lastCheck', 'a'],
    ['lastCheck.at', -1],
    ['lastCheck.result', 5],
    ['settled', 'a'],
    ['settled.at', -1],
    ['settled.inputs', 'a'],
    ['settled.tags', {}],
    ['settled.tags.0', 'a'],
    ['settled.tags.0.mirror', 5],
    ['settled.tags.0.etag', 5],
  ])('is none if its %s is %j', (path, value) => {
    expect(readState(storedWith(set(path, value)))).toBeUndefined();
  });

  it.each([
    'stamp',
    'previous',
    'trial',
    'ready',
    'next',
    'fetching',
    'installed.0.version',
    'installed.0.runtime',
    'blocked.0.until',
    'keys',
    'pinned.0.id',
    'closed',
    'closed.0.id',
    'isBuiltInAltered',
    'lastCheck',
    'settled',
  ])('may lack its %s', (path) => {
    const stored = storedWith(set(path, undefined));
    expect(readState(stored)).toEqual(JSON.parse(new TextDecoder().decode(stored)));
  });

  it.each([
    ...['format', 'version', 'deviceId', 'channel', 'builtIn', 'running'],
    ...['installed', 'blocked', 'floors', 'accepted', 'pinned'],
    ...['trial.id', 'trial.starts', 'blocked.0.reason', 'lastCheck.result', 'settled.tags'],
  ])('is none if it lacks its %s', (path) => {
    expect(readState(storedWith(set(path, undefined)))).toBeUndefined();
  });

  it.each(['installed', 'blocked', 'floors', 'accepted', 'pinned', 'closed'])(
    'is none if an entry of its %s is there twice',
    (name) => {
      const stored = storedWith((state) => state[name]?.push(state[name][0] as Json));
      expect(readState(stored)).toBeUndefined();
    },
  );

  it('of a later version of the library is read without the members that this one does not know', () => {
    const stored = storedWith((state) => {
      set('later', 5)(state);
      set('installed.0.later', 5)(state);
    });
    expect(readState(stored)).toEqual(FULL);
  });

  it('is none if it has more than 4 MiB, whatever it contains', () => {
    const bytes = encodeState(FULL);
    const padded = (length: number) => {
      const long = new Uint8Array(length).fill(0x20);
      long.set(bytes);
      return long;
    };
    expect(readState(padded(4_194_304))).toEqual(FULL);
    expect(readState(padded(4_194_305))).toBeUndefined();
  });
});

describe('a state that could not be read again', () => {
  it('is not encoded, and the error says that the previous one was kept', () => {
    const broken = { ...FULL, running: 'a' };
    expect(() => encodeState(broken)).toThrow(
      expect.objectContaining({
        code: 'ERR_STORE',
        message: 'the new state is not valid, so the previous one was kept: report this as a bug',
      }),
    );
  });
});

describe('a text for the state', () => {
  it('is cut to its length, and halves of surrogate pairs in it are replaced', () => {
    expect(storableText('abcdef', 3)).toBe('abc');
    expect(storableText('ab', 3)).toBe('ab');
    expect(storableText('a\u{1f600}b\ud800c\udc00', 10)).toBe('a\u{1f600}b\ufffdc\ufffd');
    expect(storableText('a\u{1f600}', 2)).toBe('a\ufffd');
  });
});

describe('a new state', () => {
  it('runs the built-in release of the channel, and has a random id of its own', () => {
    const state = newState(BUILT_IN, 'beta');
    expect(readState(encodeState(state))).toEqual(state);
    expect(state).toMatchObject({ builtIn: BUILT_IN, running: BUILT_IN, channel: 'beta' });
    expect(state.deviceId).toMatch(/^[0-9a-f]{32}$/);
    expect(newState(BUILT_IN, 'beta').deviceId).not.toBe(state.deviceId);
  });
});
