import { describe, expect, it } from 'vitest';
import { decodeMetadata, encodeMetadata, type Metadata } from '../../src/format/metadata.ts';
import { thrown } from '../support/errors.ts';

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
    ['nothing', {}],
  ])('with %s is read as it was written', (_, metadata) => {
    const bytes = encodeMetadata(metadata);
    expect(bytes.length % 8).toBe(0);
    expect(decodeMetadata(bytes)).toEqual(metadata);
  });

  it('is padded with spaces at its end, by the fewest', () => {
    expect(new TextDecoder().decode(encodeMetadata({ a: 1 }))).toBe('{"a":1} ');
    expect(encodeMetadata({ ab: 1 }).length).toBe(8);
  });

  it('that is absent takes no bytes', () => {
    expect(encodeMetadata(undefined).length).toBe(0);
    expect(decodeMetadata(new Uint8Array(0))).toEqual({});
  });

  it('leaves members that are undefined out', () => {
    expect(
      decodeMetadata(encodeMetadata({ appId: 'a', channel: undefined } as unknown as Metadata)),
    ).toEqual({
      appId: 'a',
    });
  });

  it('has room for 65,528 bytes and no more', () => {
    const fits = { x: 'y'.repeat(65_528 - 8) };
    expect(encodeMetadata(fits).length).toBe(65_528);
    expect(() => encodeMetadata({ x: `${fits.x}y` })).toThrow(RangeError);
  });

  it.each<[string, unknown]>([
    ['an array', []],
    ['null', null],
    ['a string', 'x'],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a member that is a Date', { when: new Date(0) }],
    ['a member that is a function', { f: () => 1 }],
    ['a member that is NaN', { n: Number.NaN }],
    ['a member that is a bigint', { n: 1n }],
    ['an array that holds undefined', { n: [undefined] }],
    ['a toJSON member', { toJSON: 'x' }],
    ['an appId that is a number', { appId: 1 }],
    ['a version that is null', { version: null }],
    ['a channel that is an array', { channel: [] }],
    ['a negative sequence', { sequence: -1 }],
    ['a fractional sequence', { sequence: 1.5 }],
    ['a sequence of 2^53', { sequence: 2 ** 53 }],
    ['a sequence that is a string', { sequence: '1' }],
    ['a createdAt that is a day', { createdAt: '2026-01-31' }],
    ['a createdAt in a month 13', { createdAt: '2026-13-31T12:00:00Z' }],
    ['a createdAt without an offset', { createdAt: '2026-01-31T12:00:00' }],
  ])('that is or has %s is refused when sealing', (_, metadata) => {
    expect(() => encodeMetadata(metadata as Metadata)).toThrow(TypeError);
  });

  it('that refers to itself is refused and not followed for ever', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = { loop };
    expect(() => encodeMetadata(loop as Metadata)).toThrow(/refers to itself/);
    const shared = { x: 1 };
    expect(() => encodeMetadata({ a: shared, b: shared })).not.toThrow();
  });

  it.each<[string, Uint8Array]>([
    ['invalid UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x20)],
    ['a byte order mark', utf8('\uFEFF{"a":1}')],
    ['spaces alone', utf8('        ')],
    ['an array', utf8('[1]     ')],
    ['a string', utf8('"abcd"  ')],
    ['null', utf8('null    ')],
    ['two objects', utf8('{}{}    ')],
    ['a cut object', utf8('{"a": 1 ')],
    ['NUL bytes for padding', utf8('{}\0\0\0\0\0\0')],
    ['an appId that is a number', utf8('{"appId":1}')],
    ['a sequence past 2^53', utf8('{"sequence":9007199254740993}')],
    ['a negative sequence', utf8('{"sequence":-1}')],
    ['a createdAt that is no date', utf8('{"createdAt":"soon"}')],
  ])('in a header that is %s is refused', (_, bytes) => {
    thrown(() => decodeMetadata(bytes), 'ERR_HEADER_INVALID');
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
