import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReleaseStamp, readStamp, writeStamp } from '../../../src/release.ts';
import { thrown } from '../../support/errors.ts';
import { digestOf, markOf } from '../../support/release-index.ts';
import { runs } from '../../support/scope.ts';

const SMALL: ReleaseStamp = {
  format: 'bundleseal-stamp',
  version: 1,
  id: digestOf(1),
  createdAt: '2026-11-26T08:55:00Z',
};
const FULL: ReleaseStamp = {
  ...SMALL,
  runtime: '3',
  floors: [
    { channel: 'production', ...markOf() },
    { channel: 'beta', ...markOf({ sequence: 7 }) },
  ],
  files: [{ path: 'index.html', size: 15, sha256: digestOf(2) }],
};
const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('a stamp', () => {
  it('round-trips', () => {
    for (const stamp of [SMALL, FULL]) expect(readStamp(writeStamp(stamp))).toStrictEqual(stamp);
  });

  it('is readable JSON in a fixed order with a line feed at its end', () => {
    const { format, version, id, createdAt } = SMALL;
    const text = new TextDecoder().decode(writeStamp({ createdAt, id, version, format }));
    expect(text).toBe(`${JSON.stringify(SMALL, undefined, 2)}\n`);
  });

  it('may have members of a later version', () => {
    expect(readStamp(bytesOf({ ...SMALL, later: 1.5 }))).toStrictEqual(SMALL);
  });

  it.each([
    [{ ...SMALL, format: 'bundleseal-index' }, 'stamp.format must be'],
    [{ ...SMALL, version: 2 }, 'stamp.version must be 1'],
    [{ ...SMALL, id: 'A' }, 'stamp.id must be 64 lower-case hex'],
    [{ ...SMALL, createdAt: '2026-02-30T00:00:00Z' }, 'stamp.createdAt must be a time'],
    [{ ...SMALL, runtime: 3 }, 'stamp.runtime must be a string'],
    [{ ...SMALL, floors: [markOf()] }, 'stamp.floors[0].channel is missing'],
    [
      { ...SMALL, floors: ['a', 'a'].map((channel) => ({ channel, ...markOf() })) },
      'stamp.floors has a twice',
    ],
    [{ ...SMALL, files: [{ path: 'a', size: -1, sha256: digestOf(1) }] }, 'files[0].size must be'],
    [[], 'stamp must be an object'],
  ])('is refused by its member: %j', (stamp, reason) => {
    expect(thrown(() => readStamp(bytesOf(stamp)), 'ERR_INDEX_INVALID').message).toContain(reason);
    expect(() => writeStamp(stamp as never)).toThrow(TypeError);
    expect(() => writeStamp(stamp as never)).toThrow(reason);
  });

  it.each([
    ['path', 7],
    ['size', 1.5],
    ['size', '15'],
    ['size', -1],
    ['sha256', 'x'],
    ['sha256', 'A'.repeat(64)],
  ])(
    'is refused for a file whose %s is %j, also in exactly the form that is written',
    (name, value) => {
      const file = { path: 'a', size: 1, sha256: digestOf(1), [name]: value };
      const text = `${JSON.stringify({ ...SMALL, files: [file] }, undefined, 2)}\n`;
      const { message } = thrown(
        () => readStamp(new TextEncoder().encode(text)),
        'ERR_INDEX_INVALID',
      );
      expect(message).toContain(`stamp.files[0].${name} must be`);
      expect(message).toContain("the publisher's tool made a malformed stamp, make it again");
    },
  );

  /** What a reader gives, or why it refuses. */
  const outcome = (text: string): unknown => {
    try {
      return readStamp(new TextEncoder().encode(text));
    } catch (error) {
      return (error as Error).message;
    }
  };
  /** As `writeStamp` spells it, which is read in a quicker way, and with a space that changes nothing. */
  const expectSame = (text: string) => expect(outcome(text)).toEqual(outcome(`${text} `));
  const spelled = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

  it('is read alike in the spelling of writeStamp and in any other', () => {
    const file = fc.record(
      {
        path: fc.oneof(
          fc.constantFrom('a', 'b', '\\u', '"', '\u0001'),
          fc.string({ unit: 'grapheme' }),
        ),
        size: fc.oneof(fc.nat(), fc.constantFrom(-1, 1.5, 1e300, '1')),
        sha256: fc.constantFrom(digestOf(1), digestOf(2), 'A', null),
        later: fc.jsonValue(),
      },
      { requiredKeys: ['path'] },
    );
    const sound = fc.record({
      path: fc.string({ unit: 'grapheme' }),
      size: fc.nat(),
      sha256: fc.nat(9).map(digestOf),
    });
    const changes = fc.record(
      {
        files: fc.oneof(fc.array(sound), fc.array(fc.oneof(sound, file)), fc.jsonValue()),
        createdAt: fc.constantFrom('2026-11-26T08:55:00Z', '2026-11-26', 5),
        later: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(changes, ({ files, ...more }) => {
        expectSame(spelled({ ...FULL, ...more, ...(files !== undefined && { files }) }));
      }),
      { numRuns: runs(600) },
    );
  });

  it.each<[string, (text: string) => string]>([
    ['a member twice', (text) => text.replace('"size": 15', '"size": 15,\n      "size": 15')],
    [
      'a path in two entries',
      (text) => text.replace(/(\{[^{}]*"size": 15[^{}]*\})/, '$1,\n    $1'),
    ],
    ['a size with a fraction of zero', (text) => text.replace('15', '15.0')],
    ['a size of minus zero', (text) => text.replace('15', '-0')],
    ['half of a surrogate pair', (text) => text.replace('index.html', '\\ud800')],
    // The empty text can be iterated over, as an empty list can.
    ['an empty text in place of the files', (text) => text.replace(/\[[^[\]]*\]\n\}/, '""\n}')],
    ['a file that is null', (text) => text.replace(/\{[^{}]*"size": 15[^{}]*\}/, 'null')],
    ['no line feed at its end', (text) => text.trimEnd()],
    [
      'a member of the name __proto__',
      (text) => text.replace('"size"', '"__proto__": {},\n      "size"'),
    ],
  ])('is read alike with %s', (_name, change) => {
    const text = spelled(FULL);
    expect(change(text)).not.toBe(text);
    expectSame(change(text));
  });

  it('is refused if it is not JSON or too large', () => {
    thrown(() => readStamp(new Uint8Array(3)), 'ERR_INDEX_INVALID');
    thrown(() => readStamp(new Uint8Array(2 ** 24 + 1)), 'ERR_INDEX_INVALID');
  });

  it('with a misspelt member is refused before it is written', () => {
    expect(() => writeStamp({ ...SMALL, runtimes: ['3'] } as never)).toThrow('"runtimes"');
  });
});
