// What patch-v1.json holds, the same in every run. This writes it:
//
//   UPDATE_VECTORS=1 npx vitest run --project node test/vectors/patch-v1.node

import { BundleSealError } from '../../src/errors.ts';
import { codePatch } from '../../src/release/code-patch.ts';
import { planRelease, readFiles } from '../../src/release/files.ts';
import { writeImage } from '../../src/release/image.ts';
import {
  type Copy,
  createInstructions,
  FROM_NEW,
  FROM_OLD,
  type Instructions,
} from '../../src/release/patch/instructions.ts';
import { createEncoder, type Encoder } from '../../src/release/patch/range-coder.ts';
import { encodePatchHeader, parsePatchHeader } from '../../src/release/patch-header.ts';
import { decodeNow, encodeNow } from '../support/patch.ts';
import {
  type BadPatch,
  filesOf,
  type GoodPatch,
  type PatchVectors,
  type VectorFiles,
} from '../support/patch-vectors.ts';
import { asBase64, base64 } from '../support/vectors.ts';
import { join as concat, utf8 } from '../support/zip.ts';

const readVector = async (files: VectorFiles) =>
  readFiles(await planRelease(filesOf(files), undefined), undefined);

const text = (value: string) => [{ text: value }];
const code = (name: string) =>
  text(
    Array.from(
      { length: 40 },
      (_, i) =>
        `import { part${i} } from './${name}.js';\nexport const use${i} = () => part${i}();\n`,
    ).join(''),
  );

/** Minified code. A build renames some functions, changes some numbers and moves some lines. */
function program(build: number): { readonly text: string }[] {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const nameOf = (i: number) => `f${(i % 9 < 3 * build ? i * 7919 * build : i) % 9973}`;
  const lines = Array.from({ length: 500 }, (_, i) => {
    const [first, second, value] = [random(500), random(500), random(1000)];
    const number = i % 5 < 2 * build ? (value * 7 + build * 389 + i) % 1000 : value;
    return `function ${nameOf(i)}(e){return ${nameOf(first)}(e,${number})+${nameOf(second)}(${value})}\n`;
  });
  const moved = lines.splice(100 * build, 50);
  return text([...lines, ...moved].join(''));
}

const GOOD: readonly (readonly [string, VectorFiles, VectorFiles])[] = [
  ['one empty file becomes another', { a: [] }, { b: [] }],
  ['nothing changes', { 'index.html': text('<h1>Hi</h1>') }, { 'index.html': text('<h1>Hi</h1>') }],
  [
    'a line of one file changes',
    { 'app.js': code('chunk-a1b2') },
    { 'app.js': [...code('chunk-a1b2'), { text: '// the end\n' }] },
  ],
  [
    'a file is renamed, and those that name it change',
    { 'chunk-a1b2.js': code('x'), 'index.js': code('chunk-a1b2'), 'more.js': code('chunk-a1b2') },
    { 'chunk-c3d4.js': code('x'), 'index.js': code('chunk-c3d4'), 'more.js': code('chunk-c3d4') },
  ],
  [
    'a binary file changes in the middle',
    { 'image.bin': [{ seed: 1, length: 3000 }] },
    {
      'image.bin': [
        { seed: 1, length: 1500 },
        { text: 'new' },
        { seed: 1, skip: 1510, length: 1490 },
      ],
    },
  ],
  [
    'a file of bytes that nothing predicts is added: plain bytes',
    { a: text('a') },
    { a: text('a'), 'image.bin': [{ seed: 7, length: 2000 }] },
  ],
  [
    'long runs of one byte',
    { a: [{ byte: 0, length: 10 }] },
    {
      a: [
        { byte: 0, length: 20_000 },
        { byte: 255, length: 5 },
        { byte: 0, length: 40_000 },
      ],
    },
  ],
  [
    'paths outside ASCII, in folders, sorted by their bytes of UTF-8',
    { '\u{1f600}/\u00e9.js': text('1'), '\uff5e.js': text('2') },
    { '\u{1f600}/\u00e9.js': text('1'), '\uff5e.js': text('2!'), '\u00df/a b.txt': text('3') },
  ],
  [
    'most files go',
    { 'a/1': code('one'), 'a/2': code('two'), 'b/3': code('three') },
    { 'b/3': code('three') },
  ],
  [
    'minified code with so many changes that counts are halved, and plain bytes after a copy',
    { 'app.js': program(1) },
    { 'app.js': program(2), 'image.bin': [{ seed: 9, length: 300 }], 'more.js': program(2) },
  ],
  [
    'blocks of several MB move, and some repeat',
    { 'data.bin': [{ seed: 42, length: 3_000_000 }], 'other.bin': [{ seed: 43, length: 500_000 }] },
    {
      'data-2.bin': [
        { seed: 42, skip: 1_000_000, length: 2_000_000 },
        { text: 'between' },
        { seed: 42, length: 1_000_003 },
        { seed: 43, length: 400_000 },
        { byte: 32, length: 300_000 },
      ],
    },
  ],
];

