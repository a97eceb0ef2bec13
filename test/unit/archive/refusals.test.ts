// What is said of an archive that is refused: the fault, its place, and what to do. What is refused at all, and by
// whom, is in test/security/zip-hostile.test.ts.

import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { rejection } from '../../support/errors.ts';
import {
  deflatedAsIs,
  join,
  type RawEnd,
  type RawEntry,
  rawZip,
  u,
  utf8,
  viaBundle,
  viaRanges,
  viaStream,
  zip64End,
} from '../../support/zip.ts';

const one: RawEntry = { name: 'a.txt', content: utf8('hello') };
const two: RawEntry = { name: 'b.txt', content: utf8('world') };
// Where the parts of an archive of the two begin.
const SECOND = 40;
const DIRECTORY = 80;
const END = 182;

const entry = (more: Partial<RawEntry>, end?: RawEnd) => rawZip([{ ...one, ...more }, two], end);
const deflated = { data: deflatedAsIs(utf8('hello')) };
const FULL = 2 ** 32 - 1;

type Said = readonly [message: string, offset?: number | undefined];

interface Case {
  readonly name: string;
  readonly zip: Uint8Array;
  /** What the readers say that begin with the directory. */
  readonly whole: Said;
  /** What the one says that goes forward. */
  readonly forward: Said;
}

const cases: Case[] = [];
function refuse(name: string, zip: Uint8Array, whole: Said, forward: Said = whole): void {
  cases.push({ name, zip, whole, forward });
}

const AGAIN = 'make the archive again with a common zip tool';
const FETCH = 'fetch or make the archive again';

for (const [name, kind, what] of [
  ['character device', 0o020000, 'a device'],
  ['special file', 0o030000, 'a special file'],
  ['block device', 0o060000, 'a device'],
  ['symbolic link', 0o120000, 'a symbolic link'],
  ['socket', 0o140000, 'a socket'],
] as const) {
  refuse(name, entry({ central: { attributes: (kind | 0o644) * 2 ** 16 } }), [
    `"a.txt" is ${what}: put the file itself into the archive (zip without -y)`,
  ]);
}
refuse('folder by mode alone', entry({ central: { attributes: 0o040755 * 2 ** 16 } }), [
  `"a.txt" is a folder according to its attributes, but not its name: ${AGAIN}`,
]);
refuse('folder with content', entry({ name: 'a/' }), [`"a/" is a folder with content: ${AGAIN}`]);
refuse('patch', entry({ flags: 0x820 }), [`"a.txt" is a patch and not a file: ${AGAIN}`]);
refuse('encrypted', entry({ flags: 0x801 }), [
  '"a.txt" is encrypted: zip without a password, sealing the bundle encrypts it',
]);
refuse('unknown method', entry({ method: 14 }), [
  '"a.txt" is compressed by method 14: zip with deflate, or without compression',
]);
refuse('another disk', entry({ central: { disk: 1 } }), [
  'the archive is one of several parts (multi-disk): join them into one zip',
]);
for (const [name, bytes, shown] of [
  ['the first', [0x80], '\\x80'],
  ['the last', [0x7f, 0xff], '\\u{7f}\\xff'],
] as const) {
  refuse(
    `no UTF-8 where the flag says so, ${name} byte that is not ASCII`,
    entry({ name: Uint8Array.from(bytes) }),
    [
      `"${shown}" says that its name is UTF-8, which it is not: zip again with a tool that writes names in UTF-8`,
      DIRECTORY - 5 + bytes.length,
    ],
    [
      `"${shown}" says that its name is UTF-8, which it is not: zip again with a tool that writes names in UTF-8`,
      0,
    ],
  );
}
refuse(
  'a name in an unknown encoding',
  rawZip([one, { ...two, name: Uint8Array.of(0x82, 0x61, 0x62, 0x63, 0x64), flags: 0 }]),
  [
    '"\\x82abcd" has a name in an unknown encoding: zip again with a tool that writes names in UTF-8',
    DIRECTORY + 51,
  ],
  [
    '"\\x82abcd" has a name in an unknown encoding: zip again with a tool that writes names in UTF-8',
    SECOND,
  ],
);

