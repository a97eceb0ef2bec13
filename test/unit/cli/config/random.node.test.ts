// Writing a public key into configs with random white space and comments.

import fc from 'fast-check';
import { parse as parseJson } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { removeKey, setPublicKey } from '../../../../src/cli/config/edit.ts';
import { JSON_FILE, PEM, run, TS } from '../../../support/config.ts';
import { runs } from '../../../support/scope.ts';

/** White space and comments, as they may stand between any two tokens. */
const gap = (language: 'json' | 'script') => {
  const blanks = ['', '', ' ', '  ', '\t', '\n', '\n  ', '\r\n\t', '\n\n'];
  const comments = ['/* c */', '/* , } */', '// line\n', '/*\n * lines { \n */', "// it's\r\n  "];
  const odd = language === 'json' ? [] : ['\u00A0', '\u2028'];
  const part = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...blanks) },
    { weight: 1, arbitrary: fc.constantFrom(...comments, ...odd) },
  );
  return fc.array(part, { maxLength: 3 }).map((parts) => parts.join(''));
};

/** The tokens of a config with more or less in it. */
function tokensOf(choice: Choice, quote: string): string[] {
  const { depth, commas, isScript } = choice;
  const string = (text: string) => quote + text + quote;
  const name = (text: string) => (choice.quoted || !isScript ? string(text) : text);
  const list = (...members: string[][]) => [
    '{',
    ...members.flatMap((member, i) => (i < members.length - 1 ? [...member, ','] : member)),
    ...(commas && members.length > 0 ? [','] : []),
    '}',
  ];
  const key = depth > 2 ? [[name('publicKey'), ':', string('old\\nkey')]] : [];
  const mode = choice.others ? [[name('mode'), ':', string('x')]] : [];
  const updater = [name('CapacitorUpdater'), ':', ...list(...key, ...mode)];
  const other = choice.others ? [[name('Other'), ':', ...list([name('a'), ':', '1'])]] : [];
  const plugins = [name('plugins'), ':', ...list(...(depth > 1 ? [updater] : []), ...other)];
  const app = choice.others ? [[name('appId'), ':', string('a.b')]] : [];
  const config = list(...app, ...(depth > 0 ? [plugins] : []));
  if (!isScript) return config;
  return ['const ', 'config', ': ', 'C', '=', ...config, ';', 'export ', 'default ', 'config', ';'];
}

interface Choice {
  readonly depth: number;
  readonly commas: boolean;
  readonly others: boolean;
  readonly quoted: boolean;
  readonly isScript: boolean;
}

const config = fc
  .record({
    depth: fc.integer({ min: 0, max: 3 }),
    commas: fc.boolean(),
    others: fc.boolean(),
    quoted: fc.boolean(),
    isScript: fc.boolean(),
    double: fc.boolean(),
  })
  .chain((choice) => {
    const tokens = tokensOf(choice, choice.double || !choice.isScript ? '"' : "'");
    const between = gap(choice.isScript ? 'script' : 'json');
    return fc
      .array(between, { minLength: tokens.length + 1, maxLength: tokens.length + 1 })
      .map((gaps) => ({
        fileName: choice.isScript ? TS : JSON_FILE,
        text: gaps.map((blank, i) => blank + (tokens[i] ?? '')).join(''),
      }));
  });

type Ran = { plugins?: { CapacitorUpdater?: { publicKey?: string } } };

async function load(text: string, fileName: string): Promise<Ran> {
  if (fileName === JSON_FILE) return parseJson(text, [], { allowTrailingComma: true });
  return (await run(text, fileName)) as Ran;
}

function withKey(was: Ran): Ran {
  const updater = { ...was.plugins?.CapacitorUpdater, publicKey: PEM };
  return { ...was, plugins: { ...was.plugins, CapacitorUpdater: updater } };
}

/** Whether one text is the other with one piece put in, and perhaps a comma before it. */
function expectPutIn(before: string, after: string): void {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = before.length - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const was = before.slice(start, before.length - end);
  const is = after.slice(start, after.length - end);
  // The replaced text: an old value, white space between empty braces, or the text after the comma.
  const isOld = 'old\\nkey'.includes(was) || /^\s*$/.test(was);
  expect(isOld || (is.startsWith(',') && is.startsWith(was, 1)), `${was} became ${is}`).toBe(true);
}

const RUNS = { numRuns: runs(600) };

describe('with any white space and comments in a config', () => {
  it('the key is written, nothing else changes, and a second run changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(config, async ({ text, fileName }) => {
        const result = await setPublicKey(text, fileName, PEM);
        const edited = 'edited' in result ? result.edited : result.reason;
        expect(await load(edited, fileName)).toEqual(withKey(await load(text, fileName)));
        expectPutIn(text, edited);
        expect(await setPublicKey(edited, fileName, PEM)).toEqual({ edited });
      }),
      RUNS,
    );
  });

  it('the key can be removed again', async () => {
    await fc.assert(
      fc.asyncProperty(config, async ({ text, fileName }) => {
        const set = await setPublicKey(text, fileName, PEM);
        const edited = 'edited' in set ? set.edited : set.reason;
        const result = await removeKey(edited, fileName, 'publicKey');
        const removed = 'edited' in result ? result.edited : result.reason;
        const expected = withKey(await load(text, fileName));
        delete expected.plugins?.CapacitorUpdater?.publicKey;
        expect(await load(removed, fileName)).toEqual(expected);
        expect(await removeKey(removed, fileName, 'publicKey')).toEqual({ edited: removed });
      }),
      RUNS,
    );
  });
});
