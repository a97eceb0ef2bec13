// Archives whose names mean harm, or name another file to another reader. Each of the three readers refuses them.

import { hostileZips } from '../support/hostile-zips.ts';
import { entry, one, two } from '../support/two-file-zip.ts';
import { join, plainCrc32, rawZip, u, utf8 } from '../support/zip.ts';

const SYMLINK = 0o120777 * 2 ** 16;

const { refuse, test } = hostileZips();

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

test();
