// An archive that is read as a device will read it, and written again.

import { describe, expect, it } from 'vitest';
import { checkArchive, repackArchive } from '../../../src/archive/check.ts';
import { type ZipLimits, zipBundle, zipStream } from '../../../src/zip.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { collect, join, rawZip, slowCrc32, streamOf, textOf, u, utf8 } from '../../support/zip.ts';

const files = {
  'app.js': textOf(100_000),
  'empty.txt': new Uint8Array(0),
  'index.html': utf8('Hi'),
};

function descriptor(content: Uint8Array): Uint8Array {
  return u(4, 0x08074b50, slowCrc32(content), content.length, content.length);
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

  it('reads every file: a damaged content is refused by its path', async () => {
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

  it('refuse a large file whose ratio readers refuse, and write what is not larger', async () => {
    const blank = { a: new Uint8Array(2 ** 26 + 1) };
    const error = await rejection(zipBundle(blank, { level: 1 }), 'ERR_LIMIT_EXCEEDED');
    expect(error).toMatchObject({ limit: 'maxRatio', path: 'a' });
    const small = await zipBundle({ a: new Uint8Array(2 ** 26) }, { level: 1 });
    expect((await checkArchive(small)).size).toBe(2 ** 26);
  }, 60_000);

  it('refuse a content that makes a second end record', async () => {
    // What follows it is the directory, of one record, and the end of the archive.
    const lie = join(u(4, 0x06054b50), new Uint8Array(16), u(2, 46 + 1 + 22));
    const error = await rejection(zipBundle({ a: lie }, { level: 0 }), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toMatch(/more than one end record/);
    lie[20] = 46;
    expect((await checkArchive(await zipBundle({ a: lie }, { level: 0 }))).size).toBe(22);
  });
});
