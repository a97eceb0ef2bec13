// The attributes of an entry: what each replaces, what the index leaves out, and the limits.

import { describe, expect, it } from 'vitest';
import {
  checkAttributes,
  type ReleaseAttributes,
  withAttributes,
} from '../../../src/publish/entry-attributes.ts';
import { digestOf, entryOf } from '../../support/release-index.ts';

const all = {
  ...{ runtime: ['3', '4'], requires: ['camera'], rollout: 500, mandatory: true },
  ...{ note: 'Faster', meta: { ticket: 7 } },
} as const;

describe('the attributes of a release', () => {
  it('become members of its entry, which keeps its other members and their order', () => {
    const patches = [{ from: digestOf(1), sha256: digestOf(2), size: 3 }];
    const entry = withAttributes(entryOf(5, { patches }), all);
    expect(entry).toEqual({ ...entryOf(5, { patches }), ...all });
    expect(Object.keys(entry)).toEqual([
      ...['id', 'version', 'createdAt', 'runtime', 'requires', 'rollout', 'mandatory'],
      ...['note', 'meta', 'size', 'files', 'bundle', 'patches'],
    ]);
  });

  it('stay as they are if they are not given', () => {
    const entry = withAttributes(entryOf(5), all);
    expect(withAttributes(entry, {})).toEqual(entry);
  });

  it('are left out if they have their default', () => {
    const none = { runtime: [], requires: [], rollout: 1000, mandatory: false, note: '' };
    const { meta: _, ...rest } = all;
    expect(withAttributes(withAttributes(entryOf(5), rest), none)).toEqual(entryOf(5));
    expect(withAttributes(entryOf(5), none)).toEqual(entryOf(5));
    expect(withAttributes(entryOf(5), {})).toEqual(entryOf(5));
  });

  it('replace the earlier ones one by one', () => {
    const entry = withAttributes(entryOf(5), all);
    expect(withAttributes(entry, { runtime: '5.1' }).runtime).toEqual(['5.1']);
    expect(withAttributes(entry, { rollout: 0 }).rollout).toBe(0);
    expect(withAttributes(entry, { rollout: 999 }).rollout).toBe(999);
    expect(withAttributes(entry, { meta: {} })).toEqual({ ...entry, meta: {} });
  });
});

describe('a check of attributes', () => {
  const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });

  it.each<[ReleaseAttributes]>([
    [{}],
    [{ runtime: '3.1' }],
    [{ runtime: [], requires: [] }],
    [{ rollout: 0, mandatory: false }],
    [{ rollout: 1000 }],
    [{ note: '' }],
    [{ note: 'ä'.repeat(2048) }],
    [{ meta: deep(4) as never }],
    [{ meta: { a: [[[{}]]] } }],
    [{ meta: { a: null, b: 'text' } }],
  ])('accepts %j', (attributes) => {
    expect(() => checkAttributes(attributes)).not.toThrow();
  });

  it('refuses a note of more than 4 KiB in UTF-8', () => {
    expect(() => checkAttributes({ note: `${'ä'.repeat(2048)}x` })).toThrow(
      new RangeError('options.note expected a text of at most 4096 bytes in UTF-8'),
    );
  });

  it.each([deep(5), { a: 1, b: [[[[[]]]]] }])(
    'refuses a meta of more than 5 levels: %j',
    (meta) => {
      expect(() => checkAttributes({ meta: meta as never })).toThrow(
        new RangeError(
          'options.meta expected objects and arrays at most 5 deep in each other: make it flatter',
        ),
      );
    },
  );
});
