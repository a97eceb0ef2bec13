// Private keys in each form that a command signs with, and a folder with a zip for each test.

import { createPrivateKey, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { keyId } from '../../src/index.ts';
import type { Ran } from './cli.ts';
import { runInside } from './cli-inside.ts';
import { zip } from './cli-keys.ts';
import { capgoPair, type Pair, sealingPair } from './pairs.ts';

/** Opens the keys that are under a passphrase. */
export const PASSPHRASE = 'correct horse battery staple';
/** The variable from which a command takes the passphrase. */
export const VARIABLE = 'BUNDLESEAL_KEY_PASSPHRASE';

/** One pair, in PEM. */
export interface KeyForms {
  /** PKCS#8. */
  readonly plain: string;
  readonly pkcs1: string;
  /** PKCS#8 under the passphrase. */
  readonly pkcs8: string;
  /** PKCS#1 under the passphrase, which the headers of the PEM describe. */
  readonly withHeaders: string;
  readonly publicKey: string;
  readonly publicPkcs1: string;
}

function formsOf(pair: Pair): KeyForms {
  const privateKey = createPrivateKey(pair.privateKey);
  const publicKey = createPublicKey(pair.publicKey);
  const under = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE, format: 'pem' } as const;
  return {
    plain: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
    pkcs8: privateKey.export({ type: 'pkcs8', ...under }) as string,
    withHeaders: privateKey.export({ type: 'pkcs1', ...under }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    publicPkcs1: publicKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  };
}

export const ours: KeyForms = formsOf(sealingPair(0));
export const old: KeyForms = formsOf(sealingPair(1));
export const capgo: KeyForms = formsOf(capgoPair(0));
/** The key id of `ours`. */
export const id: string = await keyId(ours.publicKey);

/** The environment of this machine must not change the tests. */
export const NONE: Readonly<Record<string, undefined>> = {
  CI: undefined,
  BUNDLESEAL_PRIVATE_KEY: undefined,
  CAPGO_PRIVATE_KEY: undefined,
  [VARIABLE]: undefined,
};

/** Seals the zip of the folder. */
export const SEAL: readonly string[] = [
  ...['bundle', 'encrypt', 'a.zip', '--no-project', '--out', 'o', '--force'],
];

/** A command that runs a program of JavaScript, on every system. */
export const node = (program: string): string => `"${process.execPath}" -e "${program}"`;

export interface SigningFolder {
  /** The path of a file in the folder of the running test. Default: the folder. */
  at(name?: string): string;
  put(name: string, content: string | Uint8Array): void;
  /** Runs a command in the folder. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Ran>;
  /** The same with `--json`: its answer, what it printed as `said`, and its exit code as `exit`. */
  json(
    args: readonly string[],
    env?: Record<string, string>,
  ): Promise<Record<string, unknown> & { readonly said: string; readonly exit: number | null }>;
}

/** Gives each test of the file a folder with `a.zip` in it. */
export function useSigningFolder(): SigningFolder {
  let folder = '';
  const at = (name = '') => join(folder, name);
  const put = (name: string, content: string | Uint8Array) =>
    writeFileSync(at(name), content, { mode: 0o600 });
  const run: SigningFolder['run'] = (args, env = {}) =>
    runInside(args, { cwd: folder, env: { ...NONE, ...env } });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundleseal-signing-'));
    put('a.zip', zip);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return {
    at,
    put,
    run,
    async json(args, env) {
      const { stdout, stderr, code } = await run([...args, '--json'], env);
      const answer = JSON.parse(stdout) as Record<string, unknown>;
      return { ...answer, said: stdout + stderr, exit: code };
    },
  };
}
