import { describe, expect, it } from 'vitest';
import { removeKey } from '../../../../src/cli/config/edit.ts';

const TS = 'capacitor.config.ts';
const JSON_FILE = 'capacitor.config.json';
/** What must never be in a message. */
const SECRET = 'MIISECRET';

/** A plugin's settings in a config, before and after. */
const REMOVED: [string, string, string][] = [
  ['a line of its own', "{\n  a: 1,\n  privateKey: 'x',\n  b: 2,\n}", '{\n  a: 1,\n  b: 2,\n}'],
  ['the first line', "{\n  privateKey: 'x',\n  b: 2,\n}", '{\n  b: 2,\n}'],
  ['the last line', "{\n  a: 1,\n  privateKey: 'x',\n}", '{\n  a: 1,\n}'],
  [
    'the last line, without a comma',
    "{\n  a: 1, // one\n  privateKey: 'x' // old\n}",
    '{\n  a: 1 // one\n}',
  ],
  ['CR LF and tabs', "{\r\n\ta: 1,\r\n\tprivateKey: 'x'\r\n}", '{\r\n\ta: 1\r\n}'],
  [
    'several lines',
    "{\n  a: 1,\n  privateKey:\n    'x' +\n    // more\n    'y',\n  b: 2,\n}",
    '{\n  a: 1,\n  b: 2,\n}',
  ],
  [
    'comments of others',
    "{\n  // of a\n  a: 1, // one\n  /* above */\n  privateKey: 'x', // MII\n  // of b\n  b: 2,\n}",
    '{\n  // of a\n  a: 1, // one\n  /* above */\n  // of b\n  b: 2,\n}',
  ],
  [
    'a comment of the next on the same line',
    "{\n  privateKey: 'x', /* of\n  b */ b: 2,\n}",
    '{\n  /* of\n  b */ b: 2,\n}',
  ],
  ['the middle of a line', "{ a: 1, privateKey: 'x', b: 2 }", '{ a: 1, b: 2 }'],
  ['the first of a line', "{ privateKey: 'x', b: 2 }", '{ b: 2 }'],
  ['the last of a line', "{ a: 1, privateKey: 'x' }", '{ a: 1 }'],
  ['the last of a line, with a comma', "{ a: 1, privateKey: 'x', }", '{ a: 1, }'],
  ['the last before a line break', "{ a: 1, privateKey: 'x',\n  b: 2 }", '{ a: 1,\n  b: 2 }'],
  ['comments on one line', "{ a: 1 /* a */, privateKey: 'x' /* p */ }", '{ a: 1 /* a */ /* p */ }'],
  ['minified', "{a:1,privateKey:'x',b:2}", '{a:1,b:2}'],
  ['minified, the last', "{a:1,privateKey:'x'}", '{a:1}'],
  ['minified, the only one', "{privateKey:'x'}", '{}'],
  ['the only one', "{\n  privateKey: 'x',\n}", '{}'],
  ['the only one, with a comment', "{\n  // old\n  privateKey: 'x',\n}", '{\n  // old\n}'],
  ['a spread beside it', "{ ...{ a: 1 }, privateKey: 'x' }", '{ ...{ a: 1 } }'],
  ['a quoted name', "{ a: 1, 'privateKey': 'x' }", '{ a: 1 }'],
  ['a value that is not literal', '{ a: 1, privateKey: process.env.KEY }', '{ a: 1 }'],
  ['a value from elsewhere', '{ a: 1, privateKey: imported }', '{ a: 1 }'],
  ['nothing', '{ a: 1 }', '{ a: 1 }'],
  ['nothing of that name itself', '{ a: { privateKey: 1 } }', '{ a: { privateKey: 1 } }'],
];

const config = (settings: string) =>
  `const config: C = { plugins: { CapacitorUpdater: ${settings} } };\nexport default config;\n`;

describe('a private key is removed from', () => {
  it.each(REMOVED)('%s', async (_, before, after) => {
    expect(await removeKey(config(before), TS, 'privateKey')).toEqual({ edited: config(after) });
    expect(await removeKey(config(after), TS, 'privateKey')).toEqual({ edited: config(after) });
  });

  it.each([
    [
      '{\n  "plugins": {\n    "CapacitorUpdater": {\n      "a": 1,\n      "privateKey": "x"\n    }\n  }\n}\n',
      '{\n  "plugins": {\n    "CapacitorUpdater": {\n      "a": 1\n    }\n  }\n}\n',
    ],
    [
      '\uFEFF{"plugins":{"CapacitorUpdater":{"privateKey":"x","a":1}}}',
      '\uFEFF{"plugins":{"CapacitorUpdater":{"a":1}}}',
    ],
    [
      '{ "plugins": { "CapacitorUpdater": { "privateKey": "x" /* old */ } } }',
      '{ "plugins": { "CapacitorUpdater": { /* old */ } } }',
    ],
  ])('JSON %#', async (before, after) => {
    expect(await removeKey(before, JSON_FILE, 'privateKey')).toEqual({ edited: after });
  });

  it('a file without a private key', async () => {
    for (const text of ['{}', '{ "plugins": {} }', '{ "plugins": { "Other": {} } }']) {
      expect(await removeKey(text, JSON_FILE, 'privateKey')).toEqual({ edited: text });
    }
  });
});

const MANUAL: [string, string, RegExp][] = [
  [
    'a constant that holds it',
    `const KEY = '${SECRET}';\n${config('{ privateKey: KEY }')}`,
    /the constant KEY, which has to be removed too/,
  ],
  [
    'a constant of the same name',
    `const privateKey = '${SECRET}';\n${config('{ privateKey }')}`,
    /the constant privateKey, which has to be removed too/,
  ],
  ['two of them', config(`{ privateKey: '${SECRET}', privateKey: 'b' }`), /more than once/],
  ['a getter', config(`{ get privateKey() { return '${SECRET}'; } }`), /a getter or a method/],
  ['a spread that may have it too', config(`{ ...f(), privateKey: '${SECRET}' }`), /may have/],
  ['a spread that may override it', config(`{ privateKey: '${SECRET}', ...f() }`), /may have/],
  ['a spread that alone may have it', config('{ ...f() }'), /may have "privateKey" too/],
  [
    'another object that has it too',
    `const base = { privateKey: '${SECRET}' };\n${config(`{ ...base, privateKey: 'b' }`)}`,
    /privateKey is set in another place too/,
  ],
  ['plugins on a condition', 'export default { plugins: x ? {} : {} };', /depends on a condition/],
  ['a syntax error', `export default { privateKey: '${SECRET} };`, /syntax error at line 1/],
];

describe('a private key has to be removed manually from', () => {
  it.each(MANUAL)('%s', async (_, text, reason) => {
    const result = await removeKey(text, TS, 'privateKey');
    expect(result).toEqual({
      manual: 'remove privateKey from plugins.CapacitorUpdater',
      reason: expect.stringMatching(reason),
    });
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });
});
