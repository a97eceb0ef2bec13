// Archives that mean harm, or that two readers would read differently: each built byte by byte, and refused by
// all three readers, for the reason that is theirs.

import { describe, expect, it } from 'vitest';
import { BundleSealError } from '../../src/zip.ts';
import { READERS } from '../support/readers.ts';
import {
  deflatedAsIs,
  join,
  plainCrc32,
  type RawEnd,
  type RawEntry,
  rawZip,
  u,
  utf8,
  zip64End,
} from '../support/zip.ts';

const one: RawEntry = { name: 'a.txt', content: utf8('hello') };
const two: RawEntry = { name: 'b.txt', content: utf8('world') };
const SYMLINK = 0o120777 * 2 ** 16;

interface Case {
  readonly name: string;
  readonly zip: Uint8Array;
  readonly message: RegExp;
  readonly path?: string;
}

const cases: Case[] = [];
function refuse(name: string, zip: Uint8Array, message: RegExp, path?: string): void {
  cases.push({ name, zip, message, ...(path === undefined ? {} : { path }) });
}
const entry = (more: Partial<RawEntry>, end?: RawEnd) => rawZip([{ ...one, ...more }, two], end);

for (const [path, message] of [
  ['../evil', /climbs/],
  ['a/../../evil', /climbs/],
  ['..', /climbs/],
  ['/etc/passwd', /absolute/],
  ['//server/share', /absolute/],
  ['\\\\server\\share', /backslash/],
  ['..\\evil', /backslash/],
  ['C:/evil', /drive/],
  ['c:evil', /drive/],
  ['a//b', /without a name/],
  ['.//a', /absolute/],
  ['./../a', /climbs/],
  ['a/./b', /"\."/],
  ['', /is empty/],
  ['.//', /is empty/],
  ['ab:stream', /Windows/],
  ['NUL', /device/],
  ['a/con.tar.gz', /device/],
  ['COM¹', /device/],
  ['a./b', /dot or a space/],
  ['a ', /dot or a space/],
  ['a<b', /Windows/],
  [`${'x'.repeat(256)}`, /255/],
  [`${'x/'.repeat(600)}x`, /1024/],
] as const) {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  refuse(`path ${JSON.stringify(path).slice(0, 40)}`, entry({ name: path }), message, shown);
}
refuse('NUL in a name', entry({ name: 'a\0b' }), /control/, 'a\\u{0}b');
refuse('escape sequence in a name', entry({ name: '\u001b[2J' }), /control/, '\\u{1b}[2J');
refuse('folder that climbs', entry({ name: '../', content: utf8('') }), /climbs/, '../');
refuse(
  'bad UTF-8 under bit 11',
  entry({ name: Uint8Array.of(0x61, 0xff) }),
  /not$|which it is not/,
  'a\\xff',
);
refuse(
  'bad UTF-8 without bit 11',
  entry({ name: Uint8Array.of(0x82, 0x61), flags: 0 }),
  /unknown encoding/,
  '\\x82a',
);
refuse('overlong UTF-8 of ".."', entry({ name: Uint8Array.of(0xc0, 0xae, 0x2e) }), /UTF-8/);

refuse('one path twice', rawZip([one, one]), /twice/, 'a.txt');
refuse('one path in two cases', rawZip([one, { ...two, name: 'A.TXT' }]), /case/, 'A.TXT');
refuse(
  'one path in NFC and NFD',
  rawZip([
    { ...one, name: 'é' },
    { ...two, name: 'e\u0301' },
  ]),
  /accents/,
);
refuse(
  'file and folder',
  rawZip([
    { ...one, name: 'a' },
    { ...two, name: 'a/b' },
  ]),
  /is a file/,
  'a/b',
);
refuse(
  'folder and file',
  rawZip([
    { ...one, name: 'a/b' },
    { ...two, name: 'A' },
  ]),
  /at once/,
  'A',
);
refuse('file and listed folder', rawZip([{ ...one, name: 'a' }, { name: 'a/' }]), /at once/, 'a');
refuse('listed folder and file', rawZip([{ name: 'a/' }, { ...one, name: 'a' }]), /at once/, 'a');
refuse('folder with content', entry({ name: 'a/' }), /folder with content/, 'a/');

