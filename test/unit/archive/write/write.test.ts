// Written zips: the same bytes everywhere, their paths, and mistakes of the caller.

import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { unzipBundle, type ZipEntries, zipBundle, zipStream } from '../../../../src/zip.ts';
import { bytesOf } from '../../../support/bytes.ts';
import { rejection } from '../../../support/errors.ts';
import { small } from '../../../support/small-files.ts';
import { collect, join, sha256, streamOf, textOf, utf8, viaBundle } from '../../../support/zip.ts';

const MIB = 2 ** 20;

describe('the same files', () => {
  it('make the same bytes in every release and in every runtime', async () => {
    expect(await sha256(await zipBundle(small))).toBe(
      'ea194ced54bf6d3266097eeee494976a1ee2d44b1de3a2f735ad8fde617b1b5f',
    );
    // 8 MiB and more, so both ways of writing a file; with a level that is not the default.
    const large = { 'a.txt': textOf(700_000), 'b.txt': join(textOf(8 * MIB), bytesOf(100_000)) };
    expect(await sha256(await zipBundle(large, { level: 1 }))).toBe(
      'd593cc6fbdbddfc96741a67ee721465b1968c2856a4c72537ae4cbfc213be9a6',
    );
  });

  it('make the same bytes in any order and by any collection', async () => {
    const zip = await zipBundle(small);
    const backwards = Object.entries(small).reverse();
    async function* slowly() {
      for (const [path, data] of backwards) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        yield { path, data };
      }
    }
    const collections: ZipEntries[] = [
      Object.fromEntries(backwards),
      new Map(backwards),
      backwards.map(([path, data]) => ({ path, data })),
      slowly(),
      await unzipBundle(zip),
    ];
    for (const entries of collections) expect(await zipBundle(entries)).toEqual(zip);
    expect(await collect(zipStream(new Map(backwards)))).toEqual(zip);
  });

  it.each([
    ['short', 1000],
    ['longer than is deflated in one go', 300_001],
  ])('make the same bytes in every form of a content that is %s', async (_, length) => {
    for (const content of [textOf(length), bytesOf(length)]) {
      const zip = await zipBundle({ f: content }, { level: 1 });
      const blob = new Blob([content as Uint8Array<ArrayBuffer>]);
      const forms: ZipEntries[] = [
        { f: blob },
        { f: async () => streamOf(content, 70_001) },
        { f: content.slice().buffer },
        { f: blob.stream() },
        { f: () => content },
      ];
      for (const form of forms) {
        const zipped = await collect(zipStream(form, { level: 1 }));
        expect(zipped.length).toBe(zip.length);
        expect(await sha256(zipped)).toBe(await sha256(zip));
      }
      const files = await viaBundle(zip, { maxRatio: 1000 });
      expect(await sha256(files.get('f') as Uint8Array)).toBe(await sha256(content));
    }
  });

  it('are sorted by the UTF-8 bytes of their paths, not by UTF-16', async () => {
    const paths = ['b', 'a/b', 'a', 'a.b', 'é', '\u{1f600}', '\uff61', 'Z'].filter(
      (path) => path !== 'a',
    );
    const zip = await zipBundle(paths.map((path) => ({ path, data: new Uint8Array(0) })));
    expect([...(await unzipBundle(zip)).keys()]).toEqual([
      'Z',
      'a.b',
      'a/b',
      'b',
      'é',
      '\uff61',
      '\u{1f600}',
    ]);
  });
});

