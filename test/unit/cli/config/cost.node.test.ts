// The cost of reading a config: neither its size nor its structure delays a command or ends it.

import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../../../src/cli/config/budget.ts';
import { setPublicKey } from '../../../../src/cli/config/edit.ts';
import { parseConfig } from '../../../../src/cli/config/parse.ts';
import { valuesOf } from '../../../../src/cli/config/read.ts';
import { isUnsure } from '../../../../src/cli/config/syntax.ts';
import { quarter } from '../../../support/scope.ts';

const TS = 'capacitor.config.ts';
const JSON_FILE = 'capacitor.config.json';
const PEM = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';
// A quadratic cost and a deep recursion show at a quarter of the size too; the long run takes all of it.
const LARGE = quarter(100_000);
const LONG = quarter(500_000);

const list = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i));

/**
 * Fails if `work` computes for more than 30 seconds. Each takes some tenths of a second, and minutes where it is
 * quadratic. Time in which the machine does other work does not count.
 */
async function expectLittleWork(work: () => Promise<void>): Promise<void> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(quarter(30));
}

describe('a config is read and edited', () => {
  it.each<[string, string, string]>([
    [
      'with very many members in the plugin',
      TS,
      `export default { appId: 'a', plugins: { P: { ${list(LARGE / 2, (i) => `m${i}: ${i}`).join(', ')} } } };`,
    ],
    [
      'with very many members in JSON',
      JSON_FILE,
      `{ "appId": "a", ${list(LARGE / 2, (i) => `"m${i}": ${i}`).join(', ')} }`,
    ],
    [
      'with very many computed names',
      TS,
      `export default { ${list(LARGE / 2, () => '[k]: 1').join(', ')}, appId: 'a', plugins: { P: {} } };`,
    ],
    ['with very many comments in JSON', JSON_FILE, `{ "appId": "a" ${'/* */'.repeat(LARGE)} }`],
    [
      'with very many constants',
      TS,
      `${list(LARGE / 4, (i) => `const c${i} = { x: '${i}' };`).join('\n')}\nexport default { appId: 'a', plugins: { P: {} } };`,
    ],
  ])('%s', (_, name, text) =>
    expectLittleWork(async () => {
      expect((await valuesOf(text, name, 'P')).appId).toEqual({ kind: 'literal', value: 'a' });
      expect(await setPublicKey(text, name, PEM, 'P')).toBeTypeOf('object');
    }),
  );
});

describe('a config is refused without a stack overflow', () => {
  it.each<[string, string, string]>([
    ['for a very long chain', TS, `export default { appId: a${'.b'.repeat(LONG)} };`],
    ['for a chain that is exported', TS, `module.exports = a${'.b'.repeat(LONG)};`],
    ['for a chain that is assigned to', TS, `a${'.b'.repeat(LONG)} = 1; export default {};`],
    ['for very many signs of not-null', TS, `export default { appId: a${'!'.repeat(LONG)} };`],
    [
      'for lists in lists',
      TS,
      `export default { appId: ${'['.repeat(32_000)}${']'.repeat(32_000)} };`,
    ],
    ['for objects in objects', TS, `export default ${'{a:'.repeat(32_000)}1${'}'.repeat(32_000)};`],
    ['for parentheses', TS, `export default ${'('.repeat(32_000)}1${')'.repeat(32_000)};`],
    ['for sums', TS, `export default { appId: ${"'a'+".repeat(100_000)}'a' };`],
    [
      'for lists in lists in JSON',
      JSON_FILE,
      `{"appId":${'['.repeat(32_000)}${']'.repeat(32_000)}}`,
    ],
    [
      'for objects in objects in JSON',
      JSON_FILE,
      `${'{"a":'.repeat(32_000)}1${'}'.repeat(32_000)}`,
    ],
    ['for very many comments', TS, `export default { appId: 'a' ${'/* */ '.repeat(LARGE)} };`],
    ['for more than a megabyte', JSON_FILE, `{"appId":"${'a'.repeat(2 ** 20)}"}`],
  ])('%s', (_, name, text) =>
    expectLittleWork(async () => {
      expect((await valuesOf(text, name)).appId.kind).toBe('not literal');
      expect(await setPublicKey(text, name, PEM, 'P')).toHaveProperty('manual');
    }),
  );

  it.each<[string, string]>([
    [
      'for strings that double with every line',
      `const a0 = 'x';\n${list(40, (i) => `const a${i + 1} = a${i} + a${i};`).join('\n')}\nexport default { appId: a40 };`,
    ],
    [
      'for templates that double with every line',
      `const a0 = 'x';\n${list(40, (i) => `const a${i + 1} = \`\${a${i}}\${a${i}}\`;`).join('\n')}\nexport default { appId: a40 };`,
    ],
    [
      'for spreads that double with every line',
      `const a0 = { [k]: 1 };\n${list(40, (i) => `const a${i + 1} = { ...a${i}, ...a${i} };`).join('\n')}\nexport default { ...a40 };`,
    ],
    [
      'for a constant that is spread very many times',
      `const a = {};\nexport default { ${list(LARGE / 2, () => '...a').join(', ')}, ...b };`,
    ],
    [
      'for a long chain of constants',
      `const a0 = { appId: 'a' };\n${list(20_000, (i) => `const a${i + 1} = a${i};`).join('\n')}\nexport default a20000;`,
    ],
    ['for constants in a circle', 'const a = b;\nconst b = a;\nexport default a;'],
  ])('%s', (_, text) =>
    expectLittleWork(async () => {
      expect((await valuesOf(text, TS)).appId.kind).toBe('not literal');
      const config = await parseConfig(text, TS);
      if (isUnsure(config)) throw new Error(config.unsure);
      expect(await setPublicKey(text, TS, PEM, 'P')).toBeTypeOf('object');
    }),
  );
});

it('following names takes steps in proportion to the length of a config', async () => {
  const stepsFor = async (count: number) => {
    const config = await parseConfig(
      `${list(count, (i) => `const a${i} = { m${i}: 1 };`).join('\n')}\nexport default { ${list(count, (i) => `...a${i}`).join(', ')}, appId: 'a' };`,
      TS,
    );
    if (isUnsure(config)) throw new Error(config.unsure);
    const { locate } = await import('../../../../src/cli/config/lookup.ts');
    locate(config, ['plugins', 'P', 'publicKey']);
    return stepsOf(config.tree);
  };
  const [few, many] = [await stepsFor(100), await stepsFor(1000)];
  expect(few).toBeGreaterThan(100);
  expect(many).toBeLessThan(11 * few);
});
