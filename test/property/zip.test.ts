import fc from 'fast-check';
import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { comparePaths } from '../../src/archive/format/paths.ts';
import { BundleSealError, zipBundle, zipStream } from '../../src/zip.ts';
import { READERS } from '../support/readers.ts';
import { everyNth, everyNthInPage, runs } from '../support/scope.ts';
import {
  join,
  plainCrc32,
  type RawEntry,
  rawZip,
  same,
  u,
  utf8,
  viaBundle,
  viaRanges,
  viaStream,
} from '../support/zip.ts';

type Files = Map<string, Uint8Array>;

const SLASH = 0x2f;

const LIMITS = { maxFileSize: 2 ** 24, maxTotalSize: 2 ** 26, maxEntries: 100 };

/** Files, or that the archive was refused: anything else fails. */
async function outcome(read: typeof viaBundle, zip: Uint8Array): Promise<Files | BundleSealError> {
  try {
    return await read(zip, LIMITS);
  } catch (error) {
    expect(error).toBeInstanceOf(BundleSealError);
    const { code } = error as BundleSealError;
    expect(['ERR_ARCHIVE_INVALID', 'ERR_LIMIT_EXCEEDED']).toContain(code);
    return error as BundleSealError;
  }
}

function sameFiles(a: Files, b: Files): boolean {
  return a.size === b.size && [...a].every(([path, bytes]) => same(b.get(path), bytes));
}

/**
 * What one reader finds is what the others find. Two differences there are: stored files with their sizes
 * after them, which can't be read forward; and of folders `openZip` reads no local header.
 */
async function expectAgreement(zip: Uint8Array): Promise<'read' | 'refused'> {
  const [whole, forward, ranges] = [
    await outcome(viaBundle, zip),
    await outcome(viaStream, zip),
    await outcome(viaRanges, zip),
  ];
  if (whole instanceof BundleSealError) {
    expect(forward, String(whole)).toBeInstanceOf(BundleSealError);
    if (!(ranges instanceof BundleSealError)) expect(zip).toContain(SLASH);
    return 'refused';
  }
  expect(ranges, String(ranges)).toBeInstanceOf(Map);
  expect(sameFiles(whole, ranges as Files)).toBe(true);
  if (forward instanceof BundleSealError) {
    expect(forward.message).toMatch(/can not be read forward/);
  } else {
    expect(sameFiles(whole, forward)).toBe(true);
  }
  return 'read';
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .map((text) => `n${text.replace(/[\p{C}\\/<>:"|?*]/gu, '')}x`);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(2000))
    .map(([part, times]) => join(...Array.from({ length: times }, () => part))),
);
const fileSet = fc.uniqueArray(fc.tuple(path, content), {
  maxLength: 6,
  // Two names that are the same file on some platform, or a file and its folder, are refused everywhere. Only the lower case
  // of a capital sharp s becomes SS in upper case.
  selector: ([text]) =>
    (text.split('/')[0] as string).normalize('NFKD').toLowerCase().toUpperCase(),
});

describe('any two paths', () => {
  it('are in the order of their UTF-8 bytes', () => {
    // Near the surrogates, the order of the units of UTF-16 is another one.
    const near = fc.constantFrom('\u{d7ff}', '\u{e000}', '\u{fffd}', '\u{10000}', '\u{10ffff}');
    const path = fc.string({ unit: fc.oneof(near, fc.constantFrom('a', '/', 'é')), maxLength: 6 });
    const bytes = (text: string) => String.fromCharCode(...utf8(text));
    fc.assert(
      fc.property(path, path, (one, other) => {
        const [a, b] = [bytes(one), bytes(other)];
        expect(Math.sign(comparePaths(one, other))).toBe(a === b ? 0 : a < b ? -1 : 1);
      }),
    );
  });
});

describe('any files', () => {
  it('are read unchanged by every reader, in any order of writing', async () => {
    await fc.assert(
      fc.asyncProperty(fileSet, fc.integer({ min: 0, max: 9 }), async (files, level) => {
        const options = { level: level as 9 };
        const zip = await zipBundle(files, options);
        expect(same(await zipBundle([...files].reverse(), options), zip)).toBe(true);
        const streamed = new Response(zipStream(new Map(files), options)).arrayBuffer();
        expect(same(new Uint8Array(await streamed), zip)).toBe(true);
        for (const [reader, read] of READERS) {
          expect(sameFiles(await read(zip), new Map(files)), reader).toBe(true);
        }
      }),
      { numRuns: runs(60) },
    );
  });
});

// An archive of every kind of entry, for changes to find something to break.
const hello = utf8('hello, hello, hello');
const deflated = deflateSync(hello);
const sizes = [deflated.length, hello.length];
const entries: RawEntry[] = [
  { name: 'stored.txt', content: utf8('stored') },
  { name: 'deflated.txt', content: hello, data: deflated },
  { name: 'folder/' },
  {
    name: 'later.txt',
    content: hello,
    data: deflated,
    flags: 0x808,
    after: u(4, 0x08074b50, plainCrc32(hello), ...sizes),
  },
  {
    name: 'zip64.txt',
    content: hello,
    data: deflated,
    local: {
      size: 2 ** 32 - 1,
      compressedSize: 2 ** 32 - 1,
      extra: join(u(2, 1, 16), u(8, hello.length, deflated.length)),
    },
  },
  { name: 'nested.zip', content: rawZip([{ name: 'a', content: hello }]) },
];
const base = rawZip(entries, { comment: utf8('a comment') });

