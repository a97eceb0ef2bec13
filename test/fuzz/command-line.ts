// Random calls of the command line: their arguments, files and variables, and the properties that every run must have.

import { createPrivateKey } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { keyA, keyB } from '../support/vectors.ts';

/** One call: arguments, variables, and additional files. */
export interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  key: ['create', 'save', 'delete-old', 'show', 'rotate'],
  bundle: ['zip', 'encrypt', 'decrypt', 'verify', 'inspect', 'reseal', 'convert'],
  doctor: [],
};

// Its value is run by the shell, so it must not be random.
const KEY_COMMAND = '--key-command';
const KEY_COMMANDS = ['cat key', 'cat locked', 'cat site', 'echo', 'exit 3', 'no-such-command', ''];

/** Every flag of a command that may have any value, read from its help. */
export function flagsIn(help: string): string[] {
  return [...new Set(help.match(/--[a-z][a-z-]+/g) ?? [])].filter((flag) => flag !== KEY_COMMAND);
}

const PASSPHRASE = 'correct horse battery staple';

/** Files that every call finds. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'site/index.html': '<script>notifyAppReady()</script>',
  key: keyB.pkcs8,
  'key.pub': keyB.spki,
  other: keyA.pkcs8,
  locked: createPrivateKey(keyB.pkcs8).export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE },
  } as const),
  'other.pub': keyA.spki,
  '.bundleseal_key': keyB.pkcs8,
  '.bundleseal_key.pub': keyB.spki,
  'capacitor.config.json': '{ "appId": "com.example.app", "webDir": "site" }',
  'package.json': '{ "version": "1.2.3" }',
};

const NAMES = [
  ...Object.keys(FILES),
  'site',
  'app.sealed',
  'app.seal',
  'new',
  'link',
  'closed',
  'fuzzed',
];
const ODD = [
  '',
  ' ',
  '-',
  '--',
  '.',
  '..',
  '/',
  '/dev/null',
  'a/b',
  '~',
  '$HOME',
  '*',
  '\u202e',
  '\u009b2J',
  '\ud800',
  'ä',
];
const NUMBERS = [
  '0',
  '-1',
  '1',
  '3072',
  '1e3',
  'NaN',
  '4096',
  '99999999999999999999',
  '0x10',
  '1.5',
];

/** An argument: no argument of a process can hold a NUL. */
const text = fc
  .oneof(
    fc.constantFrom(...NAMES),
    fc.constantFrom(...ODD),
    fc.constantFrom(...NUMBERS),
    fc.constantFrom(
      'sealed',
      'capgo',
      'v2',
      'v3',
      'pkcs1',
      'pkcs8',
      'a'.repeat(64),
      'x'.repeat(5000),
    ),
    fc.constantFrom(
      keyA.pkcs8,
      keyA.pkcs8.replace(/-----.*-----|\n/g, ''),
      keyA.pkcs8.slice(0, 900),
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  .map((one) => one.replaceAll('\0', ''));

const command = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      ...Object.entries(GROUPS).flatMap(([group, names]) =>
        names.length === 0 ? [[group]] : names.map((name) => [group, name]),
      ),
    ),
  },
  { weight: 1, arbitrary: fc.array(text, { maxLength: 2 }) },
);

/** Random calls with these flags. */
export function calls(flags: readonly string[]): fc.Arbitrary<Call> {
  const flag = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...flags), text).map((pair) => [...pair]) },
    { weight: 2, arbitrary: fc.constantFrom(...flags).map((one) => [one]) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...flags), text)
        .map(([name, value]) => [`${name}=${value}`]),
    },
    { weight: 3, arbitrary: text.map((one) => [one]) },
    { weight: 1, arbitrary: fc.constantFrom(...KEY_COMMANDS).map((one) => [KEY_COMMAND, one]) },
  );
  const value = fc.oneof(
    text,
    fc.constant(PASSPHRASE),
    fc.constantFrom(keyB.pkcs8, keyB.pkcs8.replaceAll('\n', '\\n')),
  );
  return fc.record({
    args: fc
      .tuple(command, fc.array(flag, { maxLength: 7 }))
      .map(([names, rest]) => [...names, ...rest.flat()])
      // Keys are made in a second each, and their sizes are not what this is about.
      .filter(
        (args) =>
          (!args.includes('create') && !args.includes('rotate')) || args.includes('--format'),
      ),
    env: fc.dictionary(
      fc.constantFrom(
        'BUNDLESEAL_PRIVATE_KEY',
        'BUNDLESEAL_KEY_PASSPHRASE',
        'CAPGO_PRIVATE_KEY',
        'NO_COLOR',
        'TERM',
        'TMPDIR',
      ),
      value,
      { maxKeys: 2 },
    ),
    files: fc.dictionary(
      fc.constantFrom(
        'fuzzed',
        'package.json',
        'capacitor.config.json',
        '.bundleseal_key.pub',
        'capacitor.config.ts',
      ),
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ maxLength: 200 }).map((one) => new TextEncoder().encode(one)),
      ),
      { maxKeys: 2 },
    ),
  });
}

