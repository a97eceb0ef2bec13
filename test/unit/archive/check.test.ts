// An archive that is read as a device will read it, and written again.

import { describe, expect, it } from 'vitest';
import { canMend, checkArchive, repackArchive } from '../../../src/archive/check.ts';
import { unzipBundle, type ZipLimits, zipBundle, zipStream } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { everyNthInPage } from '../../support/scope.ts';
import { collect, join, plainCrc32, rawZip, streamOf, textOf, u, utf8 } from '../../support/zip.ts';

const files = {
  'app.js': textOf(100_000),
  'empty.txt': new Uint8Array(0),
  'index.html': utf8('Hi'),
};

function descriptor(content: Uint8Array): Uint8Array {
  return u(4, 0x08074b50, plainCrc32(content), content.length, content.length);
}

describe('checkArchive', () => {
  it('lists the files and their sizes, and reports its progress', async () => {
    const zip = await zipBundle(files);
    const seen: number[] = [];
    const checked = await checkArchive(zip, {
      onProgress: ({ done, total }) => {
        expect(total).toBe(100_002);
        seen.push(done);
      },
    });
    expect(checked.files.map(({ path, size }) => [path, size])).toEqual([
      ['app.js', 100_000],
      ['empty.txt', 0],
      ['index.html', 2],
    ]);
    expect(checked.size).toBe(100_002);
    expect(checked.notForward).toBeUndefined();
    expect(seen.at(-1)).toBe(100_002);
  });

  it('gives the pieces of a large file, and the whole content of a short one', async () => {
    const pieces: Uint8Array[] = [];
    const whole: [path: string, length: number | undefined][] = [];
    await checkArchive(await zipBundle(files, { level: 0 }), {
      onPiece: (path, piece) => {
        expect([path, whole]).toEqual(['app.js', []]);
        pieces.push(piece.slice());
      },
      onFile: (path, content) => whole.push([path, content?.length]),
    });
    expect(join(...pieces)).toEqual(files['app.js']);
    expect(whole).toEqual([
      ['app.js', undefined],
      ['empty.txt', 0],
      ['index.html', 2],
    ]);
  });

  it('reads every file and refuses a damaged content by its path', async () => {
    const zip = rawZip([{ name: 'index.html', content: utf8('Hi'), crc: 1 }]);
    expect(await rejection(checkArchive(zip), 'ERR_ARCHIVE_INVALID')).toMatchObject({
      path: 'index.html',
    });
  });

  it('names the option whose limit is exceeded', async () => {
    const zip = await zipBundle(files);
    const over = async (limits: object) =>
      rejection(checkArchive(zip, limits), 'ERR_LIMIT_EXCEEDED');
    expect(await over({ maxEntries: 2 })).toMatchObject({ limit: 'maxEntries' });
    expect(await over({ maxFileSize: 99_999 })).toMatchObject({ limit: 'maxFileSize' });
    expect(await over({ maxTotalSize: 100_000 })).toMatchObject({ limit: 'maxTotalSize' });
  });

  it('names the first file that can only be read by ranges', async () => {
    const content = utf8('Hi');
    const zip = rawZip([{ name: 'index.html', content, flags: 8, after: descriptor(content) }]);
    expect((await checkArchive(zip)).notForward).toBe('index.html');
  });

  it('refuses a name that is short, but takes more than 4,096 bytes in the archive', async () => {
    const named = (times: number) =>
      checkArchive(rawZip([{ name: `${'./'.repeat(times)}a`, content: utf8('Hi') }]));
    expect((await named(2047)).files.map(({ path }) => path)).toEqual(['a']);
    const error = await rejection(named(2048), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toContain('has a name of more than 4096 bytes in the archive');
  });

  it('stops at an abort with its reason', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(checkArchive(await zipBundle(files), { signal: stop.signal })).rejects.toBe(
      stop.signal.reason,
    );
  });

  it('refuses an option that it does not know', async () => {
    await expect(checkArchive(new Uint8Array(22), { level: 1 } as object)).rejects.toThrow(
      TypeError,
    );
  });
});