async function good([description, from, to]: (typeof GOOD)[number]): Promise<GoodPatch> {
  const { plain, ...ids } = await codePatch(await readVector(from), await readVector(to), {});
  const { fromLength, toLength } = parsePatchHeader(plain);
  const made = { fromId: ids.from, toId: ids.to, fromLength, toLength };
  return { description, from, to, ...made, patch: asBase64(plain) };
}

type Write = (instructions: Instructions, oldLength: number) => void;

/** Writes all instructions of a patch from `older` to `newer`. */
async function handmade(
  [description, from, to]: (typeof GOOD)[number],
  write: Write,
  wrap: (encoder: Encoder) => Encoder = (encoder) => encoder,
): Promise<GoodPatch> {
  const vector = await good([description, from, to]);
  const { fromLength, toLength } = vector;
  const space = new Uint8Array(fromLength + toLength);
  writeImage(await readVector(from), space.subarray(0, fromLength));
  writeImage(await readVector(to), space.subarray(fromLength));
  const encoder = createEncoder();
  const instructions = createInstructions(wrap(encoder), space, fromLength);
  write(instructions, fromLength);
  if (instructions.position !== space.length) throw new Error(`"${description}" is not whole`);
  const header = base64(vector.patch).subarray(0, 96);
  return { ...vector, patch: asBase64(concat(header, encoder.finish())) };
}

// The length of the counts of the model of numbers: 16 contexts of a total and 32 symbols.
const NUMBER_COUNTS = 16 * 33;

/** Codes each number of type 0 that is not 0 as a number of `width` bits. */
const wideSign =
  (width: number) =>
  (encoder: Encoder): Encoder => ({
    ...encoder,
    symbol(models, context, coded) {
      const isSign = models.counts.length === NUMBER_COUNTS && context < 4;
      return encoder.symbol(models, context, isSign && coded > 0 ? width : coded);
    },
  });

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const below: Write = (instructions, oldLength) => {
  instructions.literal();
  instructions.literal();
  instructions.copy({ kind: FROM_OLD, source: 2, length: 30 });
  // Below the aligned place, which is `oldLength` now.
  instructions.copy({ kind: FROM_OLD, source: oldLength - 24, length: 6 });
};

async function valid(): Promise<GoodPatch[]> {
  const [older, newer] = [{ a: text(ALPHABET) }, { a: text(`${ALPHABET}cdefgh`) }];
  return [
    await handmade(['a sign of 5 means below, as 1 does', older, newer], below, wideSign(3)),
    await handmade(['a sign of 31 bits means below', older, newer], below, wideSign(31)),
    await handmade(
      [
        'a copy begins in the old image and ends in the new one',
        { a: [{ seed: 3, length: 100 }] },
        {
          a: [
            { seed: 5, length: 30 },
            { seed: 3, skip: 20, length: 80 },
            { text: '130 a\n\n' },
            { seed: 5, length: 13 },
          ],
        },
      ],
      (instructions, oldLength) => {
        instructions.plain(37);
        instructions.copy({ kind: FROM_OLD, source: oldLength - 80, length: 100 });
      },
    ),
    await handmade(
      [
        'a copy begins in the old image, goes on in the new one, and reads bytes that it has made',
        { a: text('xyz') },
        { a: text('xyz18 a\n\nxyz18 a\n\n') },
      ],
      (instructions, oldLength) => {
        for (let made = 0; made < 6; made++) instructions.literal();
        instructions.copy({ kind: FROM_NEW, source: oldLength - 3, length: 18 });
      },
    ),
  ];
}

// The release that all bad patches name as their base, and the release that they name as their result.
const FROM: VectorFiles = { 'app.js': code('chunk-a1b2') };
const TO: VectorFiles = { 'app.js': [...code('chunk-c3d4')] };

