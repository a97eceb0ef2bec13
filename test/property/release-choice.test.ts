// The choice against a model that is written from the rules' text alone, over random indexes and devices.

import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type ChooseOptions,
  chooseRelease,
  type ReleaseEntry,
  type ReleaseIndex,
} from '../../src/release.ts';
import { digestOf, entryOf, indexOf, timeOf } from '../support/release-index.ts';
import { runs } from '../support/scope.ts';

const number = fc.integer({ min: 0, max: 7 });
const words = fc.subarray(['a', 'b', 'c']);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const entry = fc
  .record({
    n: number,
    createdAt: fc.integer({ min: 0, max: 4 }).map(timeOf),
    runtime: maybe(words),
    requires: maybe(words),
    rollout: maybe(fc.constantFrom(0, 250, 500, 999, 1000)),
  })
  .map(({ n, ...rest }) => {
    const given = Object.entries(rest).filter(([, value]) => value !== undefined);
    return entryOf(n, Object.fromEntries(given));
  });

const index = fc
  .record({
    releases: fc.uniqueArray(entry, { maxLength: 6, selector: ({ id }) => id }),
    withdrawn: fc.array(number.map(digestOf), { maxLength: 2 }),
    useBuiltIn: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  })
  .map(indexOf);

const release = fc.record({
  id: number.map(digestOf),
  createdAt: fc.integer({ min: 0, max: 4 }).map(timeOf),
});

const device = fc
  .record({
    current: release,
    builtIn: release,
    runtime: maybe(fc.constantFrom('a', 'b', 'ab')),
    deviceId: fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }),
    blocked: fc.array(number.map(digestOf), { maxLength: 2 }),
    features: words,
  })
  .map(
    ({ runtime, ...rest }): ChooseOptions => (runtime === undefined ? rest : { ...rest, runtime }),
  );

function model(index: ReleaseIndex, device: ChooseOptions): ReleaseEntry | 'current' | 'built-in' {
  // 1
  if (index.useBuiltIn) return 'built-in';
  // 2
  const isGone = (id: string) =>
    index.withdrawn?.includes(id) === true || [...(device.blocked ?? [])].includes(id);
  const suiting: ReleaseEntry[] = [];
  for (const one of index.releases) {
    if (one.runtime) {
      if (device.runtime === undefined) continue;
      if (!one.runtime.some((runtime) => runtime === device.runtime)) continue;
    }
    const known = [...(device.features ?? [])];
    if (one.requires?.some((feature) => !known.includes(feature))) continue;
    if (isGone(one.id)) continue;
    const id = Uint8Array.from(one.id.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const text = new TextEncoder();
    const hash = sha256
      .create()
      .update(text.encode('bundleseal rollout v1'))
      .update(id)
      .update(text.encode(device.deviceId))
      .digest();
    const [a, b, c, d] = hash as unknown as [number, number, number, number];
    const place = (a * 16_777_216 + b * 65_536 + c * 256 + d) % 1000;
    if (place >= (one.rollout ?? 1000)) continue;
    suiting.push(one);
  }
  const later = (than: string) =>
    suiting.filter((one) => Date.parse(one.createdAt) > Date.parse(than))[0];
  const ids = index.releases.map(({ id }) => id);
  const { current, builtIn } = device;
  // 5
  if (isGone(current.id)) return later(builtIn.createdAt) ?? 'built-in';
  // 3
  if (ids.includes(current.id)) {
    const before = suiting.filter(({ id }) => ids.indexOf(id) < ids.indexOf(current.id));
    return before[0] ?? 'current';
  }
  // 4
  return later(current.createdAt) ?? 'current';
}

it('chooseRelease chooses as a plain implementation of the rules does', () => {
  fc.assert(
    fc.property(index, device, (offered, options) => {
      expect(chooseRelease(offered, options)).toEqual(model(offered, options));
    }),
    { numRuns: runs(3000) },
  );
});

it('chooseRelease changes the release of a device only a few times under one index', () => {
  fc.assert(
    fc.property(index, device, (offered, options) => {
      let { current } = options;
      for (let step = 0; step < 3; step++) {
        const chosen = chooseRelease(offered, { ...options, current });
        if (chosen === 'current') return;
        current =
          chosen === 'built-in' ? options.builtIn : { id: chosen.id, createdAt: chosen.createdAt };
      }
      const last = chooseRelease(offered, { ...options, current });
      expect(['current', 'built-in']).toContain(last);
    }),
    { numRuns: runs(3000) },
  );
});

it('chooseRelease never chooses a release that is withdrawn, blocked, or for another runtime', () => {
  fc.assert(
    fc.property(index, device, (offered, options) => {
      const chosen = chooseRelease(offered, options);
      if (typeof chosen === 'string') return;
      expect(offered.withdrawn).not.toContain(chosen.id);
      expect([...(options.blocked ?? [])]).not.toContain(chosen.id);
      if (chosen.runtime !== undefined) expect(chosen.runtime).toContain(options.runtime);
    }),
  );
});

it('chooseRelease moves no device back when a rollout is lowered', () => {
  fc.assert(
    fc.property(index, device, fc.nat(1000), (offered, options, rollout) => {
      const chosen = chooseRelease(offered, options);
      if (typeof chosen === 'string') return;
      const lowered = offered.releases.map((one) =>
        one.id === chosen.id ? { ...one, rollout } : one,
      );
      const current = { id: chosen.id, createdAt: chosen.createdAt };
      const next = chooseRelease({ ...offered, releases: lowered }, { ...options, current });
      expect(next).toEqual(chooseRelease(offered, { ...options, current }));
    }),
  );
});
