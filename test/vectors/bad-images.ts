// Images that no release has. The id of each one is that of the files that a decoder without the check would find, so
// the id does not refuse it.

import { createHash } from 'node:crypto';
import { join as concat, utf8 } from '../support/zip.ts';

export interface BadImage {
  readonly description: string;
  readonly image: Uint8Array;
  /** The id that the patch names. */
  readonly id: string;
  /** A part of the expected message. */
  readonly reason: string;
}

type File = readonly [path: string | Uint8Array, content: string];

const LIST = 'makes a list of files that is malformed';
const ORDER = 'makes a list of files that is out of order';
const NO_FILES = 'makes no files';
const PATH = 'makes a file whose path is refused';
const SIZES = 'makes files whose sizes are not those of its list';

const pathOf = ([path]: File) => (typeof path === 'string' ? utf8(path) : path);

function idOf(files: readonly File[]): string {
  const id = createHash('sha256');
  for (const file of files) {
    const digest = createHash('sha256').update(file[1]).digest('hex');
    id.update(`${digest}  `).update(pathOf(file)).update('\n');
  }
  return id.digest('hex');
}

/** An image by its text. */
const written = (
  description: string,
  text: string,
  files: readonly File[],
  reason: string,
): BadImage => ({ description, image: utf8(text), id: idOf(files), reason });

/** An image of these files, in this order. */
function listing(description: string, files: readonly File[], reason: string): BadImage {
  const lines = files.map((file) => concat(utf8(`${file[1].length} `), pathOf(file), utf8('\n')));
  const contents = utf8(files.map(([, content]) => content).join(''));
  return { description, image: concat(...lines, utf8('\n'), contents), id: idOf(files), reason };
}

/** An image of an empty file at each of these paths. */
const naming = (description: string, ...paths: string[]): BadImage =>
  listing(
    description,
    paths.map((path) => [path, '']),
    PATH,
  );

// A path of 1,024 bytes.
const LONGEST_PATH = Array.from({ length: 5 }, () => 'p'.repeat(204)).join('/');

export const BAD_IMAGES: readonly BadImage[] = [
  written('an empty list', '\n', [], NO_FILES),
  written('a list without an end', '0 a\n', [['a', '']], LIST),
  written('a size that begins with a zero', '01 a\n\nx', [['a', 'x']], LIST),
  written('a size that is no decimal number', '1e0 a\n\nx', [['a', 'x']], LIST),
  written('a size with a sign', '+1 a\n\nx', [['a', 'x']], LIST),
  written('a size of eleven digits', '00000000001 a\n\nx', [['a', 'x']], LIST),
  written('a line without a size', ' a\n\n', [['a', '']], LIST),
  written('a size without a path', '0\n\n', [['', '']], LIST),
  listing('a path that is not UTF-8', [[Uint8Array.of(0xc0, 0x80), '']], LIST),
  listing('a path with half of a surrogate pair', [[Uint8Array.of(0xed, 0xa0, 0x80), '']], LIST),
  listing('a path of 2,049 bytes', [[`${LONGEST_PATH}/${LONGEST_PATH}`, '']], LIST),
  listing(
    'files out of order',
    [
      ['b', ''],
      ['a', ''],
    ],
    ORDER,
  ),
  listing(
    'files in the order of UTF-16 instead of UTF-8',
    [
      ['\u{1f600}', ''],
      ['\uff5e', ''],
    ],
    ORDER,
  ),
  listing(
    'a file twice',
    [
      ['a', ''],
      ['a', ''],
    ],
    ORDER,
  ),
  naming('a path of 1,025 bytes', `${LONGEST_PATH}p`),
  naming('an empty path', ''),
  naming('a path that is not NFC', 'e\u0301'),
  naming('a path that climbs out', '../a'),
  naming('an absolute path', '/a'),
  naming('a path that ends in a slash', 'a/'),
  naming('a name without a character inside a path', 'a//b'),
  naming('a control character in a path', 'a\tb'),
  naming('U+007F in a path', 'a\x7fb'),
  naming('U+0080 in a path', 'a\x80b'),
  naming('U+009F in a path', 'a\x9fb'),
  naming('a backslash in a path', 'a\\b'),
  ...Array.from('<>:"|?*', (character) => naming(`${character} in a path`, `a${character}b`)),
  naming('a name that ends in a dot', 'a./b'),
  naming('a name that ends in a space', 'a /b'),
  naming('a name of 256 bytes', `${'\u00e9'.repeat(127)}ab`),
  naming('a path of 66 names', `${'a/'.repeat(65)}a`),
  naming('a device', 'con'),
  naming('a device in capitals, inside a folder', 'a/PRN'),
  naming('a device as a folder', 'aux/a'),
  naming('a device with spaces and two extensions', 'nul  .tar.gz'),
  naming('a device with a digit', 'lpt0'),
  naming('a device with a superscript digit', 'com\u00b9'),
  naming('the device of the input of a console', 'conin$.js'),
  naming('the device of the output of a console', 'CONOUT$'),
  naming('a path that is a folder of another', 'a', 'a/b'),
  naming('a path that is a folder of another without its case', 'A', 'a/b'),
  naming('a path that is a folder of an earlier one without its case', 'A/b', 'a'),
  naming('two paths that differ in case alone', 'A', 'a'),
  naming('two paths that full case folding makes one', 'SS', '\u00df'),
  naming('two paths that NFC makes one after full case folding', '\u0390', '\u03aa\u0301'),
  naming('the stamp', 'bundleseal-release.json'),
  naming('the stamp in other letters', 'Bundle\u017feal-release.json'),
  naming('the stamp as a folder', 'bundleseal-release.json/a'),
  written('sizes that are larger than the contents', '2 a\n\nx', [['a', 'x']], SIZES),
  written('sizes that are smaller than the contents', '1 a\n\nxx', [['a', 'x']], SIZES),
];
