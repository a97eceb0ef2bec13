// Archives with bytes that belong to no file, entries that share bytes, or an end record that is wrong. Each of the three
// readers refuses them.

import { describe, expect, it } from 'vitest';
import { hostileZips } from '../support/hostile-zips.ts';
import { READERS } from '../support/readers.ts';
import { CRC, described, descriptor, entry, one, two } from '../support/two-file-zip.ts';
import { join, rawZip, u, utf8, zip64End } from '../support/zip.ts';

const { refuse, test } = hostileZips();

refuse(
  'bytes before the first entry',
  entry({ before: utf8('#!/bin/sh\n') }),
  /are part of no|in front/,
);
refuse(
  'bytes before the first entry, which offsets leave out',
  join(utf8('MZ'), rawZip([one])),
  /in front/,
);
refuse(
  'bytes between entries',
  rawZip([one, { ...two, before: utf8('gap') }]),
  /are part of no file/,
);
refuse(
  'an entry that the directory leaves out',
  rawZip([one, two], { order: [0] }),
  /not in the directory|are part of no file/,
);
refuse(
  'an entry twice in the directory',
  rawZip([one, two], { order: [0, 0, 1] }),
  /twice|not where|share/,
);
refuse(
  'two entries over the same bytes',
  rawZip([one, { ...two, central: { offset: 0 } }]),
  /share|another|not where/,
);
refuse(
  'an entry inside another',
  rawZip([
    { name: 'outer', content: rawZip([one]) },
    { ...one, central: { offset: 35 } },
  ]),
  /share|not where/,
);
refuse(
  'an entry that reaches into the directory',
  rawZip([
    one,
    { ...two, local: { size: 9, compressedSize: 9 }, central: { size: 9, compressedSize: 9 } },
  ]),
  /share|CRC-32/,
);
refuse(
  'bytes between entries and directory',
  rawZip([one], { before: utf8('gap') }),
  /are part of no file/,
);
refuse(
  'bytes between directory and end',
  rawZip([one], { between: utf8('gap') }),
  /are part of no file|other data/,
);

refuse('empty input', new Uint8Array(0), /not a zip|cut short/);
refuse('a few bytes', utf8('PK'), /not a zip/);
refuse('text', utf8('<!doctype html><title>404 Not Found</title>'), /not a zip/);
refuse('cut in the end record', rawZip([one, two]).slice(0, -1), /cut short/);
refuse('cut in the directory', rawZip([one, two]).slice(0, -40), /cut short|no end record/);
refuse('cut in the data', rawZip([one, two]).slice(0, 33), /cut short|no end record/);
refuse('bytes after the end', rawZip([one], { after: utf8('more') }), /continues after its end/);
refuse(
  'bytes behind NULs behind the end',
  rawZip([one], { after: utf8('\0\0\n.') }),
  /continues after its end/,
);
refuse(
  'more NULs behind the end than a comment can have',
  rawZip([one], { after: new Uint8Array(65_536) }),
  /end/,
);
refuse(
  'NULs behind the end, and an end record in a file that reaches to them',
  rawZip([{ name: 'a', content: join(u(4, 0x06054b50), new Uint8Array(16), u(2, 69 + 9)) }], {
    after: new Uint8Array(9),
  }),
  /more than one end record/,
);
refuse('a comment longer than the input', rawZip([one], { commentLength: 5 }), /cut short/);
refuse(
  'end record in the comment',
  rawZip([one], { comment: rawZip([two]) }),
  /end record|continues/,
);
refuse(
  'end record in the comment, by its signature alone',
  rawZip([one], { comment: utf8('PK\x05\x06') }),
  /second end record/,
);
{
  // A file with the end record of another archive, whose comment would be the rest of the bytes.
  const content = (length: number) => join(rawZip([two]).slice(0, -2), u(2, length), utf8('hello'));
  const [length = 0] = [rawZip([{ ...one, content: content(0) }, two])].map((zip) => zip.length);
  const after = length - (30 + 5 + rawZip([two]).length);
  const zip = rawZip([{ ...one, content: content(after) }, two]);
  refuse('end record in a file, whose comment reaches to the end', zip, /more than one end record/);
}
// The same, wherever the pieces are cut in which an archive is read forward.
for (let shift = -30; shift <= 8; shift++) {
  const filler = new Uint8Array(16_384 - 35 + shift);
  const record = rawZip([]).slice(0, -2);
  const content = (length: number) => join(filler, record, u(2, length));
  const reach = rawZip([{ ...one, content: content(0) }]).length - 35 - content(0).length;
  refuse(
    `end record in a file, ${shift} bytes after the first piece`,
    rawZip([{ ...one, content: content(reach) }]),
    /more than one end record/,
  );
}
refuse('one entry too few in the end record', rawZip([one, two], { count: 1 }), /contradicts/);
refuse('one entry too many', rawZip([one, two], { count: 3 }), /contradicts/);
refuse('counts that differ', rawZip([one, two], { diskCount: 1 }), /contradicts/);
refuse(
  'another offset of the directory',
  rawZip([one, two], { offset: 1 }),
  /contradicts|in front/,
);
refuse('another size of the directory', rawZip([one, two], { size: 1 }), /contradicts|in front/);
refuse('a directory beyond the input', rawZip([one, two], { offset: 2 ** 31 }), /contradicts/);
refuse(
  'full fields without Zip64',
  rawZip([one], { size: 2 ** 32 - 1, offset: 2 ** 32 - 1 }),
  /contradicts/,
);
for (const end of [{ disk: 1 }, { directoryDisk: 1 }, { disk: 0xffff }]) {
  refuse(`multi-disk: ${JSON.stringify(end)}`, rawZip([one], end), /multi-disk/);
}
refuse('an entry on another disk', entry({ central: { disk: 1 } }), /multi-disk/);

const plain = rawZip([one]);
const start = plain.length - 22 - 51;
const honest64 = { at: start + 51, count: 1, size: 51, offset: start };
for (const [name, lie, message] of [
  ['count', { count: 2 }, /contradicts/],
  ['size', { size: 50 }, /contradicts|in front/],
  ['offset', { offset: start + 1 }, /contradicts|other data/],
  ['place', { at: start }, /contradicts/],
  ['length', { length: 45 }, /contradicts/],
  ['disk', { disk: 1 }, /multi-disk/],
  ['number of disks', { diskCount: 2 }, /multi-disk/],
] as const) {
  refuse(
    `Zip64 end record that lies: ${name}`,
    rawZip([one], { between: zip64End({ ...honest64, ...lie }) }),
    message,
  );
}
refuse(
  'Zip64 locator without a record',
  rawZip([one], { between: zip64End(honest64).subarray(56) }),
  /contradicts|other data|in front/,
);
refuse(
  'Zip64 locator in the comment of the last record',
  rawZip([{ ...one, central: { comment: zip64End(honest64).subarray(56) } }]),
  /another one|contradicts/,
);

test();

describe.each(READERS)('%s', (_, read) => {
  it('reads the archives from which the hostile ones are made', async () => {
    const files = await read(rawZip([one, two]));
    expect(files).toEqual(
      new Map([
        ['a.txt', utf8('hello')],
        ['b.txt', utf8('world')],
      ]),
    );
    await read(entry({ ...described, after: descriptor(CRC, 10, 5) }));
    await read(rawZip([one], { between: zip64End(honest64) }));
  });
});