const zip64 = (...values: number[]) => join(u(2, 1, 8 * values.length), u(8, ...values));
for (const [name, fields, what] of [
  ['cut', { extra: Uint8Array.of(1, 0, 9, 0) }, 'has an extra field that is cut short'],
  ['a rest', { extra: Uint8Array.of(0, 0, 1) }, 'has an extra field that is cut short'],
  ['twice', { size: FULL, extra: join(zip64(5), zip64(5)) }, 'has two Zip64 fields in one header'],
  ['missing', { size: FULL }, 'has a Zip64 field that contradicts its header'],
  [
    'too short',
    { size: FULL, compressedSize: FULL, extra: zip64(5) },
    'has a Zip64 field that contradicts its header',
  ],
  ['another size', { extra: zip64(6, 5) }, 'has a Zip64 field that contradicts its header'],
  [
    'an odd length',
    { extra: join(u(2, 1, 2), u(2, 0)) },
    'has a Zip64 field that contradicts its header',
  ],
  [
    'another name',
    { extra: join(u(2, 0x7075, 10), Uint8Array.of(1), u(4, 0), utf8('c.txt')) },
    'has a Unicode path field that was made for another name',
  ],
] as const) {
  const said = (path: string) => `"${path}" ${what}: ${AGAIN}`;
  const length = 'extra' in fields ? fields.extra.length : 0;
  const first = rawZip([{ ...one, local: fields, central: fields }, two]);
  refuse(`extra field: ${name}`, first, [said('a.txt'), DIRECTORY + length], [said('a.txt'), 0]);
  const second = rawZip([one, { ...two, local: fields, central: fields }]);
  refuse(
    `extra field of the second file: ${name}`,
    second,
    [said('b.txt'), DIRECTORY + length + 51],
    [said('b.txt'), SECOND],
  );
}

// The two headers of an entry.
const another = (field: string, path = 'a.txt'): Said => [
  `"${path}" has another ${field} beside its data than in the directory: ${AGAIN}`,
];
const damaged: Said = [`"a.txt" is damaged: its CRC-32 does not match: ${FETCH}`];
const twoSizes: Said = [`"a.txt" is stored, yet its two sizes differ: ${AGAIN}`];
const described = { ...deflated, flags: 0x808 };
const descriptor = (crc: number, compressed: number, size: number) =>
  u(4, 0x08074b50, crc, compressed, size);
const CRC = 0x3610a686;

