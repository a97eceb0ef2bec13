// Archives whose entries overlap, so that a small archive would become large.

import { describe, expect, it } from 'vitest';
import { unzipBundle, unzipStream } from '../../src/zip.ts';
import { rejection } from '../support/errors.ts';
import { join, plainCrc32, streamOf, u, utf8, viaRanges } from '../support/zip.ts';
import { deflatedZeros, drain, MIB } from '../support/zip-bombs.ts';

describe('overlapping entries', () => {
  it('that all share one deflated kernel are refused before any is inflated', async () => {
    const kernel = await deflatedZeros();
    const content = new Uint8Array(8 * MIB);
    const crc = plainCrc32(content);
    // Each local header is quoted by a stored block of the one before (as in "a better zip bomb").
    const names = Array.from({ length: 50 }, (_, i) => `${i}`);
    const local = (name: string) =>
      join(
        u(4, 0x04034b50),
        u(2, 20, 0x800, 8, 0, 33),
        u(4, crc, kernel.length, content.length),
        u(2, name.length, 0),
        utf8(name),
      );
    const heads = names.map(local);
    const offsets = heads.map((_, i) =>
      heads.slice(0, i).reduce((sum, { length }) => sum + length, 0),
    );
    const body = join(...heads, kernel);
    const records = names.map((name, i) =>
      join(
        u(4, 0x02014b50),
        u(2, 0x31e, 20, 0x800, 8, 0, 33),
        u(4, crc, kernel.length, content.length),
        u(2, name.length, 0, 0, 0, 0),
        u(4, 0, offsets[i] as number),
        utf8(name),
      ),
    );
    const directory = join(...records);
    const end = join(
      u(4, 0x06054b50),
      u(2, 0, 0, 50, 50),
      u(4, directory.length, body.length),
      u(2, 0),
    );
    const zip = join(body, directory, end);
    const limits = { maxRatio: 2000 };
    expect((await rejection(unzipBundle(zip, limits), 'ERR_ARCHIVE_INVALID')).message).toMatch(
      /share/,
    );
    await rejection(viaRanges(zip, limits), 'ERR_ARCHIVE_INVALID');
    // Going forward, a header is not deflated data.
    await rejection(drain(unzipStream(streamOf(zip), limits)), 'ERR_ARCHIVE_INVALID');
  });
});
