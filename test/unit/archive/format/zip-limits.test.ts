// The limits of archives: the largest accepted value of each, and the message beyond it.

import { describe, expect, it } from 'vitest';
import {
  checkEntryCount,
  createMeter,
  readLimits,
  toWriter,
} from '../../../../src/archive/format/zip-limits.ts';
import { thrown } from '../../../support/errors.ts';

const MIB = 2 ** 20;
const limits = { maxEntries: 2, maxFileSize: 10 * MIB, maxTotalSize: 12 * MIB, maxRatio: 3 };

describe('limits', () => {
  it('are by default those of the documentation', () => {
    const defaults = {
      maxEntries: 65_535,
      maxFileSize: 268_435_456,
      maxTotalSize: 1_073_741_824,
      maxRatio: 200,
    };
    expect(readLimits({})).toEqual(defaults);
    expect(readLimits({ maxRatio: 0 })).toEqual({ ...defaults, maxRatio: 0 });
    expect(readLimits({ maxEntries: Number.POSITIVE_INFINITY })).toEqual({
      ...defaults,
      maxEntries: Number.POSITIVE_INFINITY,
    });
    const unset = { maxFileSize: undefined } as never;
    expect(readLimits(unset)).toEqual(defaults);
  });

  it.each<[unknown, string]>([
    [{ maxRatio: '1' }, 'options.maxRatio expected a number, got a string'],
    [{ maxEntries: null }, 'options.maxEntries expected a number, got null'],
    [{ maxFileSize: -1 }, 'options.maxFileSize expected 0 or more, got -1'],
    [{ maxTotalSize: Number.NaN }, 'options.maxTotalSize expected 0 or more, got NaN'],
  ])('%j are refused by name', (options, message) => {
    expect(() => readLimits(options as never)).toThrow(message);
  });
});

describe('the meter of limits', () => {
  it('counts entries', () => {
    checkEntryCount(limits, 2, 'b');
    const error = thrown(() => checkEntryCount(limits, 3, 'c'), 'ERR_LIMIT_EXCEEDED');
    expect(error.message).toBe(
      '"c" is one entry more than the 2 that are accepted: raise maxEntries if the archive is yours',
    );
    expect(error.path).toBe('c');
  });

  it('counts the bytes of a file, and of all files', () => {
    const meter = createMeter(limits);
    const common = { path: 'a', compressedSize: 10 * MIB };
    meter({ ...common, by: 4 * MIB, size: 4 * MIB });
    meter({ ...common, by: 6 * MIB, size: 10 * MIB });
    const large = thrown(
      () => meter({ ...common, by: 1, size: 10 * MIB + 1 }),
      'ERR_LIMIT_EXCEEDED',
    );
    expect(large.message).toBe(
      '"a" is larger than the 10485760 bytes that are accepted of a file: raise maxFileSize if the archive is yours',
    );
    // The byte that was refused is counted too.
    meter({ ...common, path: 'b', by: 2 * MIB - 1, size: 2 * MIB - 1 });
    const total = thrown(
      () => meter({ ...common, path: 'c', by: 1, size: 1 }),
      'ERR_LIMIT_EXCEEDED',
    );
    expect(total.message).toBe(
      '"c" takes the archive over the 12582912 bytes that are accepted in all: raise maxTotalSize if the archive is yours',
    );
    expect(total.path).toBe('c');
  });

  it('computes the ratio of a file over 64 MiB', () => {
    const meter = createMeter({ ...limits, maxFileSize: 2 ** 40, maxTotalSize: 2 ** 40 });
    const common = { path: 'a', by: 1 };
    // No ratio is too high up to 64 MiB.
    meter({ ...common, size: 64 * MIB, compressedSize: 1 });
    meter({ ...common, size: 90 * MIB, compressedSize: 30 * MIB });
    // Nor where it is not known yet.
    meter({ ...common, size: 90 * MIB, compressedSize: undefined });
    for (const [size, compressedSize] of [
      [90 * MIB + 1, 30 * MIB],
      [64 * MIB + 1, 1],
    ] as const) {
      const error = thrown(() => meter({ ...common, size, compressedSize }), 'ERR_LIMIT_EXCEEDED');
      expect(error.message).toBe(
        '"a" inflates to more than 3 times its length, as bombs do: raise maxRatio if the archive is yours',
      );
      expect(error.limit).toBe('maxRatio');
    }
  });

  it('allows 2 MiB of deflated bytes above eight times the inflated ones, in total', () => {
    const meter = createMeter({ ...limits, maxFileSize: 2 ** 40, maxTotalSize: 2 ** 40 });
    const count = (path: string, by: number, deflated: number) =>
      meter({ path, by, size: by, compressedSize: undefined, deflated });
    count('a', 10, 80 + MIB);
    // A well-compressed file does not compensate for an incompressible one.
    count('b', 100 * MIB, MIB);
    count('c', MIB, 9 * MIB);
    const error = thrown(() => count('d', 0, 1), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toBe(
      '"d" takes the archive over 2 MiB of deflated bytes that inflate to nothing, as bombs do: make it again with a common zip tool',
    );
    expect(error.path).toBe('d');
  });

  it('accepts 65,535 empty files that are deflated and flushed', () => {
    const meter = createMeter(limits);
    // An empty stored block, as a flush leaves it, and the last block.
    const empty = { by: 0, size: 0, compressedSize: 7, deflated: 7 };
    for (let i = 0; i < 65_535; i++) meter({ path: `${i}`, ...empty });
  });

  it('has advice for writers too', () => {
    const common = { path: 'a', by: 1, compressedSize: undefined };
    const meter = createMeter(limits, toWriter);
    const large = thrown(() => meter({ ...common, size: 11 * MIB }), 'ERR_LIMIT_EXCEEDED');
    expect(large.message).toMatch(/: raise maxFileSize here, and where the archive is read$/);
    const many = thrown(() => checkEntryCount(limits, 3, 'c', toWriter), 'ERR_LIMIT_EXCEEDED');
    expect(many.message).toMatch(/: raise maxEntries here, and where the archive is read$/);
    expect(many.limit).toBe('maxEntries');
  });
});
