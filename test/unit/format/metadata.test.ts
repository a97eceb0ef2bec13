import { describe, expect, it } from 'vitest';
import { explained } from '../../../src/format/explain.ts';
import { decodeMetadata, encodeMetadata, type Metadata } from '../../../src/format/metadata.ts';
import { thrown } from '../../support/errors.ts';

const SEQUENCE = 'metadata.sequence must be an integer from 0 to 2^53 - 1';
const CREATED_AT =
  'metadata.createdAt must be an RFC 3339 date and time such as "2026-01-31T12:00:00Z"';

const NOT_JSON = 'the metadata is not JSON in UTF-8';
const NOT_OBJECT = 'the metadata is not a JSON object';

/** As plain as a function can be made. */
const bare = (work: () => unknown) => Object.setPrototypeOf(work, null) as unknown;

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('metadata', () => {
  it.each<[string, Metadata]>([
    [
      'all named members',
      { appId: 'a', version: '1', channel: 'c', sequence: 0, createdAt: '2026-01-31T12:00:00Z' },
    ],
    ['the largest sequence', { sequence: Number.MAX_SAFE_INTEGER }],
    ['members of the publisher', { note: 'é😀', nested: { list: [1, null, true, 'x'] } }],
    ['a fraction of a second and an offset', { createdAt: '2026-01-31t12:00:00.123+05:30' }],
    ['the largest offset', { createdAt: '2026-01-31T23:59:60-23:59' }],
    ['nothing', {}],
    ['no prototype', Object.assign(Object.create(null), { appId: 'a' })],
  ])('with %s is read as it was written', (_, metadata) => {
    const bytes = encodeMetadata(metadata);
    expect(bytes.length % 8).toBe(0);
    expect(decodeMetadata(bytes)).toEqual(metadata);
  });

  it('is padded at its end with the fewest spaces', () => {
    expect(new TextDecoder().decode(encodeMetadata({ a: 1 }))).toBe('{"a":1} ');
    expect(encodeMetadata({ ab: 1 }).length).toBe(8);
  });

  it('that is absent takes no bytes', () => {
    expect(encodeMetadata(undefined).length).toBe(0);
    expect(decodeMetadata(new Uint8Array(0))).toEqual({});
  });

  it('omits members that are undefined', () => {
    expect(
      decodeMetadata(encodeMetadata({ appId: 'a', channel: undefined } as unknown as Metadata)),
    ).toEqual({
      appId: 'a',
    });
  });

  it('has room for 65,528 bytes and no more', () => {
    const fits = { x: 'y'.repeat(65_528 - 8) };
    expect(encodeMetadata(fits).length).toBe(65_528);
    expect(() => encodeMetadata({ x: `${fits.x}y` })).toThrow(
      expect.objectContaining({
        name: 'RangeError',
        message: expect.stringMatching(/takes 65529 bytes as JSON and the limit is 65528: put/),
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['an array', [], 'metadata expected a plain object, got an array'],
    ['null', null, 'metadata expected a plain object, got null'],
    ['a string', 'x', 'metadata expected a plain object, got a string'],
    ['a function', bare(() => 1), 'metadata expected a plain object, got a function'],
    ['a Date', new Date(0), 'metadata expected a plain object, got a Date'],
    ['a Map', new Map(), 'metadata expected a plain object, got a Map'],
    [
      'a member that is a Date',
      { when: new Date(0) },
      'metadata.when expected a JSON value, got a Date',
    ],
    [
      'a member that is a function',
      { a: { f: () => 1 } },
      'metadata.a.f expected a JSON value, got a function',
    ],
    ['a member that is NaN', { n: Number.NaN }, 'metadata.n expected a finite number, got NaN'],
    ['a member that is a bigint', { n: 1n }, 'metadata.n expected a JSON value, got a bigint'],
    [
      'an array that holds undefined',
      { n: [1, undefined] },
      'metadata.n[1] expected a JSON value, got nothing',
    ],
    ['a toJSON member', { toJSON: 'x' }, 'metadata has a toJSON member'],
    ['an appId that is a number', { appId: 1 }, 'metadata.appId must be a string'],
    ['a version that is null', { version: null }, 'metadata.version must be a string'],
    ['a channel that is an array', { channel: [] }, 'metadata.channel must be a string'],
    ['a negative sequence', { sequence: -1 }, SEQUENCE],
    ['a fractional sequence', { sequence: 1.5 }, SEQUENCE],
    ['a sequence of 2^53', { sequence: 2 ** 53 }, SEQUENCE],
    ['a sequence that is a string', { sequence: '1' }, SEQUENCE],
    ['a createdAt that is a day', { createdAt: '2026-01-31' }, CREATED_AT],
    ['a createdAt in a month 13', { createdAt: '2026-13-31T12:00:00Z' }, CREATED_AT],
    ['a createdAt without an offset', { createdAt: '2026-01-31T12:00:00' }, CREATED_AT],
    ['a createdAt with an offset of a day', { createdAt: '2026-01-31T12:00:00+24:00' }, CREATED_AT],
    ['a createdAt after other text', { createdAt: ' 2026-01-31T12:00:00Z' }, CREATED_AT],
    ['a createdAt before other text', { createdAt: '2026-01-31T12:00:00Z ' }, CREATED_AT],
  ])('that is or has %s is refused when sealing, and it is said where', (_, metadata, message) => {
    expect(() => encodeMetadata(metadata as Metadata)).toThrow(
      expect.objectContaining({ name: 'TypeError', message: `options.${message}` }),
    );
  });

  it('that refers to itself is refused without endless recursion', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = { loop };
    expect(() => encodeMetadata(loop as Metadata)).toThrow(/refers to itself/);
    const shared = { x: 1 };
    expect(() => encodeMetadata({ a: shared, b: shared })).not.toThrow();
  });

  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

  it('nested 100 deep is accepted, and brackets in a string do not count', () => {
    for (const text of [nested(100), JSON.stringify({ a: '[{'.repeat(200), '\\"[': '\\' })]) {
      const metadata = JSON.parse(text) as Metadata;
      expect(decodeMetadata(utf8(text))).toEqual(metadata);
      expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
    }
  });

  it.each([101, 32_000])(
    'nested %i deep is a data error and does not overflow the stack',
    (depth) => {
      const { message } = thrown(
        () => explained(() => decodeMetadata(utf8(nested(depth)))),
        'ERR_HEADER_INVALID',
      );
      expect(message).toMatch(/^the metadata is nested more than 100 levels deep: /);
      const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
      thrown(() => explained(() => decodeMetadata(utf8(objects))), 'ERR_HEADER_INVALID');
      expect(() => encodeMetadata(JSON.parse(nested(depth)) as Metadata)).toThrow(
        expect.objectContaining({
          name: 'RangeError',
          message: 'options.metadata is nested more than 100 levels deep: make it flatter',
        }),
      );
    },
  );

  it.each<[string, Uint8Array, string]>([
    ['invalid UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x20), NOT_JSON],
    ['a byte order mark', utf8('\uFEFF{"a":1}'), NOT_JSON],
    ['spaces alone', utf8('        '), NOT_JSON],
    ['an array', utf8('[1]     '), NOT_OBJECT],
    ['a string', utf8('"abcd"  '), NOT_OBJECT],
    ['null', utf8('null    '), NOT_OBJECT],
    ['two objects', utf8('{}{}    '), NOT_JSON],
    ['a cut object', utf8('{"a": 1 '), NOT_JSON],
    ['NUL bytes for padding', utf8('{}\0\0\0\0\0\0'), NOT_JSON],
    ['an appId that is a number', utf8('{"appId":1}'), 'metadata.appId must be a string'],
    ['a sequence past 2^53', utf8('{"sequence":9007199254740993}'), SEQUENCE],
    ['a negative sequence', utf8('{"sequence":-1}'), SEQUENCE],
    ['a createdAt that is no date', utf8('{"createdAt":"soon"}'), CREATED_AT],
  ])('in a header that is %s is refused, and it is said where', (_, bytes, message) => {
    const error = thrown(() => explained(() => decodeMetadata(bytes)), 'ERR_HEADER_INVALID');
    expect(error.message).toBe(
      `${message}: the publisher's tool made a malformed bundle, seal it again`,
    );
    expect(error.offset).toBe(56);
    // What the decoder or the parser said, and nothing where neither was asked.
    expect('cause' in error).toBe(message === NOT_JSON);
    if (message === NOT_JSON) expect(error.cause).toBeInstanceOf(Error);
  });

  it('can not reach a prototype', () => {
    const metadata = decodeMetadata(
      utf8('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect((metadata as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