describe('repackArchive', () => {
  it('writes the same files as zipBundle does', async () => {
    const content = utf8('Hi');
    const odd = rawZip([
      { name: 'index.html', content, flags: 8, after: descriptor(content) },
      { name: 'a/' },
      { name: 'a/b.txt', content: files['app.js'] },
    ]);
    const expected = await zipBundle({ 'a/b.txt': files['app.js'], 'index.html': content });
    expect(await collect(repackArchive(odd))).toEqual(expected);
    expect((await checkArchive(await collect(repackArchive(odd)))).notForward).toBeUndefined();
  });

  const hosts = { 'MS-DOS': 0, 'NTFS (APPNOTE)': 10, 'NTFS (Info-ZIP)': 11, VFAT: 14 };

  it.each(Object.entries(hosts))('takes a backslash of %s for a folder', async (_, host) => {
    const central = { madeBy: 256 * host + 20 };
    const zip = rawZip([
      { name: 'assets\\', central },
      { name: 'assets\\js\\app.js', content: utf8('1'), central },
    ]);
    const mended: unknown[] = [];
    expect(await canMend(zip, {})).toBe(true);
    const clean = await collect(repackArchive(zip, { onMended: (name) => void mended.push(name) }));
    expect([...(await unzipBundle(clean)).keys()]).toEqual(['assets/js/app.js']);
    expect(mended).toEqual([{ path: 'assets/js/app.js', by: 'separator' }]);
    await rejection(unzipBundle(zip), 'ERR_ARCHIVE_INVALID');
    await rejection(checkArchive(zip), 'ERR_ARCHIVE_INVALID');
  });

  it('still refuses a backslash that may be part of a name', async () => {
    const dos = { madeBy: 20 };
    const unix = rawZip([{ name: 'a\\b.js' }]);
    const mixed = rawZip([{ name: 'a/b\\c.js', central: dos }]);
    const climbing = rawZip([{ name: '..\\b.js', central: dos }]);
    for (const zip of [unix, mixed, climbing]) {
      expect(await canMend(zip, {})).toBe(false);
      await rejection(collect(repackArchive(zip)), 'ERR_ARCHIVE_INVALID');
    }
  });

  it('decodes a name that is not UTF-8 by code page 437, unless its flag says UTF-8', async () => {
    // "é", "Ñ", a light shade, "µ", "■" and a no-break space by Unicode's table of the code page.
    const name = Uint8Array.of(0x82, 0xa5, 0xb0, 0xe6, 0xfe, 0xff, 0x2e, 0x6a, 0x73);
    const mended: unknown[] = [];
    const zip = rawZip([{ name, flags: 0, content: utf8('1') }]);
    const clean = await collect(repackArchive(zip, { onMended: (one) => void mended.push(one) }));
    const path = 'éÑ░µ■\u00a0.js';
    expect([...(await unzipBundle(clean))]).toEqual([[path, utf8('1')]]);
    expect(mended).toEqual([{ path, by: 'encoding' }]);
    const lies = rawZip([{ name, flags: 0x800 }]);
    await rejection(collect(repackArchive(lies)), 'ERR_ARCHIVE_INVALID');
  });

  it('refuses two names that become equal by the replacement', async () => {
    const central = { madeBy: 20 };
    const zip = rawZip([{ name: 'a/b.js' }, { name: 'a\\b.js', central }]);
    expect(await canMend(zip, {})).toBe(false);
    await rejection(collect(repackArchive(zip)), 'ERR_ARCHIVE_INVALID');
  });

  it('ends with the error of the archive', async () => {
    const zip = rawZip([{ name: 'index.html', content: utf8('Hi'), crc: 1 }]);
    expect(await rejection(collect(repackArchive(zip)), 'ERR_ARCHIVE_INVALID')).toMatchObject({
      path: 'index.html',
    });
  });

  it('refuses an option that it does not know, at once', () => {
    expect(() => repackArchive(new Uint8Array(22), { maxChunks: 1 } as object)).toThrow(TypeError);
  });
});

describe('zipBundle and zipStream', () => {
  const noise = bytesOf(100);
  const over: [limits: ZipLimits, limit: string, path: string][] = [
    [{ maxEntries: 2 }, 'maxEntries', 'c'],
    [{ maxFileSize: 99 }, 'maxFileSize', 'b'],
    [{ maxTotalSize: 199 }, 'maxTotalSize', 'c'],
  ];

  it.each(over)(
    'refuse %j, whether the size of a content is known or not',
    async (limits, limit, path) => {
      for (const data of [noise, () => noise, () => streamOf(noise)]) {
        const entries = { a: new Uint8Array(0), b: data, c: data };
        const refused = await rejection(zipBundle(entries, limits), 'ERR_LIMIT_EXCEEDED');
        expect(refused).toMatchObject({ limit, path });
        expect(refused.message).toContain(`raise ${limit} here, and where the archive is read`);
        const again = await rejection(collect(zipStream(entries, limits)), 'ERR_LIMIT_EXCEEDED');
        expect(again.message).toBe(refused.message);
      }
    },
  );

  it('refuse a large file whose ratio readers refuse, and write a smaller one', async () => {
    const blank = { a: new Uint8Array(2 ** 26 + 1) };
    const error = await rejection(zipBundle(blank, { level: 1 }), 'ERR_LIMIT_EXCEEDED');
    expect(error).toMatchObject({ limit: 'maxRatio', path: 'a' });
    for (const size of everyNthInPage([2 ** 20, 2 ** 26], 2)) {
      const small = await zipBundle({ a: new Uint8Array(size) }, { level: 1 });
      expect((await checkArchive(small)).size).toBe(size);
    }
  });

  it('refuse a content that makes a second end record', async () => {
    // What follows it is the directory, of one record, and the end of the archive.
    const lie = join(u(4, 0x06054b50), new Uint8Array(16), u(2, 46 + 1 + 22));
    const error = await rejection(zipBundle({ a: lie }, { level: 0 }), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/more than one end record/);
    lie[20] = 46;
    expect((await checkArchive(await zipBundle({ a: lie }, { level: 0 }))).size).toBe(22);
  });
});
