import { describe, expect, it } from 'vitest';
import { rolloutPlace } from '../../../src/release/choose.ts';
import { type ChooseOptions, chooseRelease, type ReleaseIndex } from '../../../src/release.ts';
import { digestOf, entryOf, indexOf, timeOf } from '../../support/release-index.ts';

const known = (n: number) => ({ id: digestOf(n), createdAt: timeOf(n) });

/** The choice of a device with built-in release 1 that runs the release `current`. */
function choose(
  current: number,
  index: Partial<ReleaseIndex>,
  rest: Partial<ChooseOptions> = {},
): number | string {
  const chosen = chooseRelease(indexOf(index), {
    current: known(current),
    builtIn: known(1),
    deviceId: 'd1',
    ...rest,
  });
  return typeof chosen === 'string' ? chosen : Number.parseInt(chosen.id, 16);
}

const list = (...numbers: number[]) => ({ releases: numbers.map((n) => entryOf(n)) });

describe('rule 1', () => {
  it('moves every device to the built-in release, independent of the rest of the index', () => {
    expect(choose(2, { ...list(3, 2), useBuiltIn: true })).toBe('built-in');
    expect(choose(1, { ...list(3), useBuiltIn: true })).toBe('built-in');
    const withdrawn = [digestOf(1)];
    expect(choose(2, { ...list(3), useBuiltIn: true, withdrawn })).toBe('built-in');
    expect(choose(2, { ...list(3, 2), useBuiltIn: false })).toBe(3);
  });
});

describe('rule 2', () => {
  const offer = (entry: object, rest: Partial<ChooseOptions> = {}, index: object = {}) =>
    choose(2, { releases: [entryOf(3, entry), entryOf(2)], ...index }, rest);

  it('accepts an entry without runtimes on every device', () => {
    expect(offer({})).toBe(3);
    expect(offer({}, { runtime: '3' })).toBe(3);
  });

  it('accepts an entry with runtimes if one of them is exactly the device’s', () => {
    expect(offer({ runtime: ['2', '3'] }, { runtime: '3' })).toBe(3);
    for (const runtime of ['30', '3 ', 'v3', '3.0']) {
      expect(offer({ runtime: ['2', '3'] }, { runtime })).toBe('current');
    }
    expect(offer({ runtime: ['2', '3'] })).toBe('current');
    expect(offer({ runtime: [] }, { runtime: '3' })).toBe('current');
  });

  it('accepts an entry if the device knows each required feature', () => {
    expect(offer({ requires: [] })).toBe(3);
    expect(offer({ requires: ['a', 'b'] }, { features: ['b', 'c', 'a'] })).toBe(3);
    expect(offer({ requires: ['a', 'b'] }, { features: new Set(['a']) })).toBe('current');
    expect(offer({ requires: ['a'] })).toBe('current');
  });

  it('accepts no withdrawn and no blocked entry', () => {
    expect(offer({}, {}, { withdrawn: [digestOf(3)] })).toBe('current');
    expect(offer({}, { blocked: [digestOf(3)] })).toBe('current');
    expect(offer({}, { blocked: new Set([digestOf(9)]) })).toBe(3);
  });

  it('accepts an entry if the device’s place is below the rollout', () => {
    const place = rolloutPlace(digestOf(3), 'd1');
    expect(offer({ rollout: place })).toBe('current');
    expect(offer({ rollout: place + 1 })).toBe(3);
    expect(offer({ rollout: 0 })).toBe('current');
    expect(offer({ rollout: 1000 })).toBe(3);
  });
});

describe('rule 3, of a release that is listed', () => {
  it('chooses the first suiting entry before it', () => {
    expect(choose(2, list(5, 4, 3, 2, 1))).toBe(5);
    expect(choose(2, { releases: [entryOf(5, { runtime: ['9'] }), ...list(4, 2).releases] })).toBe(
      4,
    );
  });

  it('keeps the release if no entry before it suits, even if later ones follow or it does not suit itself', () => {
    expect(choose(2, list(2, 5, 4))).toBe('current');
    expect(choose(2, { releases: [entryOf(2, { rollout: 0, runtime: ['9'] })] })).toBe('current');
  });

  it('moves back to an older entry that the publisher put in front', () => {
    expect(choose(5, list(2, 5))).toBe(2);
  });

  it('applies to the built-in release too', () => {
    expect(choose(1, list(3, 1))).toBe(3);
    expect(choose(1, list(1, 3))).toBe('current');
  });
});