describe('a written zip', () => {
  it('does not depend on time, place and user', async () => {
    const zip = await zipBundle({ 'a.txt': utf8('aaaaaaaaaaaaaaaaaaaaaaaa') });
    const view = new DataView(zip.buffer, zip.byteOffset);
    // APPNOTE 4.3.7
    expect(view.getUint16(4, true)).toBe(20);
    expect(view.getUint16(6, true)).toBe(0x800);
    expect(view.getUint16(8, true)).toBe(8);
    expect(view.getUint16(10, true)).toBe(0);
    expect(view.getUint16(12, true)).toBe(0x21);
    expect(view.getUint16(28, true)).toBe(0);
    // APPNOTE 4.3.12
    const central = view.getUint32(zip.length - 6, true);
    expect(view.getUint32(central, true)).toBe(0x02014b50);
    expect(view.getUint16(central + 4, true)).toBe(0x32d);
    expect(view.getUint16(central + 30, true)).toBe(0);
    expect(view.getUint16(central + 36, true)).toBe(0);
    expect(view.getUint32(central + 38, true)).toBe(0x81a40000);
  });

  it('stores content that deflating does not shrink, and has descriptors only over 8 MiB', async () => {
    const flagsAndMethod = async (content: Uint8Array, level: 0 | 9 = 9) => {
      const zip = await zipBundle({ f: content }, { level });
      const view = new DataView(zip.buffer, zip.byteOffset);
      return [view.getUint16(6, true), view.getUint16(8, true)];
    };
    expect(await flagsAndMethod(new Uint8Array(0))).toEqual([0x800, 0]);
    expect(await flagsAndMethod(bytesOf(100_000))).toEqual([0x800, 0]);
    expect(await flagsAndMethod(bytesOf(1_000_000))).toEqual([0x800, 0]);
    expect(await flagsAndMethod(new Uint8Array(1_000_000))).toEqual([0x800, 8]);
    expect(await flagsAndMethod(new Uint8Array(8 * MIB))).toEqual([0x800, 8]);
    expect(await flagsAndMethod(new Uint8Array(1000), 0)).toEqual([0x800, 0]);
    expect(await flagsAndMethod(new Uint8Array(8 * MIB + 1), 0)).toEqual([0x808, 8]);
  });

  it('stores content whose deflated form has the same length', async () => {
    const short = utf8('aaaa');
    const zip = await zipBundle({ f: short }, { level: 9 });
    expect(zip[8]).toBe(0);
    expect(zip.subarray(31, 35)).toEqual(short);
  });

  it('has 22 bytes if there are no files', async () => {
    for (const none of [{}, [], new Map()]) {
      const zip = await zipBundle(none);
      expect(zip).toEqual(join(utf8('PK\x05\x06'), new Uint8Array(18)));
      expect(await collect(zipStream(none))).toEqual(zip);
      expect(await unzipBundle(zip)).toEqual(new Map());
    }
  });

  it('is read by fflate', async () => {
    const read = unzipSync(await zipBundle(small));
    expect(Object.keys(read).sort()).toEqual(Object.keys(small).sort());
    for (const [path, content] of Object.entries(small)) {
      expect(await sha256(read[path] as Uint8Array), path).toBe(await sha256(content));
    }
  });

  it('is smaller by a higher level', async () => {
    const content = textOf(500_000);
    const sizes = await Promise.all(
      ([0, 1, 6, 9] as const).map(
        async (level) => (await zipBundle({ f: content }, { level })).length,
      ),
    );
    expect([...sizes].sort((a, b) => b - a)).toEqual(sizes);
    expect(new Set(sizes).size).toBe(4);
  });
});

