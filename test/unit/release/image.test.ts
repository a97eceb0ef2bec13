import { describe, expect, it } from 'vitest';
import { imageLength, parseImage, writeImage } from '../../../src/release/image.ts';
import { thrown } from '../../support/errors.ts';
import { join, utf8 } from '../../support/zip.ts';

const file = (path: string, bytes: Uint8Array) => ({ path, name: utf8(path), bytes });

describe('an image', () => {
  const files = [
    file('a', utf8('')),
    file('b/\u00e9.js', utf8('0123456789')),
    file('b2', utf8('x')),
  ];

  it('consists of the list of the files, an empty line and the contents', () => {
    const image = new Uint8Array(imageLength(files));
    writeImage(files, image);
    expect(image).toEqual(utf8('0 a\n10 b/\u00e9.js\n1 b2\n\n0123456789x'));
    expect(parseImage(image, 3)).toEqual(files);
  });

  it('gives its files as views of one buffer', () => {
    const image = new Uint8Array(imageLength(files));
    writeImage(files, image);
    for (const { bytes } of parseImage(image, 3)) expect(bytes.buffer).toBe(image.buffer);
  });

  it('may have a list of any length, of paths of up to 1,024 bytes', () => {
    const many = Array.from({ length: 300 }, (_, i) => file(`assets/${1000 + i}.js`, utf8('x')));
    const long = file(`b/${`${'c'.repeat(255)}/`.repeat(3)}${'d'.repeat(254)}`, utf8('y'));
    expect(long.name).toHaveLength(1024);
    const image = new Uint8Array(imageLength([...many, long]));
    writeImage([...many, long], image);
    expect(parseImage(image, 65_536)).toEqual([...many, long]);
    const over = `1 ${long.path}a\n\ny`;
    expect(thrown(() => parseImage(utf8(over), 1), 'ERR_PATCH_INVALID').message).toMatch(
      '1024 bytes',
    );
  });

  it('may have as many files as the limit, and not one more', () => {
    const image = utf8('0 a\n0 b\n\n');
    expect(parseImage(image, 2)).toHaveLength(2);
    expect(thrown(() => parseImage(image, 1), 'ERR_PATCH_INVALID').message).toMatch(/more than 1/);
  });
});

const MALFORMED = /malformed/;
const SIZES = /sizes/;
const ORDER = /order/;
const PATH = /path is refused/;
const BAD: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['that is empty', '', MALFORMED],
  ['without files', '\n', /no files/],
  ['whose list has no end', '1 a\n', MALFORMED],
  ['whose list is cut in a path', '1 a', MALFORMED],
  ['whose list is cut in a size', '1', MALFORMED],
  ['with a size that begins with a zero', '01 a\n\nx', MALFORMED],
  ['with a size of two zeros', '00 a\n\n', MALFORMED],
  ['without a size', ' a\n\n', MALFORMED],
  ['with a signed size', '+1 a\n\nx', MALFORMED],
  ['with a negative size', '-1 a\n\n', MALFORMED],
  ['with a hexadecimal size', '0x1 a\n\nx', MALFORMED],
  ['with a size with a fraction', '1.0 a\n\nx', MALFORMED],
  ['with a size of eleven digits', '10000000000 a\n\nx', MALFORMED],
  ['with a size that is larger than the image', '9999999999 a\n\nx', SIZES],
  ['with a size that is one too large', '2 a\n\nx', SIZES],
  ['with a size that is one too small', '1 a\n\nxx', SIZES],
  ['with sizes that are too large together', '3 a\n3 b\n\nxxxxx', SIZES],
  ['with a tab behind the size', '1\ta\n\nx', MALFORMED],
  ['with a carriage return', '1 a\r\n\nx', PATH],
  ['with files out of order', '0 b\n0 a\n\n', ORDER],
  ['with a file twice', '0 a\n0 a\n\n', ORDER],
  ['in the order of UTF-16', '0 \u{1f600}\n0 \uff5e\n\n', ORDER],
  ['with a path of over 1,024 bytes', `0 ${'a/'.repeat(600)}a\n\n`, MALFORMED],
  ['with a path that is not UTF-8', join(utf8('0 '), Uint8Array.of(0xff), utf8('\n\n')), MALFORMED],
  ['with a path without letters', '0 \n\n', PATH],
  ['with a path that is not NFC', '0 e\u0301\n\n', PATH],
  ['with a path that climbs out', '0 ../a\n\n', PATH],
  ['with an absolute path', '0 /a\n\n', PATH],
  ['with a backslash', '0 a\\b\n\n', PATH],
  ['with a NUL', '0 a\0\n\n', PATH],
  ['with a device of Windows', '0 con.js\n\n', PATH],
  ['with a path that is a folder of another', '0 a\n0 a/b\n\n', PATH],
  ['with paths that differ in case alone', '0 A\n0 a\n\n', PATH],
  ['with paths that full case folding makes one', '0 SS\n0 \u00df\n\n', PATH],
  ['with the stamp', '0 bundleseal-release.json\n\n', /path is refused .* is the stamp\)/],
];

describe('an image is refused', () => {
  it.each(BAD)('%s', (_, image, said) => {
    const bytes = typeof image === 'string' ? utf8(image) : image;
    expect(thrown(() => parseImage(bytes, 65_536), 'ERR_PATCH_INVALID').message).toMatch(said);
  });
});