async function bad(): Promise<BadPatch[]> {
  const older = await readVector(FROM);
  const newer = await readVector(TO);
  const { plain, ...ids } = await codePatch(older, newer, {});
  const header = parsePatchHeader(plain);
  const coded = plain.subarray(96);
  const image = new Uint8Array(header.fromLength);
  writeImage(older, image);

  const vector = (description: string, patch: Uint8Array, reason: string): BadPatch => ({
    description,
    from: FROM,
    patch: asBase64(patch),
    reason,
  });
  const altered = (at: number, byte: number) => {
    const copy = plain.slice();
    copy[at] = byte;
    return copy;
  };
  const withHeader = (change: Partial<typeof header>, instructions = coded) =>
    concat(encodePatchHeader({ ...header, ...change }), instructions);
  /** A patch whose instructions make this image, whatever it is. */
  const making = (made: Uint8Array, change: Partial<typeof header> = {}) =>
    withHeader(
      { toLength: made.length, ...change },
      encodeNow(concat(image, made), header.fromLength),
    );
  const makingList = (list: string) => making(utf8(list));
  /** Instructions that no encoder writes. */
  const coding = (write: (instructions: Instructions) => void) => {
    const space = concat(image, new Uint8Array(header.toLength));
    const encoder = createEncoder();
    const instructions = createInstructions(encoder, space, header.fromLength);
    try {
      write(instructions);
    } catch (error) {
      if (!(error instanceof BundleSealError)) throw error;
    }
    // More than any decoder reads of them.
    return withHeader({}, concat(encoder.finish(), new Uint8Array(64)));
  };
  const copying = (copy: Copy) => coding((instructions) => instructions.copy(copy));
  const start = header.fromLength;

  const LIST = 'makes a list of files that is malformed';
  const PATH = 'makes a file whose path is refused';
  const SIZES = 'makes files whose sizes are not those of its list';
  const ORDER = 'makes a list of files that is out of order';
  const OUTSIDE = 'copies from outside';
  const BASE = 'starts from another release';
  return [
    vector('no header', new Uint8Array(0), 'is shorter than its header'),
    vector('a header that is cut', plain.subarray(0, 95), 'is shorter than its header'),
    vector('another magic', altered(7, 0x47), 'does not begin with "BNDLDIFF"'),
    vector('another version', altered(8, 2), 'is of a version'),
    vector('the first reserved byte is 1', altered(9, 1), 'has reserved bytes'),
    vector('the last reserved byte is 1', altered(15, 1), 'has reserved bytes'),
    vector('the id of another base', withHeader({ from: ids.to }), BASE),
    vector('a base that is one byte longer', withHeader({ fromLength: start + 1 }), BASE),
    vector('a base that is one byte shorter', withHeader({ fromLength: start - 1 }), BASE),
    vector('a base without length', withHeader({ fromLength: 0 }), BASE),
    vector(
      'an old image over the limit',
      withHeader({ fromLength: 2 ** 28 + 1 }),
      'has an image of more',
    ),
    vector(
      'a new image over the limit',
      withHeader({ toLength: 2 ** 28 + 1 }),
      'has an image of more',
    ),
    vector('a new image of 2^32 bytes and more', altered(91, 1), 'has an image of more'),
    vector('a new image of 2^63 bytes and more', altered(88, 0x80), 'has an image of more'),
    vector('no instructions', plain.subarray(0, 96), 'is cut short'),
    vector('instructions that begin with 1', altered(96, 1), 'do not begin with zero'),
    vector('instructions that are cut', plain.subarray(0, -1), 'is cut short'),
    vector('a byte behind the instructions', concat(plain, utf8('\0')), 'has coded bytes behind'),
    vector(
      'a last byte that is another',
      altered(plain.length - 1, (plain.at(-1) as number) + 1),
      'has coded bytes behind',
    ),
    vector(
      'a literal from an empty table',
      withHeader({}, emptyTable(image, header.toLength)),
      'has a literal from an empty table',
    ),
    vector(
      'a coded symbol over the last one',
      withHeader({}, concat(Uint8Array.of(0, 255, 255, 255, 255), new Uint8Array(64))),
      'out of range',
    ),
    vector(
      'a copy from before the old image',
      copying({ kind: FROM_OLD, source: -1, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from far before it',
      copying({ kind: FROM_OLD, source: -(2 ** 29), length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from the byte that it makes',
      copying({ kind: FROM_OLD, source: start, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy from what is not made',
      copying({ kind: FROM_OLD, source: start + 9, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy by its distance from before the old image',
      copying({ kind: FROM_NEW, source: -1, length: 1 }),
      OUTSIDE,
    ),
    vector(
      'a copy of more bytes than the new image has',
      copying({ kind: FROM_OLD, source: 0, length: header.toLength + 1 }),
      'makes more bytes than it declares',
    ),
    vector(
      'a copy of 2^31 bytes',
      copying({ kind: FROM_OLD, source: 0, length: 2 ** 31 }),
      'makes more bytes than it declares',
    ),
    vector(
      'more plain bytes than the new image has',
      coding((instructions) => instructions.plain(header.toLength + 1)),
      'makes more bytes than it declares',
    ),
    vector(
      'a plain byte over 255',
      withHeader({}, overfull(image, header.toLength)),
      'out of range',
    ),
    vector(
      'a new image that is declared one byte longer',
      withHeader({ toLength: header.toLength + 1 }),
      '',
    ),
    vector(
      'a new image that is declared one byte shorter',
      withHeader({ toLength: header.toLength - 1 }),
      '',
    ),
    vector('an empty list', makingList('\n'), 'makes no files'),
    vector('a list without an end', makingList('0 a\n'), LIST),
    vector('a size that begins with a zero', makingList('01 a\n\nx'), LIST),
    vector('a size that is no decimal number', makingList('1e0 a\n\nx'), LIST),
    vector('a size without a path', makingList('0\n\n'), LIST),
    vector(
      'a path that is not UTF-8',
      making(concat(utf8('0 '), Uint8Array.of(0xc0, 0x80), utf8('\n\n'))),
      LIST,
    ),
    vector('a path of over 1,024 bytes', makingList(`0 ${'a/'.repeat(513)}a\n\n`), LIST),
    vector('files out of order', makingList('0 b\n0 a\n\n'), ORDER),
    vector('a file twice', makingList('0 a\n0 a\n\n'), ORDER),
    vector('a path that is not NFC', makingList('0 e\u0301\n\n'), PATH),
    vector('a path that climbs out', makingList('0 ../a\n\n'), PATH),
    vector('an absolute path', makingList('0 /a\n\n'), PATH),
    vector('a backslash in a path', makingList('0 a\\b\n\n'), PATH),
    vector('a control character in a path', makingList('0 a\tb\n\n'), PATH),
    vector('U+007F in a path', makingList('0 a\x7fb\n\n'), PATH),
    vector('a path that is a folder of another', makingList('0 a\n0 a/b\n\n'), PATH),
    vector('two paths that differ in case alone', makingList('0 A\n0 a\n\n'), PATH),
    vector('two paths that full case folding makes one', makingList('0 SS\n0 \u00df\n\n'), PATH),
    vector('the stamp', makingList('2 bundleseal-release.json\n\n{}'), PATH),
    vector('sizes that are larger than the contents', makingList('2 a\n\nx'), SIZES),
    vector('sizes that are smaller than the contents', makingList('1 a\n\nxx'), SIZES),
    vector('the id of another result', withHeader({ to: ids.from }), 'does not make the release'),
    vector('another result than the id says', makingList('1 a\n\nx'), 'does not make the release'),
  ];
}

/** The first instruction is a literal that is coded as the byte of a table. All tables are empty at first. */
function emptyTable(image: Uint8Array, toLength: number): Uint8Array {
  const encoder = createEncoder();
  const symbol: Encoder['symbol'] = (models, context, coded) =>
    encoder.symbol(models, context, models.symbols === 5 ? 0 : coded);
  const space = concat(image, new Uint8Array(toLength));
  try {
    createInstructions({ ...encoder, symbol }, space, image.length).literal();
  } catch (error) {
    if (!(error instanceof BundleSealError)) throw error;
  }
  return concat(encoder.finish(), new Uint8Array(64));
}

/**
 * The first plain byte is coded as 256: at the very end of the range, where a division gives one more than a byte holds.
 * The range has to be wide enough for it, so some literals before it are tried.
 */
function overfull(image: Uint8Array, toLength: number): Uint8Array {
  for (let literals = 0; literals < 50; literals++) {
    const encoder = createEncoder();
    const bits = () => {
      encoder.bits(8, 256);
      // Whatever is coded behind it would leave the range.
      throw new RangeError('enough');
    };
    const space = concat(image, new Uint8Array(toLength));
    const instructions = createInstructions({ ...encoder, bits }, space, image.length);
    for (let i = 0; i < literals; i++) instructions.literal();
    try {
      instructions.plain(1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    const coded = concat(encoder.finish(), new Uint8Array(64));
    try {
      decodeNow(coded, concat(image, new Uint8Array(toLength)), image.length);
    } catch (error) {
      if ((error as Error).message.includes('out of range')) return coded;
    }
  }
  throw new Error('no plain byte over 255 was found');
}

export async function makePatchVectors(): Promise<PatchVectors> {
  const vectors: GoodPatch[] = [];
  for (const each of GOOD) vectors.push(await good(each));
  return {
    about: [
      'Known answers for docs/patch-format.md: plain patches (what is sealed), version 1.',
      'A file is a list of parts: text in UTF-8, base64, a byte repeated `length` times, or `length` bytes of a generator',
      'behind the first `skip`: state = (state * 1664525 + 1013904223) mod 2^32, from `seed`; a byte is state >> 24.',
      'Good: `patch` makes `to` of `from`, and an encoder of this library makes exactly `patch`.',
      'Valid: `patch` makes `to` of `from` too, and this library makes another patch.',
      'Bad: `patch` is refused on `from` under the default limits. `reason` is a part of the message of this library;',
      'where it is empty, which check finds the fault depends on the decoder.',
    ],
    good: vectors,
    valid: await valid(),
    bad: await bad(),
  };
}
