import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { MAX_INDEX_LENGTH, readIndex } from '../../../src/release/index-format.ts';
import {
  openIndex,
  openIndexWithMark,
  type ReleaseEntry,
  type ReleaseIndex,
  sealIndex,
} from '../../../src/release.ts';
import { rejection } from '../../support/errors.ts';
import { FAULTS, FULL } from '../../support/index-faults.ts';
import {
  APP,
  CHANNEL,
  entryOf,
  indexOf,
  markOf,
  NOW,
  OPEN,
  privateKey,
  publicKey,
  sealAnything,
} from '../../support/release-index.ts';
import { keyA } from '../../support/vectors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const read = (json: string) => readIndex(utf8(json), (reason) => new RangeError(reason), false);

describe('the members of an index', () => {
  it('are all read, and optional ones that are absent stay absent', () => {
    expect(read(JSON.stringify(FULL))).toEqual(FULL);
    expect(read(JSON.stringify(indexOf()))).toStrictEqual(indexOf());
  });

  it.each(FAULTS)('are refused: $description', ({ json, reason }) => {
    expect(() => read(json)).toThrow(RangeError);
    expect(() => read(json)).toThrow(reason);
  });

  it.each(FAULTS)('are refused before they are sealed: $description', async ({ json }) => {
    let index: ReleaseIndex;
    try {
      index = JSON.parse(json);
    } catch {
      return;
    }
    // A number that was written otherwise, and a member that was there twice, are gone once they are values.
    if (JSON.stringify(index) === JSON.stringify(FULL) || JSON.stringify(index).includes('"x":1')) {
      return;
    }
    if (Object.is(index.sequence, -0)) return;
    await expect(sealIndex(index, { privateKey })).rejects.toThrow(TypeError);
  });

  it('accept every value at the limit of its rule', () => {
    const edges: Partial<ReleaseEntry>[] = [
      { rollout: 0 },
      { rollout: 1000 },
      { size: 0 },
      { size: Number.MAX_SAFE_INTEGER },
      { files: 1 },
      { note: 'a'.repeat(4096) },
      { runtime: [] },
      { patches: [] },
      { patches: [1, 2, 3].map((n) => ({ from: entryOf(n).id, sha256: entryOf(9).id, size: 1 })) },
    ];
    for (const edge of edges) {
      const index = indexOf({ releases: [entryOf(1, edge)] });
      expect(read(JSON.stringify(index))).toEqual(index);
    }
    const last = indexOf({
      epoch: 2 ** 53 - 1,
      sequence: 2 ** 53 - 1,
      issuedAt: '0001-01-01T00:00:00Z',
    });
    expect(read(JSON.stringify(last))).toEqual(last);
  });

  it('are ignored if they are unknown, on every level', () => {
    const entry = { ...entryOf(1), later: [1.5], bundle: { ...entryOf(1).bundle, later: {} } };
    const json = JSON.stringify({ ...indexOf({ releases: [entry] }), __later: null });
    expect(read(json)).toEqual(indexOf({ releases: [entryOf(1)] }));
  });

  it('cannot change a prototype by their names', () => {
    const json = JSON.stringify(FULL)
      .replace('{"format"', '{"__proto__":{"polluted":1},"format"')
      .replace('"meta":{', '"meta":{"__proto__":{"polluted":1},"constructor":{"polluted":1},');
    const index = read(json);
    expect(Object.getPrototypeOf(index)).toBe(Object.prototype);
    expect((index as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
    const { meta } = index.releases[0] as ReleaseEntry;
    expect(Object.getPrototypeOf(meta)).toBe(Object.prototype);
    expect(Object.keys(meta ?? {})).toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('have at most 1 MiB together', () => {
    const json = JSON.stringify(indexOf());
    const padded = (length: number) => json + ' '.repeat(length - json.length);
    expect(read(padded(MAX_INDEX_LENGTH))).toEqual(indexOf());
    expect(() => read(padded(MAX_INDEX_LENGTH + 1))).toThrow('the limit is 1048576');
  });
});

describe('sealIndex and openIndex', () => {
  it('return the index from bytes, a buffer and a Blob', async () => {
    const sealed = await sealIndex(FULL, { privateKey });
    const own = Uint8Array.from(sealed);
    for (const input of [sealed, own.buffer, new Blob([own])]) {
      expect(await openIndex(input, OPEN)).toEqual(FULL);
    }
  });

  it('refuse unknown members of an index before sealing', async () => {
    const index = { ...indexOf(), withdrawm: [] } as ReleaseIndex;
    await expect(sealIndex(index, { privateKey })).rejects.toThrow('unknown member "withdrawm"');
    const entry = { ...entryOf(1), rolout: 10 } as ReleaseEntry;
    await expect(sealIndex(indexOf({ releases: [entry] }), { privateKey })).rejects.toThrow(
      'index.releases[0] has the unknown member "rolout"',
    );
  });

  it.each([undefined, null, 'text', 7])('refuse %s in the place of an index', async (index) => {
    await expect(sealIndex(index as never, { privateKey })).rejects.toThrow(TypeError);
  });

  it('refuse an index of over 1 MiB, sealed or to be sealed', async () => {
    const note = 'a'.repeat(4000);
    const releases = Array.from({ length: 260 }, (_, i) => entryOf(i, { note }));
    await expect(sealIndex(indexOf({ releases }), { privateKey })).rejects.toThrow('the limit is');
    const plain = utf8(`${JSON.stringify(indexOf())}${' '.repeat(2 ** 20)}`);
    await rejection(openIndex(await sealAnything(plain), OPEN), 'ERR_INDEX_INVALID');
  });

  it('refuse an index that JSON.stringify cannot write', async () => {
    let deep: object = {};
    for (let i = 0; i < 200_000; i++) deep = { deep };
    const nested = indexOf({ releases: [entryOf(1, { meta: deep as never })] });
    await expect(sealIndex(nested, { privateKey })).rejects.toThrow(TypeError);
    await expect(sealIndex(nested, { privateKey })).rejects.toThrow('index is nested too deep');
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const round = indexOf({ releases: [entryOf(1, { meta: cyclic as never })] });
    await expect(sealIndex(round, { privateKey })).rejects.toThrow(/circular|cyclic/);
  });

  it('refuse another value in the place of a sealed index', async () => {
    await expect(openIndex(7 as never, OPEN)).rejects.toThrow(TypeError);
    await expect(openIndex(7 as never, OPEN)).rejects.toThrow(/^sealed expected/);
  });

  it('open an index of exactly 1 MiB', async () => {
    const json = JSON.stringify(indexOf());
    const plain = utf8(json + ' '.repeat(MAX_INDEX_LENGTH - json.length));
    expect(await openIndex(await sealAnything(plain), OPEN)).toEqual(indexOf());
  });

  it('read nothing of a Blob that is larger than a sealed index can be', async () => {
    let reads = 0;
    const blob = {
      size: 2 ** 20 + 2 ** 17 + 1,
      [Symbol.toStringTag]: 'Blob',
      slice() {
        reads += 1;
        return this;
      },
    };
    await rejection(openIndex(blob as unknown as Blob, OPEN), 'ERR_INDEX_INVALID');
    expect(reads).toBe(0);
  });

  it.each([
    ['another app id', { appId: 'com.example.other', channel: CHANNEL, sequence: 41 }, 'expect'],
    ['another channel', { appId: APP, channel: 'beta', sequence: 41 }, 'expect'],
    ['another sequence', { appId: APP, channel: CHANNEL, sequence: 42 }, 'index'],
    ['no sequence', { appId: APP, channel: CHANNEL }, 'index'],
    ['a member more', { appId: APP, channel: CHANNEL, sequence: 41, version: '1' }, 'index'],
  ])('refuse metadata in the header with %s', async (_, metadata, by) => {
    const sealed = await sealAnything(JSON.stringify(indexOf()), metadata);
    const code = by === 'index' ? 'ERR_INDEX_INVALID' : 'ERR_EXPECTATION_FAILED';
    const { message } = await rejection(openIndex(sealed, OPEN), code);
    if (by === 'index')
      expect(message).toContain("the index's appId, channel, sequence and nothing");
  });

  it.each(['appId', 'channel'] as const)('refuse another %s than the header has', async (name) => {
    const sealed = await sealAnything(JSON.stringify(indexOf({ [name]: 'other' })));
    await rejection(openIndex(sealed, OPEN), 'ERR_INDEX_INVALID');
  });

  it('return the mark with the SHA-256 of the plain index', async () => {
    const { index, mark } = await openIndexWithMark(
      await sealAnything(JSON.stringify(indexOf())),
      OPEN,
    );
    const digest = await crypto.subtle.digest('SHA-256', utf8(JSON.stringify(indexOf())));
    const sha256 = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0'));
    expect(index).toEqual(indexOf());
    expect(mark).toEqual(markOf({ sha256: sha256.join('') }));
  });

  it.each([
    [{ publicKey, channel: CHANNEL }, 'options.appId'],
    [{ publicKey, appId: '', channel: CHANNEL }, 'options.appId'],
    [{ publicKey, appId: APP }, 'options.channel'],
    [{ ...OPEN, epoch: -1 }, 'options.epoch'],
    [{ ...OPEN, epoch: 1.5 }, 'options.epoch'],
    [{ ...OPEN, now: new Date(Number.NaN) }, 'options.now'],
    [{ ...OPEN, now: '2026-11-27' }, 'options.now'],
    [{ ...OPEN, after: 41 }, 'options.after'],
    [{ ...OPEN, after: markOf({ epoch: -1 }) }, 'options.after.epoch'],
    [{ ...OPEN, after: markOf({ sequence: 0.5 }) }, 'options.after.sequence'],
    [{ ...OPEN, after: markOf({ sha256: 'ABC' }) }, 'options.after.sha256'],
    [{ ...OPEN, after: markOf({ issuedAt: '2026-11-26' }) }, 'options.after.issuedAt'],
    [{ ...OPEN, after: { ...markOf(), sequense: 1 } }, 'sequense'],
    [{ ...OPEN, epok: 1 }, 'epok'],
  ])('refuse wrong options by name: %j', async (options, named) => {
    const sealed = await sealAnything(JSON.stringify(indexOf()));
    const work = openIndex(sealed, options as never);
    await expect(work).rejects.toThrow(TypeError);
    await expect(openIndex(sealed, options as never)).rejects.toThrow(named);
  });

  it('refuse metadata in the header that readers may understand differently', async () => {
    const metadata = { appId: APP, channel: CHANNEL, sequence: 41, note: '\ud800' };
    const sealed = await sealAnything(JSON.stringify(indexOf()), metadata);
    const error = await rejection(openIndex(sealed, OPEN), 'ERR_INDEX_INVALID');
    expect(error.message).toContain('the metadata has half of a surrogate pair');
  });

  it('refuse an unknown option of sealIndex', async () => {
    const options = { privateKey, metadata: {} } as never;
    await expect(sealIndex(indexOf(), options)).rejects.toThrow('"metadata"');
  });

  it('end with the reason of a signal', async () => {
    const reason = new Error('left');
    const signal = AbortSignal.abort(reason);
    await expect(sealIndex(indexOf(), { privateKey, signal })).rejects.toBe(reason);
    const sealed = await sealAnything(JSON.stringify(indexOf()));
    await expect(openIndex(sealed, { ...OPEN, signal })).rejects.toBe(reason);
  });

  it('refuse an object of another key, and an object that is not an index', async () => {
    const sealed = await sealIndex(indexOf(), { privateKey: keyA.pkcs8 });
    await rejection(openIndex(sealed, OPEN), 'ERR_KEY_MISMATCH');
    expect(await openIndex(sealed, { ...OPEN, publicKey: [publicKey, keyA.spki] })).toEqual(
      indexOf(),
    );
    const { bytes } = await encryptBundle(utf8(JSON.stringify(indexOf())), { privateKey });
    await rejection(openIndex(bytes, OPEN), 'ERR_HEADER_INVALID');
    await rejection(
      openIndex(sealed.subarray(0, -1), { ...OPEN, publicKey: keyA.spki }),
      'ERR_LENGTH_INVALID',
    );
  });
});

describe('the order of indexes', () => {
  const open = async (index: ReleaseIndex, after: Parameters<typeof markOf>[0], epoch = 0) =>
    openIndex(await sealIndex(index, { privateKey }), { ...OPEN, epoch, after: markOf(after) });

  it('takes a higher sequence, and refuses a lower one', async () => {
    await open(indexOf({ sequence: 42 }), {});
    const error = await rejection(open(indexOf({ sequence: 40 }), {}), 'ERR_INDEX_ROLLED_BACK');
    expect(error.message).toBe(
      'index 40 of epoch 0 is older than 41 of epoch 0, which was accepted before: keep the installed release, and ask another mirror',
    );
  });

  it('takes the same index again, and refuses another one in its place', async () => {
    const sealed = await sealIndex(indexOf(), { privateKey });
    const { mark } = await openIndexWithMark(sealed, OPEN);
    expect(await openIndex(sealed, { ...OPEN, after: mark })).toEqual(indexOf());
    // Sealed anew: other bytes in the store, the same plain ones.
    const again = await sealIndex(indexOf(), { privateKey });
    expect(await openIndex(again, { ...OPEN, after: mark })).toEqual(indexOf());
    const other = await sealIndex(indexOf({ useBuiltIn: true }), { privateKey });
    const error = await rejection(
      openIndex(other, { ...OPEN, after: mark }),
      'ERR_INDEX_ROLLED_BACK',
    );
    expect(error.message).toBe(
      'index 41 of epoch 0 was accepted before with other content: keep the installed release, and ask another mirror',
    );
  });

  it('puts a higher epoch above every sequence, and a lower one below', async () => {
    await open(indexOf({ epoch: 1, sequence: 0 }), { sequence: 2 ** 53 - 1 }, 1);
    const lower = open(indexOf({ sequence: 2 ** 53 - 1 }), { epoch: 1, sequence: 0 });
    await rejection(lower, 'ERR_INDEX_ROLLED_BACK');
  });

  it('takes only the epoch of the trusted keys, which is 0 without a list', async () => {
    for (const trusted of [0, 2]) {
      const opening = open(indexOf({ epoch: 1, sequence: 99 }), {}, trusted);
      expect((await rejection(opening, 'ERR_INDEX_INVALID')).message).toContain(
        `index.epoch is 1 and that of the trusted keys is ${trusted}: the publisher's tool made a malformed index, make it again`,
      );
    }
  });

  it('refuses a higher sequence that was issued earlier, within an epoch', async () => {
    const next = { sequence: 42, issuedAt: '2026-11-26T08:59:59Z' };
    const { message } = await rejection(open(indexOf(next), {}), 'ERR_INDEX_INVALID');
    expect(message).toContain(
      'index 42 of epoch 0 was issued at 2026-11-26T08:59:59Z, earlier than',
    );
    await open(indexOf({ ...next, issuedAt: '2026-11-26T09:00:00Z' }), {});
    await open(indexOf({ ...next, epoch: 1 }), {}, 1);
  });
});

describe('the expiry of an index', () => {
  const index = indexOf();
  const end = Date.parse(index.expiresAt);
  const open = async (now: Date | number, rest: object = {}) =>
    openIndex(await sealIndex(index, { privateKey }), { ...OPEN, now, ...rest });

  it('counts from its exact second on', async () => {
    await open(end - 1);
    await open(new Date(end - 1));
    const error = await rejection(open(end), 'ERR_INDEX_EXPIRED');
    expect(error.message).toBe(
      `the index expired at ${index.expiresAt}: keep the installed release; the publisher has to refresh the index, or this clock is wrong`,
    );
    await rejection(open(new Date(end + 1)), 'ERR_INDEX_EXPIRED');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, new Date('x'), '2026-11-27', null, {}])(
    'is not compared with %o, which is no time',
    async (now) => {
      await expect(open(now as number)).rejects.toThrow(TypeError);
      await expect(open(now as number)).rejects.toThrow(
        'options.now expected a Date or milliseconds since 1970, got ',
      );
    },
  );

  it('is compared with the last accepted index too, if the clock was set back', async () => {
    const after = markOf({ sequence: 40, issuedAt: index.expiresAt });
    await rejection(open(NOW, { after }), 'ERR_INDEX_EXPIRED');
    // One that is not expired by it breaks the publisher's rule of time.
    const earlier = markOf({ sequence: 40, issuedAt: '2026-12-26T08:59:59Z' });
    const { message } = await rejection(open(NOW, { after: earlier }), 'ERR_INDEX_INVALID');
    expect(message).toContain('earlier than the previous index (2026-12-26T08:59:59Z)');
  });

  it('is compared with the clock at the start of the call', async () => {
    const sealed = await sealIndex(
      indexOf({ issuedAt: '2020-01-01T00:00:00Z', expiresAt: '2020-02-01T00:00:00Z' }),
      { privateKey },
    );
    await rejection(
      openIndex(sealed, { publicKey, appId: APP, channel: CHANNEL }),
      'ERR_INDEX_EXPIRED',
    );
  });

  it('is checked after the order: an old index is reported as rolled back, expired or not', async () => {
    await rejection(open(end, { after: markOf({ sequence: 42 }) }), 'ERR_INDEX_ROLLED_BACK');
  });
});
