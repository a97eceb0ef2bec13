import { describe, expect, it } from 'vitest';
import { setPublicKey } from '../../../../src/cli/config/edit.ts';

const PEM = '-----BEGIN PUBLIC KEY-----\nAAAA\nBBBB\n-----END PUBLIC KEY-----\n';
/** As it stands between the quotes of a string literal. */
const ESCAPED = PEM.replaceAll('\n', '\\n');
/** What must never be in a message. */
const SECRET = 'MIISECRET';

const TS = 'capacitor.config.ts';
const JS = 'capacitor.config.js';
const JSON_FILE = 'capacitor.config.json';

const IN = (member: string) => `export default { plugins: { CapacitorUpdater: { ${member} } } };`;

const MANUAL: [string, string, string, RegExp][] = [
  [
    'a config assigned on a condition',
    TS,
    "let config: C;\nswitch (process.env.X) { case 'a': config = {}; }\nexport default config;",
    /config gets its value after it is declared/,
  ],
  [
    'a config assigned again',
    TS,
    'let config = {};\nif (process.env.X) config = { ...config, a: 1 };\nexport default config;',
    /config is also used at line 2, column 20/,
  ],
  [
    'a config declared on a condition',
    JS,
    'if (process.env.X) { var config = {}; }\nmodule.exports = config;',
    /config is declared on a condition/,
  ],
  [
    'a config declared twice',
    JS,
    'var config = {};\nvar config = {};\nmodule.exports = config;',
    /more than once/,
  ],
  [
    'a config handed to a function',
    TS,
    'const config = {};\nchange(config);\nexport default config;',
    /config is also used at line 2, column 8/,
  ],
  [
    'plugins set afterwards',
    TS,
    'const config: any = { plugins: {} };\nconfig.plugins.CapacitorUpdater = {};\nexport default config;',
    /line 2/,
  ],
  [
    'plugins set afterwards under a name that is not known',
    TS,
    'const config: any = {};\nconfig[process.argv[2]] = {};\nexport default config;',
    /line 2/,
  ],
  [
    'a key set afterwards',
    TS,
    "const config = { plugins: {} };\nconfig.plugins!.CapacitorUpdater['publicKey'] = 'x';\nexport default config;",
    /config is also used at line 2, column 1/,
  ],
  [
    'a key deleted afterwards',
    JS,
    'const config = { plugins: {} };\ndelete config.plugins.CapacitorUpdater.publicKey;\nmodule.exports = config;',
    /config is also used at line 2, column 8/,
  ],
  [
    'plugins that a function changes',
    JS,
    'const config = { plugins: {} };\nObject.assign(config.plugins, {});\nmodule.exports = config;',
    /config is also used at line 2, column 15/,
  ],
  [
    'plugins taken out of the config',
    TS,
    'const config = { plugins: {} };\nconst { plugins } = config;\nexport default config;',
    /line 2/,
  ],
  [
    'exports changed afterwards',
    JS,
    'module.exports = {};\nmodule.exports.plugins = {};',
    /may be changed at line 2, column 1/,
  ],
  ['two exports', JS, 'module.exports = {};\nexports.default = {};', /more than one/],
  ['an export on a condition', JS, 'if (process.env.X) module.exports = {};', /no default export/],
  ['no export', TS, 'const config = {};', /no default export/],
  [
    'a config from elsewhere',
    TS,
    "import config from './base';\nexport default config;",
    /config is not a constant of this file/,
  ],
  [
    'a config chosen by a condition',
    TS,
    'export default process.env.X ? {} : { a: 1 };',
    /the config depends on a condition/,
  ],
  [
    'plugins chosen by a condition',
    TS,
    'export default { plugins: process.env.X ? {} : {} };',
    /plugins depends on a condition/,
  ],
  [
    'a config made by a function',
    TS,
    'export default merge({}, {});',
    /the config is the result of a function/,
  ],
  [
    'a config made by a function of one argument',
    TS,
    'export default withLive({});',
    /the config is the result of a function/,
  ],
  [
    'a function that returns in two places',
    TS,
    'export default () => { if (process.env.X) return {}; return { a: 1 }; };',
    /a branch in a function/,
  ],
  [
    'a function that returns on a condition',
    TS,
    'export default () => { if (process.env.X) { return {}; } };',
    /a branch in a function/,
  ],
  ['a generator', JS, 'module.exports = function* () { return {}; };', /generator/],
  ['a class', JS, 'module.exports = class {};', /not written as an object literal/],
  [
    'plugins that are no object',
    JS,
    'module.exports = { plugins: null };',
    /plugins is not written as an object literal/,
  ],
  [
    'a plugin that is no object',
    JSON_FILE,
    '{ "plugins": { "CapacitorUpdater": true } }',
    /plugins.CapacitorUpdater is not written/,
  ],
  ['a getter', JS, 'module.exports = { get plugins() { return {}; } };', /"plugins" is a getter/],
  [
    'a method',
    JS,
    'module.exports = { plugins() { return {}; } };',
    /"plugins" is a getter or a method/,
  ],
  [
    'a getter for the key',
    JS,
    `module.exports = { plugins: { CapacitorUpdater: { get publicKey() { return 'x'; } } } };`,
    /"publicKey" is a getter/,
  ],
  [
    'the same member twice',
    JS,
    `module.exports = { plugins: {}, 'plugins': {} };`,
    /"plugins" is in the same object more than once/,
  ],
  [
    'the key twice',
    JSON_FILE,
    '{ "plugins": { "CapacitorUpdater": { "publicKey": "a", "publicKey": "b" } } }',
    /"publicKey" is in the same object more than once/,
  ],
  [
    'an unknown spread after the plugins',
    TS,
    "import other from './other';\nexport default { plugins: {}, ...other };",
    /the value spread at line 2, column 31 may have "plugins" too/,
  ],
  [
    'an unknown spread after the plugin',
    TS,
    'export default { plugins: { CapacitorUpdater: {}, ...f() } };',
    /may have "CapacitorUpdater" too/,
  ],
  ['an unknown spread after the key', TS, IN("publicKey: 'a', ...f()"), /may have "publicKey" too/],
  [
    'a spread on a condition that has plugins too',
    TS,
    'export default { plugins: {}, ...(process.env.X ? { plugins: {} } : {}) };',
    /may have "plugins" too/,
  ],
  [
    'plugins that only a spread may have',
    TS,
    'export default { ...f() };',
    /may have "plugins" too/,
  ],
  [
    'a plugin that only a spread may have',
    TS,
    'export default { plugins: { ...f() } };',
    /may have "CapacitorUpdater" too/,
  ],
  [
    'a spread constant that is changed',
    TS,
    'const extra: any = {};\nextra.plugins = {};\nexport default { plugins: {}, ...extra };',
    /may have "plugins" too/,
  ],
  [
    'a computed name',
    TS,
    'export default { [process.env.X]: {} };',
    /the computed name at line 1, column 18 may be "plugins"/,
  ],
  ['a prototype', JS, 'module.exports = { __proto__: require("./base") };', /may be "plugins"/],
  [
    'a key from the environment',
    TS,
    IN('publicKey: process.env.KEY'),
    /computed when the file is loaded/,
  ],
  [
    'a key from a file',
    TS,
    IN("publicKey: readFileSync('key.pem', 'utf8')"),
    /computed when the file is loaded/,
  ],
  [
    'a template with something in it',
    TS,
    IN('publicKey: `$' + '{process.env.KEY}\n`'),
    /computed when the file is loaded/,
  ],
  [
    'a key that is imported',
    TS,
    `import publicKey from './key';\n${IN('publicKey')}`,
    /publicKey is not a constant of this file/,
  ],
  [
    'a key that is a constant with other uses',
    TS,
    `const KEY = 'old';\n${IN('publicKey: KEY, other: KEY')}`,
    /the constant KEY, which has other uses/,
  ],
  [
    'a key that is exported too',
    TS,
    `export const KEY = 'old';\n${IN('publicKey: KEY')}`,
    /the constant KEY, which has other uses/,
  ],
  [
    'a key that is a computed constant',
    TS,
    `const KEY = process.env.KEY;\n${IN('publicKey: KEY')}`,
    /the constant KEY, which is not a literal/,
  ],
  [
    'a plugin that is shared',
    TS,
    'const shared = {};\nexport default { plugins: { CapacitorUpdater: shared, Other: shared } };',
    /shared is also used at line 2, column 62/,
  ],
  [
    'a syntax error',
    TS,
    "export default {\n  appId: 'a'\n  webDir: 'b',\n};",
    /a syntax error at line 3, column 3/,
  ],
  [
    'an unfinished string',
    JS,
    `module.exports = {\r\n  privateKey: '${SECRET}\r\n};`,
    /a syntax error at line 2, column \d+$/,
  ],
  [
    'types in JavaScript',
    JS,
    'const c: C = {};\nmodule.exports = c;',
    /a syntax error at line 1, column 8/,
  ],
  [
    'a syntax error in JSON',
    JSON_FILE,
    '{\n  "a": 1\n  "b": 2\n}',
    /a syntax error at line 3, column 3/,
  ],
  ['bare names in JSON', JSON_FILE, '{ a: 1 }', /a syntax error at line 1, column 3/],
  ['no JSON at all', JSON_FILE, '', /a syntax error at line 1, column 1/],
  ['JSON that is a list', JSON_FILE, '[]', /the config is not written as an object literal/],
];

describe('a public key has to be written manually into', () => {
  it.each(MANUAL)('%s', async (_, fileName, text, reason) => {
    const result = await setPublicKey(text, fileName, PEM);
    if (!('manual' in result)) throw new Error(`edited: ${result.edited}`);
    expect(result.reason).toMatch(reason);
    expect(result.manual).toContain(`${ESCAPED}`);
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  it('lines that can be pasted, in the style of the file', async () => {
    const script = await setPublicKey('\tconst a = "x";\n\texport default f();', TS, PEM);
    expect(script).toHaveProperty(
      'manual',
      `plugins: {\n\tCapacitorUpdater: {\n\t\tpublicKey: "${ESCAPED}",\n\t},\n},`,
    );
    const json = await setPublicKey('[]', JSON_FILE, PEM);
    expect(json).toHaveProperty(
      'manual',
      `"plugins": {\n  "CapacitorUpdater": {\n    "publicKey": "${ESCAPED}"\n  }\n}`,
    );
  });
});
