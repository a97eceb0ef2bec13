// Archives that become more than they say or more than a device holds: stopped early, in little memory.

import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { checkArchive } from '../../src/archive/check.ts';
import { crc32 } from '../../src/archive/format/crc32.ts';
import { openZip, unzipStream, type ZipLimits, zipBundle } from '../../src/zip.ts';
import { bytesOf } from '../support/bytes.ts';
import { rejection } from '../support/errors.ts';
import { READERS, READERS_OF_LARGE } from '../support/readers.ts';
import { everyNthInPage, firstOf } from '../support/scope.ts';
import {
  chunked,
  deflatedAsIs,
  join,
  plainCrc32,
  type RawEntry,
  type Reader,
  rawZip,
  same,
  streamOf,
  textOf,
  u,
  utf8,
} from '../support/zip.ts';
import { deflatedZeros, drain, MIB } from '../support/zip-bombs.ts';

const NO_SIZE = { maxFileSize: 2 ** 40, maxTotalSize: 2 ** 40 };

const blanks = new Map<number, Promise<Uint8Array>>();

/** A zip of zeros, which takes long to make. */
function blankZip(size: number): Promise<Uint8Array> {
  const made =
    blanks.get(size) ?? zipBundle({ a: new Uint8Array(size) }, { level: 1, maxRatio: 2000 });
  blanks.set(size, made);
  return made;
}

/** Deflated zeros that do not end (RFC 1951 §3.2.6): a literal, and then 258 bytes for every 13 bits. */
function endlessBlank(length: number): Uint8Array {
  const first = '01000110000';
  const bytes = new Uint8Array(length);
  for (let i = 0; i < 8 * length; i++) {
    const bit = i < first.length ? first[i] : '1100010100000'[(i - first.length) % 13];
    if (bit === '1') bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
  }
  return bytes;
}

/** Deflated zeros in blocks of 258, each with codes of up to 15 bits for symbols that do not occur: RFC 1951 §3.2.7. */
function costlyBlocks(count: number): { data: Uint8Array; size: number } {
  const data = new Uint8Array(100 * count + 100);
  let length = 0;
  const putBit = (bit: number) => {
    data[length >> 3] = (data[length >> 3] as number) | (bit << (length & 7));
    length++;
  };
  const put = (value: number, bits: number) => {
    for (let i = 0; i < bits; i++) putBit((value >> i) & 1);
  };
  const putCode = (code: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i--) putBit((code >> i) & 1);
  };
  const putBlock = (first: boolean) => {
    put(0, 1);
    put(2, 2);
    // 286 codes of literals and lengths, 16 of distances, 19 of lengths of codes.
    put(286 - 257, 5);
    put(16 - 1, 5);
    put(19 - 4, 4);
    // Lengths 1 to 15, and 18 (many zeros), with four bits each; the code of length n is n - 1, and that of 18 is 15.
    for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]) {
      put(symbol === 0 || symbol === 16 || symbol === 17 ? 0 : 4, 3);
    }
    const codeOf = (n: number) => putCode(n - 1, 4);
    const zeros = (n: number) => {
      putCode(15, 4);
      put(n - 11, 7);
    };
    // Literal 0 has one bit, 1 to 12 have 3 to 14 of them, 256 has 15, 284 has 15, and 285 has two.
    codeOf(1);
    for (let n = 3; n <= 14; n++) codeOf(n);
    zeros(138);
    zeros(256 - 13 - 138);
    codeOf(15);
    zeros(27);
    codeOf(15);
    codeOf(2);
    // Distance 1 has one bit.
    for (let n = 1; n <= 14; n++) codeOf(n);
    codeOf(15);
    codeOf(15);
    // One literal, to have something to repeat; 258 bytes from one byte back; the end of the block.
    if (first) putCode(0, 1);
    putCode(2, 2);
    putCode(0, 1);
    putCode(0x7ffe, 15);
  };
  for (let i = 0; i < count; i++) putBlock(i === 0);
  put(1, 1);
  put(1, 2);
  putCode(0, 7);
  return { data: data.slice(0, Math.ceil(length / 8)), size: 258 * count + 1 };
}

/** Made once for all readers, as it takes as long as reading it. */
const COSTLY = costlyBlocks(60_000);

