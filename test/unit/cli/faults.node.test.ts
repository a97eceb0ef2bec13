// Every call to the file system fails once, in every command that writes. Each run ends with a documented error, leaves
// what was there as it was, and leaves nothing of its own.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { runInside } from '../../support/cli-inside.ts';
import { makeFolder, onFileSystem } from '../../support/files.ts';
import { generateFixedPairs, generateRandomPairs } from '../../support/fixed-pairs.js';
import { runs } from '../../support/scope.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CODES = new Set(
  ['docs/errors.md', 'docs/cli.md']
    .flatMap((page) => [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\| `(ERR_[A-Z_]+)`/g)])
    .map(([, code]) => code),
);
const REASONS = ['ENOSPC', 'EACCES', 'EIO', 'EMFILE'] as const;
// A run that takes away what it made can't do so when that is the call that fails.
const REMOVALS = /^(rm|unlink|rmdir)$/;
// Of each command; EVERY_CALL=1 in the environment runs all.
const MAX_RUNS = runs(20);
const SECRET = /PRIVATE KEY/;

const root = makeFolder();
const template = join(root, 'template');
const folder = join(root, 'work');
const env = {
  TMPDIR: join(folder, 'tmp'),
  BUNDLESEAL_PRIVATE_KEY: undefined,
  CAPGO_PRIVATE_KEY: undefined,
};

// The command that makes a key runs as often as it calls the file system.
beforeAll(generateFixedPairs);
afterAll(generateRandomPairs);

beforeAll(async () => {
  mkdirSync(join(template, 'site'), { recursive: true });
  mkdirSync(join(template, 'www'));
  mkdirSync(join(template, 'tmp'));
  const page = new TextEncoder().encode('<script>notifyAppReady()</script>');
  const put = (name: string, content: string | Uint8Array) =>
    writeFileSync(join(template, name), content);
  put('site/index.html', page);
  put('www/old.html', 'old');
  put('key', keyB.pkcs8);
  put('key.pub', keyB.spki);
  put('other', keyA.pkcs8);
  put('capacitor.config.json', '{ "appId": "com.example.app", "plugins": {} }\n');
  const sealed = await encryptBundle(await zipBundle({ 'index.html': page }), {
    privateKey: keyB.pkcs8,
  });
  put('app.sealed', sealed.bytes);
  put('app.seal', sealed.seal);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Everything that is there, by path. */
function contents(): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  );
}

interface Outcome {
  readonly calls: number;
  readonly failed: string | undefined;
  readonly code: number | null;
  readonly said: string;
  readonly before: Map<string, string>;
  readonly after: Map<string, string>;
}

/** Runs a command in a fresh folder; the call with this number fails. */
async function runWithFault(
  args: readonly string[],
  number: number,
  code: string,
): Promise<Outcome> {
  rmSync(folder, { recursive: true, force: true });
  cpSync(template, folder, { recursive: true });
  const before = contents();
  let calls = 0;
  let failed: string | undefined;
  const hooks = {
    before(name: string) {
      calls += 1;
      if (calls !== number) return undefined;
      failed = name;
      const error = new Error(`${code}: simulated, ${name}`);
      return Object.assign(error, { code, errno: -1, syscall: name });
    },
  };
  const {
    code: exit,
    stdout,
    stderr,
  } = await onFileSystem(hooks, () => runInside(args, { cwd: folder, env }));
  return { calls, failed, code: exit, said: stdout + stderr, before, after: contents() };
}

/** What each command may make or replace. */
const COMMANDS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    ['key', 'create', '--bits', '3072', '--out', 'k'],
    ['k', 'k.pub'],
  ],
  [['key', 'save', '--key', 'key.pub'], ['capacitor.config.json']],
  [['bundle', 'zip', 'site', '--out', 'site.zip'], ['site.zip']],
  [['bundle', 'encrypt', 'site', '--key', 'key', '--out', 'new.sealed'], ['new.sealed']],
  [['bundle', 'decrypt', 'app.sealed', '--key', 'key.pub', '--out', 'app.zip'], ['app.zip']],
  [['bundle', 'decrypt', 'app.sealed', '--key', 'key.pub', '--extract', 'new'], ['new/index.html']],
  [
    ['bundle', 'decrypt', 'app.sealed', '--key', 'key.pub', '--extract', 'www', '--overwrite'],
    ['www/index.html', 'www/old.html'],
  ],
  [['bundle', 'reseal', 'app.sealed', '--from', 'key.pub', '--key', 'other'], ['app.sealed']],
  [['bundle', 'reseal', 'app.seal', '--from', 'key.pub', '--key', 'other'], ['app.seal']],
];

describe('a call to the file system that fails', () => {
  it.each(COMMANDS)('leaves %j completed or without effect', async (args, outputs) => {
    const whole = await runWithFault(args, 0, '');
    expect(whole.code, whole.said).toBe(0);
    expect(whole.calls).toBeGreaterThan(3);
    const stride = process.env['EVERY_CALL'] === undefined ? Math.ceil(whole.calls / MAX_RUNS) : 1;
    for (let number = 1; number <= whole.calls; number += stride) {
      const reason = REASONS[Math.floor(number / stride) % REASONS.length] as string;
      const outcome = await runWithFault(args, number, reason);
      check(
        outcome,
        whole,
        outputs,
        `call ${number} (${outcome.failed}) of ${args.join(' ')}, ${reason}`,
      );
    }
  });
});

function check(outcome: Outcome, whole: Outcome, outputs: readonly string[], what: string): void {
  const { code, said, before, after, failed = '' } = outcome;
  const told = `${what}\n${said}`;
  expect([0, 1], told).toContain(code);
  expect(said, told).not.toMatch(/\n\s+at |node:internal|simulated/);
  if (code === 1) {
    const [, name] = /^ {2}(ERR_[A-Z_]+)$/m.exec(said) ?? [];
    expect(CODES, told).toContain(name);
    expect(name, told).not.toBe('ERR_UNEXPECTED');
  }
  // Each thing is as it was, or as a run without a fault leaves it; with an error it is as it was.
  for (const [name, content] of before) {
    if (code === 0 && outputs.includes(name)) continue;
    expect(after.get(name), `${name} after ${told}`).toBe(content);
  }
  if (code === 0) {
    for (const name of outputs) {
      expect(after.has(name), `${name} after ${told}`).toBe(whole.after.has(name));
    }
  }
  if (REMOVALS.test(failed)) return;
  const made = [...after.keys()].filter((name) => !before.has(name));
  expect(
    made.filter((name) => code === 1 || !outputs.includes(name)),
    told,
  ).toEqual([]);
  expect(existsSync(join(folder, 'tmp')), told).toBe(true);
  expect(
    made.some((name) => name !== 'k' && SECRET.test(after.get(name) ?? '')),
    told,
  ).toBe(false);
}