refuse('symbolic link', entry({ central: { attributes: SYMLINK } }), /symbolic link/, 'a.txt');
refuse(
  'symbolic link that says it is from DOS',
  entry({ central: { attributes: SYMLINK, madeBy: 20 } }),
  /symbolic link/,
  'a.txt',
);
refuse('device', entry({ central: { attributes: 0o020666 * 2 ** 16 } }), /device/, 'a.txt');
refuse(
  'folder by mode alone',
  entry({ central: { attributes: 0o040755 * 2 ** 16 } }),
  /but not its name/,
);
refuse(
  'folder by DOS attribute alone',
  entry({ central: { attributes: 0x10 } }),
  /but not its name/,
);

refuse('another name in the directory', entry({ central: { name: 'c.txt' } }), /another name/);
refuse('another method', entry({ local: { method: 8 } }), /another method|can not be inflated/);
refuse('other flags', entry({ central: { flags: 0x808 } }), /another flags/);
refuse(
  'UTF-8 in one header alone',
  entry({ name: 'é', local: { name: 'é', flags: 0 } }),
  /another flags/,
  'é',
);
refuse('another CRC-32 in the local header', entry({ local: { crc: 1 } }), /CRC-32/, 'a.txt');
refuse('another CRC-32 in the directory', entry({ central: { crc: 1 } }), /CRC-32/, 'a.txt');
refuse(
  'another size in the local header',
  entry({ local: { size: 6, compressedSize: 6 } }),
  /size|belong|CRC/,
);
refuse(
  'another size in the directory',
  entry({ central: { size: 6, compressedSize: 6 } }),
  /size|bytes/,
);
refuse(
  'two sizes of a stored file',
  entry({ local: { size: 4 }, central: { size: 4 } }),
  /stored/,
  'a.txt',
);
refuse('wrong CRC-32', entry({ crc: 1 }), /CRC-32/, 'a.txt');
const deflated = { data: deflatedAsIs(utf8('hello')) };
refuse('deflated, longer than it says', entry({ ...deflated, size: 4 }), /longer/, 'a.txt');
refuse('deflated, shorter than it says', entry({ ...deflated, size: 6 }), /shorter/, 'a.txt');
refuse(
  'deflated, with bytes after its end',
  entry({ data: join(deflated.data, u(2, 0)) }),
  /after the end of its data/,
  'a.txt',
);
refuse('deflated, without an end', entry({ data: Uint8Array.of(0x4b) }), /continues/, 'a.txt');
refuse('no deflated data', entry({ data: Uint8Array.of(7, 7, 7) }), /inflated/, 'a.txt');
refuse('unknown method', entry({ method: 14 }), /method 14/, 'a.txt');
refuse('AES by WinZip', entry({ method: 99, flags: 1 }), /encrypted/, 'a.txt');
for (const [name, bit] of [
  ['encrypted', 0],
  ['strongly encrypted', 6],
  ['masked', 13],
] as const) {
  refuse(name, entry({ flags: 0x800 | (1 << bit) }), /encrypted/, 'a.txt');
}
refuse('patch', entry({ flags: 0x820 }), /patch/, 'a.txt');

const described = { ...deflated, flags: 0x808 };
const descriptor = (crc: number, compressed: number, size: number) =>
  join(u(4, 0x08074b50, crc, compressed, size));