type Change = (bytes: Uint8Array) => Uint8Array;
const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Uint8Array, where: number) => Math.floor(where * bytes.length);

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(position, fc.nat(7)).map(([where, bit]) => (bytes: Uint8Array) => {
    const copy = bytes.slice();
    const index = at(copy, where);
    copy[index] = (copy[index] as number) ^ (1 << bit);
    return copy;
  }),
  fc
    .tuple(position, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff))
    .map(([where, value]) => (bytes: Uint8Array) => {
      const copy = bytes.slice();
      copy[at(copy, where)] = value;
      return copy;
    }),
  position.map((where) => (bytes: Uint8Array) => bytes.slice(0, at(bytes, where))),
  fc.tuple(position, fc.nat(60)).map(([where, length]) => (bytes: Uint8Array) => {
    const start = at(bytes, where);
    return join(bytes.subarray(0, start), bytes.subarray(start + length));
  }),
  fc
    .tuple(position, fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(u(4, 0x06054b50))))
    .map(([where, more]) => (bytes: Uint8Array) => {
      const start = at(bytes, where);
      return join(bytes.subarray(0, start), more, bytes.subarray(start));
    }),
  fc
    .tuple(position, position, fc.integer({ min: 1, max: 60 }))
    .map(([from, to, length]) => (bytes: Uint8Array) => {
      const copy = bytes.slice();
      copy.set(
        bytes
          .slice(at(copy, from), at(copy, from) + length)
          .subarray(0, copy.length - at(copy, to)),
        at(copy, to),
      );
      return copy;
    }),
);

/** A field of a header set to something that means something. */
const number = fc.constantFrom(0, 1, 5, 8, 19, 31, 0x800, 0x808, 0xffff, 2 ** 31, 2 ** 32 - 1);
const fields = fc.record(
  {
    flags: fc.constantFrom(0, 8, 0x800, 0x808, 0x801),
    method: fc.constantFrom(0, 8, 9),
    crc: number,
    compressedSize: number,
    size: number,
    name: fc.constantFrom('a', 'a/', 'A', 'b', '..'),
    extra: fc.constantFrom(
      new Uint8Array(0),
      join(u(2, 1, 8), u(8, 5)),
      join(u(2, 1, 16), u(8, 5, 5)),
      join(u(2, 0x5455, 1), Uint8Array.of(0)),
    ),
  },
  { requiredKeys: [] },
);
const rawEntry: fc.Arbitrary<RawEntry> = fc
  .tuple(
    fc.constantFrom<RawEntry>(
      { name: 'a', content: utf8('hello') },
      { name: 'b', content: hello, data: deflated },
      { name: 'c/' },
      {
        name: 'd',
        content: hello,
        data: deflated,
        flags: 0x808,
        after: u(4, plainCrc32(hello), ...sizes),
      },
      { name: 'e', content: rawZip([{ name: 'a' }]), flags: 0x808 },
    ),
    fc.option(fields, { nil: {} }),
    fc.option(fields, { nil: {} }),
    fc.option(
      fc.record({ offset: number, attributes: number, disk: fc.nat(1) }, { requiredKeys: [] }),
      { nil: {} },
    ),
  )
  .map(([entry, local, central, more]) => ({ ...entry, local, central: { ...central, ...more } }));

describe('any bytes', () => {
  it('are refused with a BundleSealError, or read alike by all readers', async () => {
    const start = fc.constantFrom(
      new Uint8Array(0),
      u(4, 0x04034b50),
      u(4, 0x06054b50),
      base.slice(0, 60),
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (head, tail) => {
        await expectAgreement(join(head, tail));
      }),
      { numRuns: runs(500) },
    );
  });

  it('of an archive that was changed are refused, or read alike by all readers', async () => {
    expect(await expectAgreement(base)).toBe('read');
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 3 }), async (all) => {
        await expectAgreement(all.reduce((bytes, change) => change(bytes), base as Uint8Array));
      }),
      { numRuns: runs(2500) },
    );
  });

  it('with any one bit changed are refused, or read alike by all readers', async () => {
    expect(await expectAgreement(base)).toBe('read');
    // The step has no factor of 8, so that each place in a byte has its turn.
    const bits = everyNth([...Array(8 * base.length).keys()], 7);
    for (const bit of everyNthInPage(bits, 3)) {
      const copy = base.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      await expectAgreement(copy);
    }
  });

  it('with any values in the headers are refused, or read alike by all readers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rawEntry, { maxLength: 3 }),
        fc.option(fc.constantFrom(0, 1, 2)),
        async (raw, count) => {
          await expectAgreement(rawZip(raw, count === null ? {} : { count }));
        },
      ),
      { numRuns: runs(2000) },
    );
  });
});