const INVALID = 'ERR_ARCHIVE_INVALID';

/** Blocks of no bytes: RFC 1951 §3.2.4. */
function emptyBlocks(length: number, isEnd = true): Uint8Array {
  const blocks = new Uint8Array(length);
  for (let at = 0; at < length; at += 5) blocks.set([0, 0, 0, 0xff, 0xff], at);
  if (isEnd) blocks[length - 5] = 1;
  return blocks;
}

/** A file whose deflated bytes inflate to nothing. */
function nothing(name: string, length: number, isLater = false): RawEntry {
  const entry = { name, data: emptyBlocks(length), method: 8 };
  return isLater ? { ...entry, flags: 0x808, after: u(4, 0x08074b50, 0, length, 0) } : entry;
}

const deflated = (content: Uint8Array) => ({
  content,
  data: deflateSync(content, { level: 1 }),
  crc: crc32(content),
});
/** Made once for all readers, because deflating them takes longer than reading them. */
const MIXED = deflated(join(textOf(3 * MIB), bytesOf(5000)));
/** A file that an inflater of the runtime inflates in one call, and a larger one. */
const AROUND_ONE_CALL = [deflated(textOf(2 * MIB)), deflated(bytesOf(3 * MIB))];

describe.each(READERS)('%s', (_, read) => {
  it.each<[keyof ZipLimits, number, string]>([
    ['maxEntries', 2, 'c'],
    ['maxFileSize', 999, 'b'],
    ['maxTotalSize', 1099, 'b'],
  ])('stops at %s, and not one below', async (limit, at, path) => {
    const zip = await zipBundle({ a: new Uint8Array(100), b: new Uint8Array(1000), c: utf8('') });
    const error = await rejection(read(zip, { [limit]: at }), 'ERR_LIMIT_EXCEEDED');
    expect(error.path).toBe(path);
    expect(error.message).toContain(limit);
    expect((await read(zip, { [limit]: at + 1 })).size).toBe(3);
  });

  it('counts inflated bytes and not declared ones', async () => {
    const data = await deflatedZeros();
    const lie: RawEntry = { name: 'a', data, content: new Uint8Array(10_000) };
    const error = await rejection(read(rawZip([lie])), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/longer than the archive says/);
    // A size of 0, and a size beyond the memory of the machine.
    await rejection(read(rawZip([{ ...lie, size: 0 }])), 'ERR_ARCHIVE_INVALID');
    const huge = rawZip([{ ...lie, size: 2 ** 32 - 2 }]);
    await rejection(read(huge), 'ERR_LIMIT_EXCEEDED');
  });

  it('allocates no memory by a declared size', async () => {
    const entry: RawEntry = {
      name: 'a',
      data: deflatedAsIs(utf8('hello')),
      content: utf8('hello'),
    };
    const huge = rawZip([{ ...entry, size: 2 ** 32 - 2 }]);
    await rejection(read(huge, { ...NO_SIZE, maxRatio: 2 ** 40 }), 'ERR_ARCHIVE_INVALID');
    const long = 'a'.repeat(30);
    const many = Array.from({ length: 100 }, (_, i) => ({
      ...entry,
      name: `${long}${i}`,
      size: MIB,
    }));
    await rejection(read(rawZip(many), NO_SIZE), 'ERR_ARCHIVE_INVALID');
  });

  it('reads an archive in an archive as a file, at any depth', async () => {
    let zip = await zipBundle({ 'a.txt': utf8('hello') });
    for (let i = 0; i < 5; i++) zip = await zipBundle({ 'inner.zip': zip });
    const files = await read(zip);
    expect([...files.keys()]).toEqual(['inner.zip']);
  });
});

