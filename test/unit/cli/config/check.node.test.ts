import { describe, expect, it } from 'vitest';
import { isSameBut } from '../../../../src/cli/config/check.ts';
import { parseConfig } from '../../../../src/cli/config/parse.ts';
import { type Config, isUnsure } from '../../../../src/cli/config/syntax.ts';

async function understood(text: string, fileName: string): Promise<Config> {
  const config = await parseConfig(text, fileName);
  if (isUnsure(config)) throw new Error(config.unsure);
  return config;
}

const BEFORE = "import a from 'a';\n// one\nexport default { a: 1, b: [a, 'b'] } as C;\n";
const JSON_BEFORE = '{ "a": 1, /* one */ "b": [true, null] }';

const LIKE: [string, string, string, string][] = [
  ['white space', 'x.ts', BEFORE, BEFORE.replaceAll(' ', '\t ').replace('//\t ', '// ')],
  ['a trailing comma', 'x.ts', BEFORE, BEFORE.replace('] }', '], }')],
  ['parentheses', 'x.ts', BEFORE, BEFORE.replace('{ a', '({ a').replace('] }', '] })')],
  ['white space', 'x.json', JSON_BEFORE, JSON_BEFORE.replaceAll(', ', ',\r\n')],
];

const UNLIKE: [string, string, string, string][] = [
  ['a number', 'x.ts', BEFORE, BEFORE.replace('1', '2')],
  ['a string in another quote', 'x.ts', BEFORE, BEFORE.replace("'b'", '"b"')],
  ['a name', 'x.ts', BEFORE, BEFORE.replace('{ a', '{ c')],
  ['one member more', 'x.ts', BEFORE, BEFORE.replace('{ a', '{ c: 1, a')],
  ['one member less', 'x.ts', BEFORE, BEFORE.replace('a: 1, ', '')],
  [
    'the order',
    'x.ts',
    BEFORE,
    "import a from 'a';\n// one\nexport default { b: [a, 'b'], a: 1 } as C;",
  ],
  ['a comment', 'x.ts', BEFORE, BEFORE.replace('one', 'two')],
  ['a comment less', 'x.ts', BEFORE, BEFORE.replace('// one', '')],
  ['a type', 'x.ts', BEFORE, BEFORE.replace(' as C', '')],
  ['a statement', 'x.ts', BEFORE, `${BEFORE}a();`],
  ['an import', 'x.ts', BEFORE, BEFORE.replace("'a'", "'b'")],
  ['a value', 'x.json', JSON_BEFORE, JSON_BEFORE.replace('true', 'false')],
  ['a name', 'x.json', JSON_BEFORE, JSON_BEFORE.replace('"a"', '"c"')],
  ['a comment', 'x.json', JSON_BEFORE, JSON_BEFORE.replace('one', 'two')],
];

describe('two texts are the same but for', () => {
  it.each(LIKE)('%s in %s', async (_, fileName, before, after) => {
    expect(after).not.toBe(before);
    const configs = await Promise.all([before, after].map((text) => understood(text, fileName)));
    const [one, other] = configs as [Config, Config];
    expect(isSameBut(one, [], other, [], [])).toBe(true);
  });
});

describe('two texts are not the same with another', () => {
  it.each(UNLIKE)('%s in %s', async (_, fileName, before, after) => {
    expect(after).not.toBe(before);
    const configs = await Promise.all([before, after].map((text) => understood(text, fileName)));
    const [one, other] = configs as [Config, Config];
    expect(isSameBut(one, [], other, [], [])).toBe(false);
  });
});
