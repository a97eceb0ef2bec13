// What tools write that says nothing of the content: read, and read alike.

import { describe, expect, it } from 'vitest';
import { checkArchive } from '../../../../src/archive/check.ts';
import { READERS } from '../../../support/readers.ts';
import { join, plainCrc32, type RawEntry, rawZip, u, utf8 } from '../../../support/zip.ts';

const hello = utf8('hello');
const zip64 = (...values: number[]) => join(u(2, 1, 8 * values.length), u(8, ...values));
const unicodePath = (of: Uint8Array, name: string) =>
  join(u(2, 0x7075, 5 + utf8(name).length), Uint8Array.of(1), u(4, plainCrc32(of)), utf8(name));
/** "при.txt" in code page 866. */
const russian = Uint8Array.of(0xaf, 0xe0, 0xa8, 0x2e, 0x74, 0x78, 0x74);
const extra = unicodePath(russian, 'при.txt');
const FULL = 2 ** 32 - 1;

const one = (entry: Partial<RawEntry>, end = {}) =>
  rawZip([{ name: 'a.txt', content: hello, ...entry }], end);

const cases: [what: string, zip: Uint8Array, path?: string][] = [
  ['a local Zip64 field that is not needed', one({ local: { extra: zip64(5, 5) } })],
  ['one with another deflated size', one({ local: { extra: zip64(5, 7) } })],
  [
    'a Zip64 field in the directory that is not needed',
    one({ central: { extra: zip64(5, 5, 0) } }),
  ],
  [
    'a Zip64 field with the number of the disk',
    one({ central: { extra: join(u(2, 1, 28), u(8, 5, 5, 0), u(4, 0)) } }),
  ],
  [
    'a Zip64 field of which only a part is needed',
    one({ local: { size: FULL, extra: zip64(5, 5) } }),
  ],
  ['other bits for how hard it was deflated', one({ flags: 2, local: { flags: 4 } })],
  ['bits that are reserved', one({ flags: 0x4080, local: { flags: 0 } })],
  ['the UTF-8 flag of a name of ASCII in the directory alone', one({ local: { flags: 0 } })],
  ['"./" before a name', one({ name: './a.txt' })],
  ['"./" before a name, twice', one({ name: '././a.txt' })],
  [
    'an entry "/"',
    rawZip([
      { name: '/', central: { attributes: 0x10 } },
      { name: 'a.txt', content: hello },
    ]),
  ],
  ['an entry "./"', rawZip([{ name: './' }, { name: './a.txt', content: hello }])],
  ['a folder twice', rawZip([{ name: 'b/' }, { name: 'b/' }, { name: 'a.txt', content: hello }])],
  [
    'a folder with the mode of a file',
    rawZip([
      { name: 'b/', central: { attributes: 0o100644 * 2 ** 16 } },
      { name: 'a.txt', content: hello },
    ]),
  ],
  ['NULs behind the end', one({}, { after: new Uint8Array(4096) })],
  ['as many NULs as a comment could have', one({}, { after: new Uint8Array(65_535) })],
  ['a line break behind the end', one({}, { after: utf8('\n') })],
  ['a line break of DOS behind a comment', one({}, { comment: utf8('Hi'), after: utf8('\r\n') })],
  [
    'a name in an old encoding and its Unicode path',
    one({ name: russian, flags: 0, extra }),
    'при.txt',
  ],
  ['a Unicode path that is the name', one({ extra: unicodePath(utf8('a.txt'), 'a.txt') })],
  ['the mode of a pipe', one({ central: { attributes: 0o010600 * 2 ** 16 } })],
  ['no kind of file in its mode', one({ central: { attributes: 0o600 * 2 ** 16 } })],
  ['an extra field that pads', one({ local: { extra: join(u(2, 0xd935, 6), u(2, 4, 0, 0)) } })],
];

describe.each(READERS)('%s reads', (_, read) => {
  it.each(cases)('%s', async (_what, zip, path = 'a.txt') => {
    expect(await read(zip)).toEqual(new Map([[path, hello]]));
  });
});

describe('checkArchive', () => {
  it.each(cases)('accepts %s', async (_what, zip, path = 'a.txt') => {
    const { files, notForward } = await checkArchive(zip);
    expect(files.map((file) => file.path)).toEqual([path]);
    expect(notForward).toBeUndefined();
  });
});