const OF_LARGE: Record<string, (read: Reader) => Promise<void>> = {
  'stops at maxRatio, except for files up to 64 MiB': async (read) => {
    const zip = await blankZip(64 * MIB + 1);
    const error = await rejection(read(zip), 'ERR_LIMIT_EXCEEDED');
    expect(error).toMatchObject({ path: 'a', limit: 'maxRatio' });
    expect((await read(await blankZip(2 * MIB), { maxRatio: 1 })).size).toBe(1);
  },

  'refuses more than 2 MiB of deflated bytes that inflate to nothing': async (read) => {
    for (const isLater of [false, true]) {
      const error = await rejection(read(rawZip([nothing('a', 4_000_000, isLater)])), INVALID);
      expect(error.path).toBe('a');
      expect(error.message).toMatch(/^"a" takes the archive over 2 MiB of deflated bytes/);
      const files = await read(rawZip([nothing('a', 1_000_000, isLater)]));
      expect(files.get('a')).toEqual(utf8(''));
    }
  },

  'counts the deflated bytes that inflate to nothing over all files, in any order': async (
    read,
  ) => {
    const content = bytesOf(3 * MIB);
    const good: RawEntry = { name: 'good', content, data: deflateSync(content, { level: 0 }) };
    const many = Array.from({ length: 50 }, (_, i) => nothing(`${i}`, 50_000));
    expect((await read(rawZip([...many.slice(0, 40), good]))).size).toBe(41);
    for (const entries of [
      [good, ...many],
      [...many, good],
    ]) {
      const order = [...entries.keys()].reverse();
      await rejection(read(rawZip(entries)), INVALID);
      await rejection(read(rawZip(entries, { order })), INVALID);
    }
  },

  'refuses a large file with every fault for which it refuses a small one': async (read) => {
    const { content, data } = MIXED;
    const good: RawEntry = { name: 'a', ...MIXED };
    expect(same((await read(rawZip([good]))).get('a'), content)).toBe(true);
    const changed = data.slice();
    changed.fill(0xff, 20_000, 20_100);
    const faulty: Partial<RawEntry>[] = [
      { data: data.subarray(0, -1) },
      { data: data.subarray(0, 65_536) },
      { data: join(data, utf8('x')) },
      { data: join(data, new Uint8Array(70_000)) },
      { data: changed },
      { size: content.length - 1 },
      { size: content.length + 1 },
      { crc: 1 },
    ];
    for (const fault of faulty) await rejection(read(rawZip([{ ...good, ...fault }])), INVALID);
  },

  'checks the inflated bytes after each 64 KiB, independent of later bytes': async (read) => {
    for (const file of AROUND_ONE_CALL) {
      const zipWith = (wasted: number) => {
        const data = join(emptyBlocks(wasted, false), file.data);
        return rawZip([{ ...file, name: 'a', data }]);
      };
      // One block less than 2 MiB, and one more than the 33rd place.
      expect((await read(zipWith(2_097_150))).size).toBe(1);
      await rejection(read(zipWith(2_162_690)), INVALID);
    }
  },

  'inflates blocks whose codes are as long as can be without building tables of that size': async (
    read,
  ) => {
    // With tables of 2^15 codes for each block this takes twenty seconds, and a fifth of one with small tables.
    const { data, size } = COSTLY;
    const content = new Uint8Array(size);
    const zip = rawZip([{ name: 'a', data, content, crc: crc32(content) }]);
    expect((await read(zip)).get('a')?.length).toBe(size);
  },
};

describe.each(READERS_OF_LARGE.map(([name, read], i) => [name, read, i] as const))(
  '%s, of large archives,',
  (_name, read, i) => {
    // Each reader has another inflater. A page runs each case with one of the readers.
    const cases = everyNthInPage(Object.entries(OF_LARGE), READERS_OF_LARGE.length, i);
    it.each(cases)('%s', (_, check) => check(read), 20_000);
  },
);

describe.each(firstOf(READERS_OF_LARGE))('%s, of files at the edge of 64 MiB,', (_, read) => {
  it('accepts a file of any ratio, and a longer one within maxRatio', async () => {
    const sizes = [
      [64 * MIB + 1, 1100],
      [64 * MIB, 1],
    ] as const;
    for (const [size, maxRatio] of everyNthInPage(sizes, 2)) {
      expect((await read(await blankZip(size), { maxRatio })).size).toBe(1);
    }
  });
});

describe('deflated bytes that inflate to nothing', () => {
  it('are counted within a file that has content behind them', async () => {
    const content = bytesOf(MIB);
    const data = join(emptyBlocks(3_000_000, false), deflateSync(content, { level: 0 }));
    const zip = rawZip([{ name: 'a', content, data, crc: crc32(content) }]);
    for (const read of [...READERS.map(([, read]) => read), checkArchive]) {
      await rejection(read(zip), INVALID);
    }
  });
});