refuse('two names', entry({ central: { name: 'c.txt' } }), another('name', 'c.txt'));
refuse('other flags', entry({ central: { flags: 0x808 } }), another('flags'));
refuse(
  'two methods',
  // Four letters that deflate makes into four bytes.
  rawZip([
    { ...one, content: utf8('aaaa'), data: deflateSync(utf8('aaaa')), central: { method: 0 } },
  ]),
  another('method'),
);
refuse('two CRC-32', entry({ local: { crc: 1 } }), another('CRC-32'), damaged);
refuse('no CRC-32', entry({ local: { crc: 0 } }), another('CRC-32'), damaged);
refuse('another CRC-32 in the directory', entry({ central: { crc: 1 } }), another('CRC-32'));
refuse(
  'another CRC-32 though it comes after the data',
  entry({ ...described, after: descriptor(CRC, 10, 5), local: { crc: 1 } }),
  another('CRC-32'),
  damaged,
);
refuse('two sizes', entry({ local: { size: 6 } }), another('size'), twoSizes);
refuse('two deflated sizes', entry({ local: { compressedSize: 6 } }), another('size'), twoSizes);
refuse(
  'another size in the directory',
  entry({ ...deflated, central: { size: 6 } }),
  another('size'),
);
refuse(
  'another deflated size in the directory',
  entry({ ...deflated, central: { compressedSize: 9 } }),
  another('size'),
);
// Stored as nothing, with its sizes after it: what a header says as 0 then counts as not said.
const nothing: RawEntry = { name: 'a.txt', flags: 0x808, after: descriptor(0, 0, 0) };
const other: Said = [`"a.txt" has other content than the directory says: ${FETCH}`];
refuse(
  'nothing, by the directory with a CRC-32',
  rawZip([{ ...nothing, central: { crc: 1 } }]),
  damaged,
  other,
);
refuse(
  'nothing, by the directory something',
  rawZip([{ ...nothing, central: { size: 1 } }]),
  [`"a.txt" is shorter than the archive says: ${FETCH}`],
  other,
);
refuse(
  'nothing, by the directory something stored',
  rawZip([{ ...nothing, central: { compressedSize: 16 } }]),
  [`"a.txt" is longer than the archive says: ${FETCH}`],
  other,
);
refuse(
  'stored, its size known, how much is stored not',
  entry({ flags: 0x808, local: { size: 5 }, after: descriptor(CRC, 5, 4) }),
  ['"a.txt" is followed by bytes that are part of no file: fetch or make the archive again', 40],
  [
    '"a.txt" is stored with its size after its data, which can not be read forward: use unzipBundle or openZip, or deflate it',
  ],
);
refuse('a size before nothing', rawZip([{ ...nothing, local: { size: 5 } }]), another('size'), [
  '"a.txt" is stored with its size after its data, which can not be read forward: use unzipBundle or openZip, or deflate it',
]);

// The data.
for (const [name, more, what] of [
  ['longer', { size: 4 }, 'is longer than the archive says'],
  ['shorter', { size: 6 }, 'is shorter than the archive says'],
  ['without an end', { data: Uint8Array.of(0x4b) }, 'continues after the end of its data'],
  ['with more', { data: join(deflated.data, u(2, 0)) }, 'has bytes after the end of its data'],
  ['no such data', { data: Uint8Array.of(7, 7, 7) }, 'holds data that can not be inflated'],
  ['with another CRC-32', { crc: 1 }, 'is damaged: its CRC-32 does not match'],
] as const) {
  refuse(`deflated, ${name}`, entry({ ...deflated, ...more }), [`"a.txt" ${what}: ${FETCH}`]);
}
refuse('deflated, without any data', rawZip([{ name: 'a.txt', data: new Uint8Array(0) }]), [
  `"a.txt" continues after the end of its data: ${FETCH}`,
]);
for (const [name, after] of [
  ['CRC-32', descriptor(1, 10, 5)],
  ['deflated size', descriptor(CRC, 9, 5)],
  ['size', descriptor(CRC, 10, 6)],
  ['size in 64 bits', join(u(4, 0x08074b50, CRC), u(8, 10, 6))],
  ['signature', u(4, 0x08074b51, CRC, 10, 5)],
  ['signature in 64 bits', join(u(4, 0x08074b51, CRC), u(8, 10, 5))],
] as const) {
  refuse(
    `descriptor of another ${name}`,
    entry({ ...described, after }),
    ['"a.txt" is followed by bytes that are part of no file: fetch or make the archive again', 45],
    [`"a.txt" has data that its descriptor does not match: ${FETCH}`, 45],
  );
}

// The whole.
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

describe.each([
  ['unzipBundle', viaBundle, 'whole'],
  ['openZip', viaRanges, 'whole'],
  ['unzipStream', viaStream, 'forward'],
] as const)('%s says what is wrong and where', (_, read, way) => {
  it.each(cases)('$name', async ({ zip, [way]: [message, offset] }) => {
    const error = await rejection(read(zip), 'ERR_ARCHIVE_INVALID');
    expect(error.message).toBe(message);
    expect(error.offset).toBe(offset);
    expect(error.path).toBe(/^"(.*?)" /.exec(message)?.[1]);
  });
});

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
