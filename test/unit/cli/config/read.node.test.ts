import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfig, readConfigText, writeConfigText } from '../../../../src/cli/config/files.ts';
import { readConfig, valuesOf } from '../../../../src/cli/config/read.ts';
import { rejection } from '../../../support/errors.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(at(name), content);
  return { path: at(name), fileName: name, others: [] };
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const TS = 'capacitor.config.ts';
const literal = (value: unknown) => ({ kind: 'literal', value });
const COMPUTED = {
  kind: 'not literal',
  reason: 'it is computed when the file is loaded',
  isWritten: true,
};
const ABSENT = { kind: 'absent' };

describe('a config is found', () => {
  it('in the order that Capacitor has, and its own before those of other tools', async () => {
    const order = ['ts', 'js', 'json', 'mjs', 'cjs'].map((end) => `capacitor.config.${end}`);
    expect(await findConfig(folder)).toBeUndefined();
    for (const [i, name] of [...order].reverse().entries()) {
      put(name, '');
      const others = order.slice(order.length - i);
      expect(await findConfig(folder)).toEqual({ path: at(name), fileName: name, others });
    }
  });

  it('only in a folder', async () => {
    put('file', '');
    for (const path of [at('file'), at('nothing')]) {
      expect((await rejection(findConfig(path), 'ERR_FILE')).path).toBe(path);
    }
    await expect(findConfig('')).rejects.toBeInstanceOf(TypeError);
  });

  it('if it is a link', async () => {
    put('real.ts', '');
    symlinkSync('real.ts', at(TS));
    expect((await findConfig(folder))?.path).toBe(at(TS));
  });
});

describe('a config is read', () => {
  it('as far as its text has literal values', async () => {
    const file = put(
      TS,
      `import { webDir } from './dirs';
const appId = 'com.example.app';
const config: CapacitorConfig = {
  appId,
  appName: process.env.NAME ?? 'App',
  webDir,
  plugins: {
    CapacitorUpdater: {
      publicKey: \`-----BEGIN
\` + 'END',
      version: '1.' + 2_0,
      autoUpdate: !true,
      delay: -1_500,
      'list': ['a', { b: null }],
      ["ratio"]: 0.5,
      none: undefined,
      at: Date.now(),
      method() {},
    },
  },
};
export default config;
`,
    );
    const values = await readConfig(file);
    expect(values).toEqual({
      appId: literal('com.example.app'),
      appName: COMPUTED,
      webDir: COMPUTED,
      plugin: {
        publicKey: literal('-----BEGIN\nEND'),
        privateKey: ABSENT,
        version: COMPUTED,
        autoUpdate: literal(false),
        delay: literal(-1500),
        list: literal(['a', { b: null }]),
        ratio: literal(0.5),
        none: literal(undefined),
        at: COMPUTED,
        method: { kind: 'not literal', reason: '"method" is a getter or a method' },
      },
    });
  });

  it('of JSON, and of another plugin', async () => {
    const text = '\uFEFF{"appId":"a","plugins":{"Live":{"version":"1","x":{"y":[1,true]}}}}';
    const file = put('capacitor.config.json', text);
    expect(await readConfig(file, 'Live')).toEqual({
      appId: literal('a'),
      appName: ABSENT,
      webDir: ABSENT,
      plugin: {
        publicKey: ABSENT,
        privateKey: ABSENT,
        version: literal('1'),
        x: literal({ y: [1, true] }),
      },
    });
  });

  it.each([
    ['a syntax error', 'export default {', /a syntax error at line 1, column 17/],
    ['no export', 'const config = {};', /no default export/],
    ['a config on a condition', 'export default a ? {} : {};', /depends on a condition/],
    ['an unknown spread', "export default { appId: 'a', ...f() };", /may have "appId" too/],
    ['an unknown spread alone', 'export default { ...f() };', /may have "appId" too/],
    [
      'a member that is set again',
      "const c = { appId: 'a' };\nc.appId = 'b';\nexport default c;",
      /c is also used at line 2/,
    ],
    [
      'constants in a circle',
      'const a = b;\nconst b = a;\nexport default { appId: a };',
      /computed/,
    ],
    [
      'a list that may be changed',
      "const l = ['a'];\nl.push('b');\nexport default { appId: l };",
      /computed/,
    ],
    ['a getter', "export default { get appId() { return 'a'; } };", /a getter/],
  ])('as not literal with %s', async (_, text, reason) => {
    const { appId } = await valuesOf(text, TS);
    expect(appId).toMatchObject({ kind: 'not literal', reason: expect.stringMatching(reason) });
  });

  it.each([
    [
      'a member that is read elsewhere',
      "const c = { appId: 'a' };\nconsole.log(c.appId, c);\nconst d = c.appId + 'x';\nexport default c;",
    ],
    ['another that is set', "const c: any = { appId: 'a' };\nc.server = {};\nexport default c;"],
    [
      'a constant with other uses',
      "const appId = 'a';\nexport default { appId, android: { appId } };",
    ],
    [
      'types of the same name',
      "type appId = string;\nconst appId: appId = 'a';\nexport default { appId } as { appId: typeof appId };",
    ],
    [
      'members of the same name',
      "const appId = 'a';\nconst x = { appId: 'b', f() { return this.appId = 'c'; } };\nexport default { appId };",
    ],
    [
      'spreads of others',
      "export default { appId: 'a', ...(x ? { server: {} } : {}), ...(y && { ios: {} }) };",
    ],
  ])('as literal with %s', async (_, text) => {
    expect((await valuesOf(text, TS)).appId).toEqual(literal('a'));
  });

  it('without running it', async () => {
    const mark = JSON.stringify(at('mark'));
    const text = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${mark}, '');\nexport default { appId: 'a' };`;
    expect((await readConfig(put(TS, text))).appId).toEqual(literal('a'));
    expect(readdirSync(folder)).toEqual([TS]);
  });

  it('only from a file of text', async () => {
    mkdirSync(at('folder'));
    const files = [
      { path: at('nothing.ts'), fileName: 'nothing.ts', others: [] },
      { path: at('folder'), fileName: 'folder', others: [] },
      put(TS, Uint8Array.of(0xff, 0xfe, 0x7b, 0)),
      put('capacitor.config.js', new Uint8Array(2 ** 23)),
    ];
    for (const file of files) {
      expect((await rejection(readConfig(file), 'ERR_FILE')).path).toBe(file.path);
    }
  });
});

describe("a config's text is replaced", () => {
  it('whole, with its mode and its byte order mark', async () => {
    const file = put(TS, '\uFEFFbefore');
    chmodSync(file.path, 0o640);
    const before = await readConfigText(file);
    expect(before).toBe('\uFEFFbefore');
    await writeConfigText(file, before, '\uFEFFafter \u00E9\n');
    expect(readFileSync(file.path, 'utf8')).toBe('\uFEFFafter \u00E9\n');
    if (process.platform !== 'win32') expect(statSync(file.path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual([TS]);
  });

  it('through a link', async () => {
    put('real.ts', 'before');
    symlinkSync('real.ts', at(TS));
    await writeConfigText({ path: at(TS) }, 'before', 'after');
    expect(readFileSync(at('real.ts'), 'utf8')).toBe('after');
  });

  it('not at all if its text has changed meanwhile', async () => {
    const file = put(TS, 'another');
    const error = await rejection(writeConfigText(file, 'before', 'after'), 'ERR_FILE');
    expect(error.message).toMatch(/was changed meanwhile/);
    expect(readFileSync(file.path, 'utf8')).toBe('another');
    expect(readdirSync(folder)).toEqual([TS]);
  });
});