/** Makes a folder with the files of a call. */
export function prepare(folder: string, call: Call, sealed: Uint8Array, seal: string): void {
  try {
    chmodSync(join(folder, 'closed'), 0o700);
  } catch {
    // It is not there yet.
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'site'), { recursive: true });
  mkdirSync(join(folder, 'tmp'));
  mkdirSync(join(folder, 'closed'), { mode: 0o500 });
  symlinkSync('nowhere', join(folder, 'link'));
  const files = { ...FILES, 'app.sealed': sealed, 'app.seal': seal, ...call.files };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** The content of each file of a folder, by its path. */
export type Snapshot = ReadonlyMap<string, string>;

export function snapshot(folder: string): Snapshot {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => lstatSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

// What these flags name may be written.
const OUTPUTS = ['--out', '--module', '--config', '--extract'];
const CONFIG = /^capacitor\.config\./;

/** The files that a call may change: the outputs that it names, and the files that are the command's purpose. */
function outputsOf({ args }: Call): (name: string) => boolean {
  const [group, verb] = args;
  const values = args.flatMap((one, at) => {
    const [flag, ...value] = one.split('=');
    if (!OUTPUTS.includes(flag as string)) return [];
    return [value.length > 0 ? value.join('=') : (args[at + 1] ?? '')];
  });
  const named = values.map((value) => normalize(value).replace(/\/$/, ''));
  if (group === 'bundle' && verb === 'reseal') named.push(...args.map((one) => normalize(one)));
  const isKept = (name: string) =>
    group === 'key' && ['save', 'rotate', 'delete-old'].includes(verb as string)
      ? !CONFIG.test(name)
      : true;
  return (name) =>
    !isKept(name) ||
    named.some((one) =>
      [one, `${one}.seal`, `${one}.pub`].some((at) => name === at || name.startsWith(`${at}/`)),
    );
}

/** A file of the user's that a call has changed without being asked, or `undefined`. */
export function changedBy(call: Call, before: Snapshot, folder: string): string | undefined {
  const after = snapshot(folder);
  // A new pair keeps the old one under another name.
  const kept = new Set(after.values());
  const isOutput = outputsOf(call);
  for (const [name, content] of before) {
    const isPair = call.args[0] === 'key' && kept.has(content);
    if (after.get(name) !== content && !isPair && !isOutput(name)) return `changed ${name}`;
  }
  return undefined;
}

// Texts of a fault in the program itself, and error texts of the system.
const RAW =
  /\n\s+at .+:\d+|node:internal|ERR_UNEXPECTED|\bE(?:NOENT|ACCES|ISDIR|NOTDIR|INVAL|NAMETOOLONG|LOOP|PERM|EXIST|BADF|MFILE)\b(?!")/;
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const PARTS = [keyA.pkcs8, keyB.pkcs8].flatMap((pem) =>
  pem
    .split('\n')
    .slice(1, -2)
    .map((line) => line.slice(8, 56)),
);

function isOneObject(stdout: string): boolean {
  try {
    JSON.parse(stdout);
    return !stdout.slice(0, -1).includes('\n');
  } catch {
    return false;
  }
}

/** Describes what is wrong with the end of a call, or returns `undefined`. */
export function faultOf({ code, stdout, stderr }: Ended, folder: string): string | undefined {
  const all = stdout + stderr;
  if (![0, 1, 2, 129, 130, 143].includes(code ?? -1)) return `exit code ${code}`;
  if (RAW.test(all)) return 'an error that is not its own';
  if (OBEYED.test(all.replaceAll('\n', ''))) return 'a control character';
  if (PARTS.some((part) => all.includes(part))) return 'key material in the output';
  if (stdout.startsWith('{') && !isOneObject(stdout)) return 'more than one object of JSON';
  if (code !== 0 && stderr === '' && stdout === '') return 'no word of why';
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  if (left.some((name) => name.endsWith('.bundleseal-tmp'))) return 'a temporary file left';
  return undefined;
}
