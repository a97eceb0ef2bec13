// Writing a public key into each form of a Capacitor config.

import { describe, expect, it } from 'vitest';
import { setPublicKey } from '../../../../src/cli/config/edit.ts';
import { JSON_FILE, PEM, run, TS } from '../../../support/config.ts';

/** As it stands between the quotes of a string literal. */
const ESCAPED = PEM.replaceAll('\n', '\\n');
/** What must never be in a message. */
const SECRET = 'MIISECRET';
const JS = 'capacitor.config.js';

/** A text after, in which the string '@' stands for the key. */
const written = (text: string) => text.replace(/(['"])@\1/g, (_, quote) => quote + ESCAPED + quote);

const EDITED: [string, string, string, string][] = [
  [
    'a typed constant, exported',
    TS,
    `import type { CapacitorConfig } from '@capacitor/cli';

const config: CapacitorConfig = {
  appId: 'com.example.app',
  webDir: 'dist',
  plugins: {
    // The splash.
    SplashScreen: { launchShowDuration: 1_000 },
    CapacitorUpdater: {
      autoUpdate: true, // always
    },
  },
};

export default config;
`,
    `import type { CapacitorConfig } from '@capacitor/cli';

const config: CapacitorConfig = {
  appId: 'com.example.app',
  webDir: 'dist',
  plugins: {
    // The splash.
    SplashScreen: { launchShowDuration: 1_000 },
    CapacitorUpdater: {
      autoUpdate: true, // always
      publicKey: '@',
    },
  },
};

export default config;
`,
  ],
  [
    'no plugins, tabs and double quotes, no trailing commas, no last line break',
    TS,
    'const config = {\n\tappId: "a", // mine\n\twebDir: "dist" // built\n}\nexport default config',
    'const config = {\n\tappId: "a", // mine\n\twebDir: "dist", // built\n\tplugins: {\n\t\tCapacitorUpdater: {\n\t\t\tpublicKey: "@"\n\t\t}\n\t}\n}\nexport default config',
  ],
  [
    'no plugin, CR LF and a byte order mark',
    TS,
    '\uFEFFexport default {\r\n    plugins: {\r\n    },\r\n};\r\n',
    "\uFEFFexport default {\r\n    plugins: {\r\n        CapacitorUpdater: {\r\n            publicKey: '@',\r\n        },\r\n    },\r\n};\r\n",
  ],
  [
    'an empty plugin on one line of several',
    TS,
    'export default {\n  plugins: {\n    CapacitorUpdater: {},\n  },\n};\n',
    "export default {\n  plugins: {\n    CapacitorUpdater: {\n      publicKey: '@',\n    },\n  },\n};\n",
  ],
  [
    'an empty plugin with a comment in it',
    TS,
    'export default {\n  plugins: {\n    CapacitorUpdater: {\n      // nothing yet\n    }\n  }\n};\n',
    "export default {\n  plugins: {\n    CapacitorUpdater: {\n      // nothing yet\n      publicKey: '@'\n    }\n  }\n};\n",
  ],
  [
    'an empty object with a comment behind its brace',
    TS,
    'export default { // the config\n};\n',
    "export default { // the config\n  plugins: {\n    CapacitorUpdater: {\n      publicKey: '@',\n    },\n  },\n};\n",
  ],
  [
    'an empty object with a comment on its only line',
    JS,
    "module.exports = { appId: 'a', plugins: { /* none */ } };",
    "module.exports = { appId: 'a', plugins: { /* none */ CapacitorUpdater: { publicKey: '@' } } };",
  ],
  [
    'a minified file',
    JS,
    'module.exports={appId:"a",plugins:{CapacitorUpdater:{autoUpdate:!0}}};',
    'module.exports={appId:"a",plugins:{CapacitorUpdater:{autoUpdate:!0,publicKey:"@"}}};',
  ],
  [
    'one line whose members end with a comma',
    JS,
    'exports.default = { plugins: { CapacitorUpdater: { a: 1, }, }, };',
    "exports.default = { plugins: { CapacitorUpdater: { a: 1, publicKey: '@', }, }, };",
  ],
  [
    'one line with a line comment at its end',
    JS,
    'module.exports = { plugins: { CapacitorUpdater: { a: 1 // one\n} } };',
    "module.exports = { plugins: { CapacitorUpdater: { a: 1, // one\npublicKey: '@'\n} } };",
  ],
  [
    'a comment between the last member and its comma',
    TS,
    'export default {\n  plugins: {\n    CapacitorUpdater: {\n      a: 1 /* , */,\n    },\n  },\n};\n',
    "export default {\n  plugins: {\n    CapacitorUpdater: {\n      a: 1 /* , */,\n      publicKey: '@',\n    },\n  },\n};\n",
  ],
  [
    'quoted names',
    JS,
    'module.exports = {\n  "appId": "a",\n  "plugins": {\n    "SplashScreen": {}\n  }\n};\n',
    'module.exports = {\n  "appId": "a",\n  "plugins": {\n    "SplashScreen": {},\n    "CapacitorUpdater": {\n      "publicKey": "@"\n    }\n  }\n};\n',
  ],
  [
    'names computed from literals',
    JS,
    "module.exports = { ['plugins']: { [`CapacitorUpdater`]: { ['publicKey']: 'old' } } };",
    "module.exports = { ['plugins']: { [`CapacitorUpdater`]: { ['publicKey']: '@' } } };",
  ],
  [
    'satisfies',
    TS,
    'export default { plugins: { CapacitorUpdater: { publicKey: "old" } } } satisfies CapacitorConfig;',
    'export default { plugins: { CapacitorUpdater: { publicKey: "@" } } } satisfies CapacitorConfig;',
  ],
  [
    'as const',
    TS,
    "export default { plugins: { CapacitorUpdater: { publicKey: 'old' as string } } } as const;",
    "export default { plugins: { CapacitorUpdater: { publicKey: '@' as string } } } as const;",
  ],
  [
    'a type in angle brackets',
    TS,
    "export default <CapacitorConfig>{ plugins: { CapacitorUpdater: { publicKey: 'old' } } };",
    "export default <CapacitorConfig>{ plugins: { CapacitorUpdater: { publicKey: '@' } } };",
  ],
  [
    'export =',
    TS,
    'const c = { plugins: { CapacitorUpdater: { a: 1 } } };\nexport = c;',
    "const c = { plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } };\nexport = c;",
  ],
  [
    'export { … as default }',
    JS,
    'const c = { plugins: { CapacitorUpdater: {} } };\nexport { c as default };',
    "const c = { plugins: { CapacitorUpdater: { publicKey: '@' } } };\nexport { c as default };",
  ],
  [
    'a constant in CommonJS, marked as a module',
    JS,
    "Object.defineProperty(exports, '__esModule', { value: true });\nconst config = { plugins: { CapacitorUpdater: { a: 1 } } };\nexports.default = config;\n",
    "Object.defineProperty(exports, '__esModule', { value: true });\nconst config = { plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } };\nexports.default = config;\n",
  ],
  [
    'a wrapper that gives back what it gets',
    TS,
    "import { defineConfig } from './define';\nexport default defineConfig<Config>({ plugins: { CapacitorUpdater: { a: 1 } } });",
    "import { defineConfig } from './define';\nexport default defineConfig<Config>({ plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } });",
  ],
  [
    'a function with one object literal',
    TS,
    'export default (): CapacitorConfig => ({ plugins: { CapacitorUpdater: { a: 1 } } });',
    "export default (): CapacitorConfig => ({ plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } });",
  ],
  [
    'a function with one return, and functions in it with theirs',
    TS,
    'export default function config() {\n  const list = [1].map((x) => { return x; });\n  return { plugins: { CapacitorUpdater: { list } } };\n}',
    "export default function config() {\n  const list = [1].map((x) => { return x; });\n  return { plugins: { CapacitorUpdater: { list, publicKey: '@' } } };\n}",
  ],
  [
    'a function called in place',
    TS,
    'export default (async () => {\n  const config = { plugins: { CapacitorUpdater: { a: 1 } } };\n  return config;\n})();',
    "export default (async () => {\n  const config = { plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } };\n  return config;\n})();",
  ],
  [
    'plugins by name',
    TS,
    "const updater = {\n  publicKey: 'old',\n};\nconst plugins = { CapacitorUpdater: updater };\nexport default { plugins };",
    "const updater = {\n  publicKey: '@',\n};\nconst plugins = { CapacitorUpdater: updater };\nexport default { plugins };",
  ],
  [
    'a key that is a constant of its own',
    TS,
    'const publicKey = `old\nkey`;\nexport default { plugins: { CapacitorUpdater: { publicKey } } };',
    "const publicKey = '@';\nexport default { plugins: { CapacitorUpdater: { publicKey } } };",
  ],
  [
    'a config that is changed elsewhere afterwards',
    TS,
    "const config: C = { appId: 'a', plugins: { CapacitorUpdater: { a: 1 } } };\nif (process.env.LIVE) {\n  config.server = { url: 'http://x' };\n  config.plugins!.CapacitorUpdater!['autoUpdate'] = false;\n}\nconsole.log(config);\nexport default config;",
    "const config: C = { appId: 'a', plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } };\nif (process.env.LIVE) {\n  config.server = { url: 'http://x' };\n  config.plugins!.CapacitorUpdater!['autoUpdate'] = false;\n}\nconsole.log(config);\nexport default config;",
  ],
  [
    'spreads that can only have other members',
    TS,
    "const extra = process.env.X ? { server: {} } : {};\nexport default {\n  plugins: {\n    CapacitorUpdater: { a: 1 },\n    ...(process.env.X && { Other: {} }),\n  },\n  ...extra,\n  ...(process.env.X ? { server: { url: 'x' } } : undefined),\n};",
    "const extra = process.env.X ? { server: {} } : {};\nexport default {\n  plugins: {\n    CapacitorUpdater: { a: 1, publicKey: '@' },\n    ...(process.env.X && { Other: {} }),\n  },\n  ...extra,\n  ...(process.env.X ? { server: { url: 'x' } } : undefined),\n};",
  ],
  [
    'spreads before what is edited',
    TS,
    "import other from './other';\nexport default { ...other, plugins: { ...other.plugins, CapacitorUpdater: { ...other, publicKey: 'old' } } };",
    "import other from './other';\nexport default { ...other, plugins: { ...other.plugins, CapacitorUpdater: { ...other, publicKey: '@' } } };",
  ],
  [
    'an unknown spread in the plugin: the key is written behind it',
    TS,
    "import other from './other';\nexport default { plugins: { CapacitorUpdater: { ...other } } };",
    "import other from './other';\nexport default { plugins: { CapacitorUpdater: { ...other, publicKey: '@' } } };",
  ],
  [
    'a member that comes from an object spread in any case',
    TS,
    "const base = { plugins: { CapacitorUpdater: { a: 1 } } };\nexport default { ...base, appId: 'a' };",
    "const base = { plugins: { CapacitorUpdater: { a: 1, publicKey: '@' } } };\nexport default { ...base, appId: 'a' };",
  ],
  [
    'a template for a value',
    TS,
    "export default { appId: 'a', plugins: { CapacitorUpdater: { publicKey: `\n-----BEGIN`, b: 1 } } };",
    "export default { appId: 'a', plugins: { CapacitorUpdater: { publicKey: '@', b: 1 } } };",
  ],
  [
    'strings put together for a value',
    JS,
    'module.exports = {\n  plugins: {\n    CapacitorUpdater: {\n      publicKey: (\'-----BEGIN\' +\n        "AAAA" + `x`), // key\n    },\n  },\n};',
    "module.exports = {\n  plugins: {\n    CapacitorUpdater: {\n      publicKey: ('@'), // key\n    },\n  },\n};",
  ],
  [
    'lines joined for a value',
    JS,
    "module.exports = { plugins: { CapacitorUpdater: { publicKey: ['a', 'b'].join('\\n') } } };",
    "module.exports = { plugins: { CapacitorUpdater: { publicKey: '@' } } };",
  ],
  [
    'a value that is nothing yet',
    JS,
    'module.exports = { plugins: { CapacitorUpdater: { publicKey: undefined } } };',
    "module.exports = { plugins: { CapacitorUpdater: { publicKey: '@' } } };",
  ],
  [
    'a getter of another member',
    JS,
    'module.exports = { get server() { return {}; }, plugins: { CapacitorUpdater: { a() {} } } };',
    "module.exports = { get server() { return {}; }, plugins: { CapacitorUpdater: { a() {}, publicKey: '@' } } };",
  ],
  [
    'JSON',
    JSON_FILE,
    '{\n  "appId": "a",\n  "plugins": {\n    "SplashScreen": { "a": [1, null] }\n  }\n}\n',
    '{\n  "appId": "a",\n  "plugins": {\n    "SplashScreen": { "a": [1, null] },\n    "CapacitorUpdater": {\n      "publicKey": "@"\n    }\n  }\n}\n',
  ],
  [
    'JSON with tabs, CR LF, a byte order mark and odd colons',
    JSON_FILE,
    '\uFEFF{\r\n\t"appId" : "a",\r\n\t"plugins" : {}\r\n}',
    '\uFEFF{\r\n\t"appId" : "a",\r\n\t"plugins" : {\r\n\t\t"CapacitorUpdater" : {\r\n\t\t\t"publicKey" : "@"\r\n\t\t}\r\n\t}\r\n}',
  ],
  [
    'JSON with comments and trailing commas',
    JSON_FILE,
    '{\n  // the app\n  "appId": "a", /* its id */\n}\n',
    '{\n  // the app\n  "appId": "a", /* its id */\n  "plugins": {\n    "CapacitorUpdater": {\n      "publicKey": "@",\n    },\n  },\n}\n',
  ],
  [
    'an object of one line with a comment, among objects of several lines',
    JSON_FILE,
    '{\n  "plugins": { /* none */ },\n  "appId": "a"\n}\n',
    '{\n  "plugins": { /* none */\n    "CapacitorUpdater": {\n      "publicKey": "@"\n    }\n  },\n  "appId": "a"\n}\n',
  ],
  [
    'JSON in one line',
    JSON_FILE,
    '{"appId":"a"}',
    '{"appId":"a","plugins":{"CapacitorUpdater":{"publicKey":"@"}}}',
  ],
  [
    'JSON with nothing in it',
    JSON_FILE,
    '{}\n',
    '{\n  "plugins": {\n    "CapacitorUpdater": {\n      "publicKey": "@"\n    }\n  }\n}\n',
  ],
  [
    'JSON with an old key',
    JSON_FILE,
    '{ "plugins": { "CapacitorUpdater": { "publicKey": "old\\nkey", "a": 1 } } }',
    '{ "plugins": { "CapacitorUpdater": { "publicKey": "@", "a": 1 } } }',
  ],
];

describe('a public key is written into', () => {
  it.each(EDITED)('%s', async (_, fileName, before, after) => {
    expect(await setPublicKey(before, fileName, PEM)).toEqual({ edited: written(after) });
    expect(await setPublicKey(written(after), fileName, PEM)).toEqual({ edited: written(after) });
  });

  // The imports of these give nothing to spread.
  it.each(EDITED.filter(([, file]) => file !== JSON_FILE))(
    '%s, and nothing else is when it is run',
    async (_, fileName, before, after) => {
      type Ran = { plugins?: Record<string, Record<string, unknown>> };
      const was = (await run(before, fileName)) as Ran;
      const is = (await run(written(after), fileName)) as Ran;
      expect(is.plugins?.['CapacitorUpdater']?.['publicKey']).toBe(PEM);
      const updater = { ...was.plugins?.['CapacitorUpdater'], publicKey: PEM };
      const expected = { ...was, plugins: { ...was.plugins, CapacitorUpdater: updater } };
      expect(JSON.parse(JSON.stringify(is))).toEqual(JSON.parse(JSON.stringify(expected)));
    },
  );

  it('another plugin, whose name has to be quoted', async () => {
    const text = "export default { plugins: { 'live-update': { a: 1 }, Other: {} } };";
    expect(await setPublicKey(text, TS, PEM, 'live-update')).toEqual({
      edited: written(
        "export default { plugins: { 'live-update': { a: 1, publicKey: '@' }, Other: {} } };",
      ),
    });
    expect(
      await setPublicKey('export default { plugins: { Other: {} } };', TS, PEM, 'a-b'),
    ).toEqual({
      edited: written("export default { plugins: { Other: {}, 'a-b': { publicKey: '@' } } };"),
    });
  });

  it('.mjs and .cjs', async () => {
    const edited = written("{ plugins: { CapacitorUpdater: { publicKey: '@' } } };");
    const before = '{ plugins: { CapacitorUpdater: {} } };';
    expect(await setPublicKey(`export default ${before}`, 'capacitor.config.mjs', PEM)).toEqual({
      edited: `export default ${edited}`,
    });
    expect(await setPublicKey(`module.exports = ${before}`, 'capacitor.config.cjs', PEM)).toEqual({
      edited: `module.exports = ${edited}`,
    });
  });

  it('a string with its quotes and backslashes escaped', async () => {
    const odd = 'it\'s "odd"\\\r\n\u2028`$';
    for (const quote of ["'", '"']) {
      const text = `module.exports = { plugins: { CapacitorUpdater: { publicKey: ${quote}x${quote} } } }`;
      const result = await setPublicKey(text, JS, odd);
      const edited = 'edited' in result ? result.edited : '';
      expect(edited).toContain(`publicKey: ${quote}`);
      expect(await run(edited, JS)).toEqual({ plugins: { CapacitorUpdater: { publicKey: odd } } });
    }
  });

  it('no config, if it is a private one', async () => {
    const pem = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`;
    const work = setPublicKey('{}', JSON_FILE, pem);
    await expect(work).rejects.toThrow(TypeError);
    await expect(work).rejects.not.toThrow(SECRET);
  });
});