describe('paths', () => {
  it.each([
    ['', /is empty/],
    ['/a', /absolute/],
    ['../a', /climbs/],
    ['a/../b', /climbs/],
    ['./a', /"\."/],
    ['a//b', /without a name/],
    ['a\\b', /backslash/],
    ['C:/a', /drive/],
    ['a/b:c', /Windows/],
    ['a\u0000', /control/],
    ['a\n', /control/],
    ['aux.js', /device/],
    ['a/CON', /device/],
    ['lpt1 .txt', /device/],
    ['a.', /dot or a space/],
    ['a /b', /dot or a space/],
    ['what?', /Windows/],
    ['\ud800', /Unicode/],
    ['folder/', /folder/],
    ['x'.repeat(256), /255/],
    ['é'.repeat(128), /255/],
    [`${'x/'.repeat(511)}xyz`, /1024/],
    [`${'x/'.repeat(65)}x`, /64 folders/],
  ])('like %j are refused before any content is touched', async (path, message) => {
    let opened = false;
    const data = () => {
      opened = true;
      return new Uint8Array(1);
    };
    const entries = [
      { path: '0', data },
      { path, data },
    ];
    const error = await rejection(zipBundle(entries), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(message);
    expect(error.path).toBeDefined();
    expect(opened).toBe(false);
    await rejection(collect(zipStream(entries)), 'ERR_ARCHIVE_INVALID');
  });

  it.each([
    ['a', 'a'],
    ['a', 'A'],
    ['é', 'e\u0301'],
    ['straße', 'STRASSE'],
    ['a', 'a/b'],
    ['A/b/c', 'a/B'],
  ])('%j and %j in one archive are refused', async (one, other) => {
    for (const pair of [
      [one, other],
      [other, one],
    ] as const) {
      const entries = pair.map((path) => ({ path, data: new Uint8Array(1) }));
      const error = await rejection(zipBundle(entries), 'ERR_ARCHIVE_INVALID');
      expect(error.path).toBe(pair[1]);
    }
  });

  it('that only look strange are accepted', async () => {
    const paths = [
      '.htaccess',
      '...a',
      'con-fig.js',
      'comet',
      '[id].js',
      'a b/c d',
      'COM10',
      'nul_',
    ];
    const zip = await zipBundle(paths.map((path) => [path, new Uint8Array(1)] as const));
    expect(new Set((await unzipBundle(zip)).keys())).toEqual(new Set(paths));
  });
});

describe('a mistake of the caller', () => {
  it.each<[unknown, unknown, RegExp]>([
    [
      small,
      { levle: 9 },
      /^zip(Bundle|Stream) does not know the option "levle": it takes (?=.*level)(?=.*threads)(?=.*maxEntries)(?=.*onProgress)/,
    ],
    [small, { level: 10 }, /options.level expected an integer from 0 to 9, got 10/],
    [small, { level: -1 }, /options.level expected an integer from 0 to 9, got -1$/],
    [small, { level: 1.5 }, /options.level expected an integer from 0 to 9, got 1.5$/],
    [small, { level: '9' }, /options.level expected an integer from 0 to 9, got a string/],
    [small, null, /expected an options object, got null/],
    ['index.html', {}, /entries expected files by path/],
    [new Uint8Array(3), {}, /entries expected files by path.*a Uint8Array/],
    [null, {}, /entries expected files by path.*null/],
    [new Blob(['zip']), {}, /entries expected files by path.*, got a Blob$/],
    [new File(['zip'], 'a.zip'), {}, /entries expected files by path.*, got a File$/],
    [new ArrayBuffer(3), {}, /entries expected files by path.*, got an ArrayBuffer$/],
    // Nothing in them is a file, and an empty archive would be written without a word.
    [Promise.resolve({}), {}, /entries expected files by path.*, got a Promise$/],
    [new Date(), {}, /entries expected files by path.*, got a Date$/],
    [() => small, {}, /entries expected files by path.*, got a function$/],
    [
      undefined,
      {},
      /^entries expected files by path or an iterable of { path, data }, got nothing$/,
    ],
  ])('is refused at once: %#', async (entries, options, message) => {
    await expect(zipBundle(entries as never, options as never)).rejects.toThrow(message);
    expect(() => zipStream(entries as never, options as never)).toThrow(message);
  });

  it.each<[unknown, RegExp]>([
    [{ a: 'text' }, /the data of "a" expected a Uint8Array, .* got a string/],
    [{ a: null }, /the data of "a" expected .* got null/],
    [[1], /entries expected to give .* got a number/],
    [[{ path: 1, data: new Uint8Array(1) }], /entries expected to give/],
    [{ a: () => 'text' }, /the data of "a" expected .* got a string/],
  ])('is refused by name: %#', async (entries, message) => {
    const work = zipBundle(entries as never);
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.toThrow(message);
  });
});
