// The patches of patch-v1.json that this library makes.

import { codePatch } from '../../src/release/code-patch.ts';
import { planRelease, type ReleaseFile, readFiles } from '../../src/release/files.ts';
import { parsePatchHeader } from '../../src/release/patch-header.ts';
import { filesOf, type GoodPatch, type VectorFiles } from '../support/patch-vectors.ts';
import { asBase64 } from '../support/vectors.ts';

export const readVector = async (files: VectorFiles): Promise<ReleaseFile[]> =>
  readFiles(await planRelease(filesOf(files), undefined), undefined);

type Texts = readonly { readonly text: string }[];

export const text = (value: string): Texts => [{ text: value }];
export const code = (name: string): Texts =>
  text(
    Array.from(
      { length: 40 },
      (_, i) =>
        `import { part${i} } from './${name}.js';\nexport const use${i} = () => part${i}();\n`,
    ).join(''),
  );

/** Minified code. A build renames some functions, changes some numbers and moves some lines. */
function program(build: number): Texts {
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

/** Description, older and newer release. */
export type Change = readonly [string, VectorFiles, VectorFiles];

export const GOOD: readonly Change[] = [
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
    'the longest paths, and names that only look like those that are refused',
    { a: text('a') },
    Object.fromEntries(
      [
        Array.from({ length: 5 }, () => 'p'.repeat(204)).join('/'),
        `${'n/'.repeat(64)}n`,
        `${'\u00e9'.repeat(127)}a`,
        'com10',
        'conin',
        'con-1',
        'lpt\u2074',
        '.aux',
        'nul1.js',
        '..a/...b',
        ' a',
        '\ufeffa',
        'a\u00a0b',
        'a/bundleseal-release.json',
        'bundleseal-release.json5',
        '\u017ft',
      ].map((path) => [path, []]),
    ),
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

export async function good([description, from, to]: Change): Promise<GoodPatch> {
  const { plain, ...ids } = await codePatch(await readVector(from), await readVector(to), {});
  const { fromLength, toLength } = parsePatchHeader(plain);
  const made = { fromId: ids.from, toId: ids.to, fromLength, toLength };
  return { description, from, to, ...made, patch: asBase64(plain) };
}
