// The message and the place that are reported of an archive whose parts or end record are refused. Which archives are
// refused at all is tested in test/security/zip-hostile-layout.test.ts.

import { refusedZips, type Said } from '../../../support/refused-zips.ts';
import { one, two } from '../../../support/two-file-zip.ts';
import { join, type RawEnd, rawZip, u, utf8, zip64End } from '../../../support/zip.ts';

// Where the parts of an archive of the two begin.
const SECOND = 40;
const DIRECTORY = 80;
const END = 182;

const { refuse, test } = refusedZips();

refuse(
  'something in front',
  join(utf8('MZ'), rawZip([one, two])),
  [
    'the archive has 2 bytes that are part of no file, as a program in front of it (a self-extracting archive): pass the zip without them',
    END + 2,
  ],
  ['the archive does not begin with a file: it is not a zip, or has something in front of it', 0],
);
{
  const large = rawZip([{ ...one, content: new Uint8Array(100_000) }]);
  refuse(
    'something in front of a larger archive',
    join(utf8('MZ'), large),
    [
      'the archive has 2 bytes that are part of no file, as a program in front of it (a self-extracting archive): pass the zip without them',
      large.length + 2 - 22,
    ],
    ['the archive does not begin with a file: it is not a zip, or has something in front of it', 0],
  );
}
refuse(
  'bytes between entries',
  rawZip([one, { ...two, before: utf8('gap') }]),
  [
    '"a.txt" is followed by bytes that are part of no file: fetch or make the archive again',
    SECOND,
  ],
  ['the archive has bytes that are part of no file: fetch or make it again', SECOND],
);
refuse(
  'bytes after the directory',
  rawZip([one, two], { between: utf8('gap') }),
  [
    'the archive has 3 bytes that are part of no file, as a program in front of it (a self-extracting archive): pass the zip without them',
    END + 3,
  ],
  ['the archive has other data in the place of its directory: fetch or make it again', END],
);
refuse(
  'bytes after the end',
  rawZip([one, two], { comment: utf8('mine'), after: utf8('more') }),
  ['the archive is cut short or continues after its end: fetch or make it again'],
  ['the archive continues after its end: pass the zip without the appended bytes', END + 22 + 4],
);
refuse(
  'text',
  utf8('<!doctype html><title>404 Not Found</title>'),
  ['the archive has no end record: it is not a zip, or was cut short'],
  ['the archive does not begin with a file: it is not a zip, or has something in front of it', 0],
);
refuse(
  'nothing at all',
  new Uint8Array(0),
  ['the archive has no end record: it is not a zip, or was cut short'],
  ['the archive is cut short: fetch or make it again', 0],
);
refuse(
  'an entry that the directory leaves out',
  rawZip([one, two], { order: [0] }),
  [
    '"a.txt" is followed by bytes that are part of no file: fetch or make the archive again',
    SECOND,
  ],
  ['"b.txt" is not in the directory: fetch or make the archive again'],
);
refuse(
  'an entry twice in the directory',
  rawZip([one, two], { order: [0, 1, 0] }),
  ['"a.txt" is there twice: keep one of the two'],
  ['"a.txt" is not where the directory says: fetch or make the archive again'],
);
refuse('a second end record', rawZip([one], { comment: utf8('PK\x05\x06') }), [
  'the archive has a second end record in its comment, which only a manipulated archive has: make the archive again',
]);

// The end record, and that of Zip64.
const lies = (offset?: number): Said => [
  'the archive has an end record that contradicts its directory: fetch or make it again',
  offset,
];
const parts: Said = ['the archive is one of several parts (multi-disk): join them into one zip'];
const honest = { at: END, count: 2, size: END - DIRECTORY, offset: DIRECTORY };
const ended = (end: RawEnd, fields: Partial<typeof honest> = {}) =>
  rawZip([one, two], { between: zip64End({ ...honest, ...fields }), ...end });
/** An honest Zip64 record and its locator with a number of 32 bits put in. */
const put = (at: number, value: number) => {
  const between = zip64End(honest).slice();
  between.set(u(4, value), at);
  return rawZip([one, two], { between });
};

refuse('one entry too few', rawZip([one, two], { count: 1 }), lies(END));
refuse('one entry too few in one field', rawZip([one, two], { diskCount: 1 }), lies(END));
refuse('a directory beyond the end', rawZip([one, two], { offset: 500 }), lies(END));
for (const end of [{ disk: 1 }, { directoryDisk: 1 }, { disk: 0xffff }]) {
  refuse(`one of several: ${JSON.stringify(end)}`, rawZip([one, two], end), parts);
}
for (const end of [{ count: 1 }, { diskCount: 1 }, { size: 1 }, { offset: 1 }]) {
  refuse(`beside Zip64, ${JSON.stringify(end)}`, ended(end), lies(END + 76));
}
for (const end of [{ disk: 1 }, { directoryDisk: 0xfffe }]) {
  refuse(`beside Zip64, ${JSON.stringify(end)}`, ended(end), parts);
}
refuse('Zip64, another count', ended({}, { count: 3 }), lies(END));
refuse('Zip64, another place', ended({}, { at: END - 1 }), lies(END));
for (const [name, at] of [
  ['the disk', 16],
  ["the directory's disk", 20],
  ["the locator's disk", 60],
] as const) {
  refuse(`Zip64, ${name}`, put(at, 1), parts);
}
refuse('Zip64, the number of disks', put(72, 2), parts);
refuse('Zip64, one of the two counts', put(24, 1), lies(END));
refuse('Zip64, the other', put(32, 1), lies(END));
refuse('Zip64, its length', put(4, 45), lies(END));
refuse('Zip64 record that is none', put(0, 0x06064b51), lies(), [
  'the archive has other data in the place of its directory: fetch or make it again',
  END,
]);
refuse(
  'Zip64 locator that is none',
  put(56, 0x07064b51),
  [
    'the archive has 76 bytes that are part of no file, as a program in front of it (a self-extracting archive): pass the zip without them',
    END + 76,
  ],
  lies(END),
);
refuse('Zip64, another size', ended({}, { size: END - DIRECTORY + 1 }), lies(END + 76), lies(END));
refuse('Zip64, another offset', ended({}, { offset: DIRECTORY + 1 }), lies(END + 76), lies(END));

test();
