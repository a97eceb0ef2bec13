// Every call to the file system fails once, in every command that writes. Each run ends with a documented error, leaves
// what was there as it was, and leaves nothing of its own.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../src/index.ts';
import { zipBundle } from '../../../src/zip.ts';
import { DOCUMENTED_CODES, type FaultOutcome, makeFaultBench } from '../../support/cli-faults.ts';
import { generateFixedPairs, generateRandomPairs } from '../../support/fixed-pairs.js';
import { runs } from '../../support/scope.ts';
import { keyA, keyB } from '../../support/vectors.ts';

// A run that takes away what it made can't do so when that is the call that fails.
const REMOVALS = /^(rm|unlink|rmdir)$/;
// Of each command; EVERY_CALL=1 in the environment runs all.
const MAX_RUNS = runs(20);
const SECRET = /PRIVATE KEY/;

const { template, folder, run, each, remove } = makeFaultBench();

// The command that makes a key runs as often as it calls the file system.
beforeAll(generateFixedPairs);
afterAll(generateRandomPairs);

beforeAll(async () => {
  mkdirSync(join(template, 'site'), { recursive: true });
  mkdirSync(join(template, 'www'));
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

afterAll(remove);

/** Everything that is there, by path. */
function contents(root: string): Map<string, string> {
  const names = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.map((path) => [path.slice(root.length + 1), readFileSync(path, 'latin1')]));
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
    const whole = await run(args, 0, '');
    expect(whole.exit, whole.said).toBe(0);
    expect(whole.calls).toBeGreaterThan(3);
    const wholeAfter = contents(folder);
    await each(args, whole.calls, MAX_RUNS, (outcome, told) =>
      check(outcome, wholeAfter, outputs, told),
    );
  });
});

function check(
  { exit, said, failed }: FaultOutcome,
  wholeAfter: Map<string, string>,
  outputs: readonly string[],
  told: string,
): void {
  const before = contents(template);
  const after = contents(folder);
  expect([0, 1], told).toContain(exit);
  expect(said, told).not.toMatch(/\n\s+at |node:internal|simulated/);
  if (exit === 1) {
    const [, name] = /^ {2}(ERR_[A-Z_]+)$/m.exec(said) ?? [];
    expect(DOCUMENTED_CODES, told).toContain(name);
    expect(name, told).not.toBe('ERR_UNEXPECTED');
  }
  // Each thing is as it was, or as a run without a fault leaves it; with an error it is as it was.
  for (const [name, content] of before) {
    if (exit === 0 && outputs.includes(name)) continue;
    expect(after.get(name), `${name} after ${told}`).toBe(content);
  }
  if (exit === 0) {
    for (const name of outputs) {
      expect(after.has(name), `${name} after ${told}`).toBe(wholeAfter.has(name));
    }
  }
  if (REMOVALS.test(failed)) return;
  const made = [...after.keys()].filter((name) => !before.has(name));
  expect(
    made.filter((name) => exit === 1 || !outputs.includes(name)),
    told,
  ).toEqual([]);
  expect(existsSync(join(folder, 'tmp')), told).toBe(true);
  expect(
    made.some((name) => name !== 'k' && SECRET.test(after.get(name) ?? '')),
    told,
  ).toBe(false);
}
