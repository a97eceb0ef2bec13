// The message and the place that are reported of an entry that is refused. Which entries are refused at all is tested in
// test/security/zip-hostile-entries.test.ts and zip-hostile-names.test.ts.

import { deflateSync } from 'fflate';
import { printable } from '../../../../src/archive/format/printable.ts';
import { refusedZips, type Said } from '../../../support/refused-zips.ts';
import {
  CRC,
  deflated,
  described,
  descriptor,
  entry,
  one,
  two,
  zip64Field,
} from '../../../support/two-file-zip.ts';
import { join, plainCrc32, type RawEntry, rawZip, u, utf8 } from '../../../support/zip.ts';

// Where the parts of an archive of the two begin.
const SECOND = 40;
const DIRECTORY = 80;
const FULL = 2 ** 32 - 1;
const AGAIN = 'make the archive again with a common zip tool';
const FETCH = 'fetch or make the archive again';

const { refuse, test } = refusedZips();

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

for (const [name, fields, what] of [
  ['cut', { extra: Uint8Array.of(1, 0, 9, 0) }, 'has an extra field that is cut short'],
  ['a rest', { extra: Uint8Array.of(0, 0, 1) }, 'has an extra field that is cut short'],
  [
    'twice',
    { size: FULL, extra: join(zip64Field(5), zip64Field(5)) },
    'has two Zip64 fields in one header',
  ],
  ['missing', { size: FULL }, 'has a Zip64 field that contradicts its header'],
  [
    'too short',
    { size: FULL, compressedSize: FULL, extra: zip64Field(5) },
    'has a Zip64 field that contradicts its header',
  ],
  ['another size', { extra: zip64Field(6, 5) }, 'has a Zip64 field that contradicts its header'],
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

refuse('two names', entry({ central: { name: 'c.txt' } }), another('name', 'c.txt'));
refuse(
  'the longest name beside the data',
  entry({ local: { name: 'n'.repeat(65_535) } }),
  another('name'),
  [
    `"${printable('n'.repeat(65_535))}" is longer than 1024 bytes, which not every device can open: shorten it`,
  ],
);
const inTwoEncodings = (name: Uint8Array, path: string) => ({
  name,
  flags: 0,
  extra: join(u(2, 0x7075, 5 + path.length), Uint8Array.of(1), u(4, plainCrc32(name)), utf8(path)),
});
refuse(
  'two names whose bytes are the same together with the Unicode path',
  entry({
    local: inTwoEncodings(Uint8Array.of(0x82), 'ab'),
    central: inTwoEncodings(Uint8Array.of(0x82, 0x61), 'b'),
  }),
  another('name', 'b'),
);
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

test();