describe('unzipStream', () => {
  it('stops in the middle of a file whose sizes come after it', async () => {
    const data = await deflatedZeros();
    const zip = rawZip([{ name: 'a', data, content: utf8(''), flags: 0x808 }]);
    const error = await rejection(
      drain(unzipStream(streamOf(zip), { maxFileSize: 2 * MIB })),
      'ERR_LIMIT_EXCEEDED',
    );
    expect(error.path).toBe('a');
    expect(error.message).toContain('maxFileSize');
  });

  it('releases no byte of a file whose declared size is over a limit', async () => {
    const random = bytesOf(20_000);
    const blank = new Uint8Array(9 * MIB);
    const grows = { name: 'a', data: deflateSync(join(random, blank)), crc: 1 };
    const size = random.length + blank.length;
    const zips: [zip: Uint8Array, limits: ZipLimits, message: string][] = [
      [rawZip([{ name: 'a', content: bytesOf(200_000) }]), { maxFileSize: 100_000 }, 'maxFileSize'],
      [rawZip([{ ...grows, size }]), { maxFileSize: 9 * MIB }, 'maxFileSize'],
    ];
    for (const [zip, limits, message] of zips) {
      let given = 0;
      const work = (async () => {
        for await (const { stream } of unzipStream(streamOf(zip), limits)) {
          const reader = stream.getReader();
          for (let next = await reader.read(); !next.done; next = await reader.read()) given++;
        }
      })();
      const error = await rejection(work, 'ERR_LIMIT_EXCEEDED');
      expect(error.message).toContain(message);
      expect(given).toBe(0);
    }
  });

  it('stops a file without end at maxFileSize, and cancels the source', async () => {
    const header = rawZip([{ name: 'a', flags: 0x808, method: 8 }]).slice(0, 31);
    const blank = endlessBlank(2 * MIB);
    const endless = Array.from({ length: 256 }, (_, i) => blank.slice(i * 8192, (i + 1) * 8192));
    const source = chunked([header, ...endless]);
    let given = 0;
    const work = (async () => {
      for await (const { stream } of unzipStream(source.stream, { maxFileSize: 20 * MIB })) {
        const reader = stream.getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          given += next.value.length;
        }
      }
    })();
    const error = await rejection(work, 'ERR_LIMIT_EXCEEDED');
    expect(error.limit).toBe('maxFileSize');
    expect(given).toBeLessThanOrEqual(20 * MIB);
    expect(source.cancelled()).toBe(error);
  });

  it('accepts a file that begins with a long blank', async () => {
    const content = join(new Uint8Array(6 * MIB), bytesOf(100_000));
    const data = deflateSync(content);
    const crc = plainCrc32(content);
    const after = join(u(4, 0x08074b50, crc, data.length, content.length));
    const zip = rawZip([{ name: 'a', content, data, crc, after, flags: 0x808 }]);
    const files = new Map<string, number>();
    for await (const { path, bytes } of unzipStream(streamOf(zip), { maxRatio: 100 })) {
      files.set(path, (await bytes()).length);
    }
    expect(files.get('a')).toBe(content.length);
  });
});

describe('openZip', () => {
  it('stops reading a directory at its first invalid record', async () => {
    const size = 2 ** 40;
    let fetched = 0;
    // An end record that says: a terabyte of directory before me.
    const end = join(
      u(4, 0x06064b50),
      u(8, 44),
      u(2, 45, 45),
      u(4, 0, 0),
      u(8, 2 ** 30, 2 ** 30, size - 98 - 100, 100),
      u(4, 0x07064b50, 0),
      u(8, size - 98),
      u(4, 1),
      u(4, 0x06054b50),
      u(2, 0xffff, 0xffff, 0xffff, 0xffff),
      u(4, 2 ** 32 - 1, 2 ** 32 - 1),
      u(2, 0),
    );
    const read = async (offset: number, length: number) => {
      fetched += length;
      const bytes = new Uint8Array(length);
      if (offset + length === size) bytes.set(end, length - end.length);
      return bytes;
    };
    await rejection(openZip({ size, read }), 'ERR_ARCHIVE_INVALID');
    expect(fetched).toBeLessThan(3 * MIB);
  });
});
