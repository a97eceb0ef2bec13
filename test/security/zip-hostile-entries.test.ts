// Archives with an entry whose headers, data or extra fields contradict each other. Each of the three readers refuses them.

import { hostileZips } from '../support/hostile-zips.ts';
import {
  CRC,
  deflated,
  described,
  descriptor,
  entry,
  zip64Field,
} from '../support/two-file-zip.ts';
import { join, u } from '../support/zip.ts';

const { refuse, test } = hostileZips();

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

refuse('no descriptor', entry(described), /descriptor|are part of no file/, 'a.txt');
refuse(
  'descriptor with another CRC-32',
  entry({ ...described, after: descriptor(1, 10, 5) }),
  /descriptor|are part of no file/,
  'a.txt',
);
refuse(
  'descriptor with another size',
  entry({ ...described, after: descriptor(CRC, 10, 6) }),
  /descriptor|are part of no file/,
  'a.txt',
);
refuse(
  'descriptor and a byte more',
  entry({ ...described, after: join(descriptor(CRC, 10, 5), Uint8Array.of(0)) }),
  /descriptor|are part of no file/,
  'a.txt',
);

refuse('Zip64 field with another size', entry({ extra: zip64Field(6, 5) }), /Zip64/, 'a.txt');
refuse(
  'Zip64 field with another offset',
  entry({ central: { extra: zip64Field(5, 5, 1) } }),
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
  entry({ size: 2 ** 32 - 1, extra: join(zip64Field(5), zip64Field(6)) }),
  /two Zip64/,
);
refuse('extra field that is cut', entry({ extra: Uint8Array.of(1, 0, 9, 0) }), /extra field/);
refuse('rest of an extra field', entry({ extra: Uint8Array.of(1, 2, 3) }), /extra field/);

test();