describe('rule 4, of a release that is not listed', () => {
  it('chooses the first suiting entry that was made later', () => {
    expect(choose(3, list(2, 4, 5))).toBe(4);
    expect(choose(1, list(0, 2))).toBe(2);
  });

  it('keeps the release if no entry was made later, also at the same second', () => {
    expect(choose(5, list(4, 3))).toBe('current');
    expect(choose(5, { releases: [entryOf(6, { createdAt: timeOf(5) })] })).toBe('current');
    expect(choose(5, {})).toBe('current');
  });
});

describe('rule 5, of a release that is withdrawn or blocked', () => {
  const withdrawn = [digestOf(3)];

  it('chooses the first suiting entry that was made later than the built-in release', () => {
    expect(choose(3, { ...list(4, 3, 2), withdrawn })).toBe(4);
    expect(choose(3, { ...list(3, 2), withdrawn })).toBe(2);
    expect(choose(3, list(3, 2), { blocked: [digestOf(3)] })).toBe(2);
    expect(choose(3, { ...list(2), withdrawn })).toBe(2);
  });

  it('chooses the built-in release if there is none', () => {
    expect(choose(3, { ...list(3), withdrawn })).toBe('built-in');
    expect(choose(3, { ...list(0, 1), withdrawn })).toBe('built-in');
    expect(choose(3, { withdrawn })).toBe('built-in');
  });

  it('chooses the built-in release as the last resort, even if it is withdrawn', () => {
    expect(choose(1, { withdrawn: [digestOf(1)] })).toBe('built-in');
    expect(choose(1, { ...list(2), withdrawn: [digestOf(1)] })).toBe(2);
  });
});

describe('the place of a device in a rollout', () => {
  it.each([
    ['00'.repeat(32), 'device', 998],
    ['ff'.repeat(32), 'device', 682],
    [digestOf(2), 'Gerät \u{1F600}', 157],
    [digestOf(1), 'd1', 549],
    [digestOf(2), 'd1', 360],
  ])('is as hashlib computes it: %s, %s', (id, deviceId, place) => {
    expect(rolloutPlace(id, deviceId)).toBe(place);
  });

  it('keeps included devices included while a rollout grows, and is close to its share', () => {
    const places = Array.from({ length: 2000 }, (_, i) => rolloutPlace(digestOf(3), `device ${i}`));
    const share = places.filter((place) => place < 250).length / places.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.05);
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...places)).toBeLessThan(1000);
  });
});

describe('chooseRelease', () => {
  const good = { current: known(2), builtIn: known(1), deviceId: 'd1' };

  it.each([
    [{ ...good, deviceId: '' }, 'options.deviceId'],
    [{ ...good, deviceId: undefined }, 'options.deviceId'],
    [{ ...good, deviceId: '\ud83d' }, 'options.deviceId'],
    [{ ...good, runtime: 3 }, 'options.runtime'],
    [{ ...good, current: digestOf(1) }, 'options.current'],
    [{ ...good, current: { ...known(1), id: 'A' } }, 'options.current.id'],
    [{ ...good, builtIn: undefined }, 'options.builtIn'],
    [{ ...good, builtIn: { ...known(1), createdAt: 'yesterday' } }, 'options.builtIn.createdAt'],
    [{ ...good, blocked: digestOf(1) }, 'options.blocked'],
    [{ ...good, blocked: 5 }, 'options.blocked'],
    [{ ...good, features: 'abc' }, 'options.features'],
    [{ ...good, blokked: [] }, 'blokked'],
  ])('refuses wrong options by name: %j', (options, named) => {
    expect(() => chooseRelease(indexOf(), options as never)).toThrow(TypeError);
    expect(() => chooseRelease(indexOf(), options as never)).toThrow(named);
  });
});