const crcOfHello = 0x3610a686;
refuse('no descriptor', entry(described), /descriptor|are part of no file/, 'a.txt');
refuse(
  'descriptor with another CRC-32',
  entry({ ...described, after: descriptor(1, 10, 5) }),
  /descriptor|are part of no file/,
  'a.txt',
);
refuse(
  'descriptor with another size',
  entry({ ...described, after: descriptor(crcOfHello, 10, 6) }),
  /descriptor|are part of no file/,
  'a.txt',
);
refuse(
  'descriptor and a byte more',
  entry({ ...described, after: join(descriptor(crcOfHello, 10, 5), Uint8Array.of(0)) }),
  /descriptor|are part of no file/,
  'a.txt',
);

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
const zip64 = (...values: number[]) => join(u(2, 1, 8 * values.length), u(8, ...values));
refuse('Zip64 field with another size', entry({ extra: zip64(6, 5) }), /Zip64/, 'a.txt');
refuse(
  'Zip64 field with another offset',
  entry({ central: { extra: zip64(5, 5, 1) } }),
  /Zip64/,
  'a.txt',
);
refuse(
  'Zip64 field that is missing',
  entry({ local: { size: 2 ** 32 - 1 }, central: { size: 2 ** 32 - 1 } }),
  /Zip64/,
);
refuse(
  'two Zip64 fields',
  entry({ size: 2 ** 32 - 1, extra: join(zip64(5), zip64(6)) }),
  /two Zip64/,
);
refuse('extra field that is cut', entry({ extra: Uint8Array.of(1, 0, 9, 0) }), /extra field/);
refuse('rest of an extra field', entry({ extra: Uint8Array.of(1, 2, 3) }), /extra field/);
const unicodePath = (of: Uint8Array, name: Uint8Array) =>
  join(u(2, 0x7075, 5 + name.length), Uint8Array.of(1), u(4, plainCrc32(of)), name);
const old = Uint8Array.of(0x94, 0xe1);
refuse(
  'Unicode path field of another name',
  entry({ flags: 0, name: old, extra: unicodePath(utf8('x'), utf8('öß')) }),
  /made for another name/,
  '\\x94\\xe1',
);
refuse(
  'Unicode path field beside a name that can be read',
  entry({ flags: 0, extra: unicodePath(utf8('a.txt'), utf8('c.txt')) }),
  /another name in its Unicode path field/,
  'a.txt',
);
refuse(
  'Unicode path field beside the UTF-8 flag',
  entry({ name: old, extra: unicodePath(old, utf8('öß')) }),
  /which it is not/,
);
refuse(
  'Unicode path field that is not UTF-8',
  entry({ flags: 0, name: old, extra: unicodePath(old, old.subarray(1)) }),
  /not UTF-8/,
);
refuse(
  'Unicode path field that climbs',
  entry({ flags: 0, name: old, extra: unicodePath(old, utf8('../a')) }),
  /climbs/,
  '../a',
);
refuse(
  'two Unicode path fields',
  entry({
    flags: 0,
    name: old,
    extra: join(unicodePath(old, utf8('a')), unicodePath(old, utf8('b'))),
  }),
  /two Unicode path/,
);
refuse(
  'Unicode path field in one header alone',
  entry({ flags: 0, name: old, central: { extra: unicodePath(old, utf8('a')) } }),
  /another name|unknown encoding/,
);
refuse('"./a" beside "a"', rawZip([one, { ...two, name: './a.txt' }]), /twice/, 'a.txt');
refuse('root with content', rawZip([{ name: './', content: utf8('a') }]), /folder with content/);

describe.each(READERS)('%s', (_, read) => {
  it('reads the archives from which the hostile ones are made', async () => {
    const files = await read(rawZip([one, two]));
    expect(files).toEqual(
      new Map([
        ['a.txt', utf8('hello')],
        ['b.txt', utf8('world')],
      ]),
    );
    await read(entry({ ...described, after: descriptor(crcOfHello, 10, 5) }));
    await read(rawZip([one], { between: zip64End(honest64) }));
  });

  it.each(cases)('refuses: $name', async ({ zip, message, path }) => {
    const error: unknown = await read(zip).then(
      () => 'read',
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(BundleSealError);
    const { code, message: said, path: shown } = error as BundleSealError;
    expect(code, said).toBe('ERR_ARCHIVE_INVALID');
    expect(said).toMatch(message);
    if (path !== undefined) expect(shown).toBe(path);
    // Nothing that moves the cursor or turns the text may reach a terminal.
    expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
