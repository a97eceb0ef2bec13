// The error of each reader at every place at which an archive can be cut.

import { describe, expect, it } from 'vitest';
import { rejection } from '../../../support/errors.ts';
import { CRC, described, descriptor, one, two } from '../../../support/two-file-zip.ts';
import { rawZip, utf8, viaBundle, viaRanges, viaStream, zip64End } from '../../../support/zip.ts';

describe('an archive that is cut short', () => {
  const zip = rawZip([{ ...one, ...described, after: descriptor(CRC, 10, 5) }, two], {
    between: zip64End({ at: 203, count: 2, size: 102, offset: 101 }),
    comment: utf8('a comment'),
  });
  // Local header, data and descriptor; the second file; two records; Zip64; the end.
  const starts = [0, 61, 101, 152, 203, 279];

  it('is read if it is complete', async () => {
    expect((await viaStream(zip)).size).toBe(2);
  });

  it('is refused at any place by a forward reader, at the last byte', async () => {
    for (let length = 0; length < zip.length; length++) {
      const error = await rejection(viaStream(zip.slice(0, length)), 'ERR_ARCHIVE_INVALID');
      const start = Math.max(...starts.filter((place) => place <= length));
      // Of what comes next there is too little to tell what it is.
      const isUnclear = length < start + 4 && (length > start || start > 101);
      // The descriptor alone has to be recognised, with what follows it.
      const isInDescriptor = length >= 45 && length < 65;
      expect(error.message, `${length}`).toMatch(
        isInDescriptor
          ? /descriptor/
          : isUnclear
            ? /^the archive (does not begin|has bytes|has other data)/
            : /is cut short: fetch or make it again$/,
      );
      expect(error.offset).toBe(isInDescriptor ? 45 : isUnclear ? start : length);
    }
  });

  it('is refused at any place by the readers that look for its end', async () => {
    for (let length = 0; length < zip.length; length++) {
      for (const read of [viaBundle, viaRanges]) {
        const { message } = await rejection(read(zip.slice(0, length)), 'ERR_ARCHIVE_INVALID');
        expect(message, `${length}`).toBe(
          length < 283
            ? 'the archive has no end record: it is not a zip, or was cut short'
            : 'the archive is cut short or continues after its end: fetch or make it again',
        );
      }
    }
  });
});
