// key create: a new pair, in two files.

import type { Command } from 'commander';
import { fileError } from '../../files/error.ts';
import { UsageError } from '../answer.ts';
import type { Context } from '../context.ts';
import { gitStateOf, ignoreInGit } from '../git.ts';
import { examples } from '../help.ts';
import { isThere, PRIVATE_KEY_FILE } from '../keys.ts';
import { run } from '../run.ts';
import { writeText } from '../write-text.ts';

interface Options {
  readonly out: string;
  readonly bits: string;
  readonly format: string;
  readonly force: boolean;
  readonly gitignore: boolean;
}

export function keyCreate(group: Command): void {
  group
    .command('create')
    .summary('make an RSA-4096 key pair')
    .description(
      'Makes a key pair. The private key stays on the build machine; the public key goes into the app.',
    )
    .option('--out <file>', 'the private key; the public one gets .pub behind it', PRIVATE_KEY_FILE)
    .option('--bits <bits>', 'of the RSA modulus: 3072 or 4096', '4096')
    .option('--format <format>', 'pkcs8 or pkcs1', 'pkcs8')
    .option(
      '--force',
      'replace keys that are there: what they sealed can no longer be renewed',
      false,
    )
    .option('--gitignore', 'add the private key to .gitignore where git would commit it', false)
    .addHelpText('after', examples('key create', 'key create --out keys/release --bits 3072'))
    .action(
      run<Options>(async (context, options) => {
        const { out, force } = options;
        const modulusBits = Number(options.bits);
        if (modulusBits !== 3072 && modulusBits !== 4096) {
          throw new UsageError(`--bits takes 3072 or 4096, got ${options.bits}`);
        }
        const { format } = options;
        if (format !== 'pkcs8' && format !== 'pkcs1') {
          throw new UsageError(`--format takes pkcs8 or pkcs1, got ${format}`);
        }
        await refuseExisting(out, force);
        const { keygen } = await import('../../index.ts');
        const pair = await keygen({ modulusBits, format, signal: context.signal });
        await writePair(out, pair, force);
        await guardFromGit(context, out, options.gitignore);
        return {
          json: { privateKey: out, publicKey: `${out}.pub`, keyId: pair.keyId, bits: modulusBits },
          lines: [
            `✓ private key  ${out}  (into the build machine's secrets, and nowhere else)`,
            `✓ public key   ${out}.pub  (into the app: bundleseal key save)`,
            `  key id       ${pair.keyId}`,
          ],
        };
      }),
    );
}

/** Refuses before time is spent on a pair that can't be kept. */
export async function refuseExisting(out: string, force: boolean): Promise<void> {
  for (const path of force ? [] : [out, `${out}.pub`]) {
    if (await isThere(path)) {
      throw fileError(
        path,
        'is there already: pass --force to replace it, or --out for another place',
      );
    }
  }
}

/** Writes both halves; the private one is readable by its owner alone. */
export async function writePair(
  out: string,
  pair: { readonly privateKey: string; readonly publicKey: string },
  force: boolean,
): Promise<void> {
  await writeText(out, pair.privateKey, { mode: 0o600, force });
  await writeText(`${out}.pub`, pair.publicKey, { mode: 0o644, force });
}

/** Warns where git would commit a private key, and adds the line if that is wanted. */
export async function guardFromGit(context: Context, path: string, add: boolean): Promise<void> {
  const state = await gitStateOf(path);
  if (state === 'tracked') {
    context.warn(`${path} is in git: take it out (git rm --cached), and count the key as known`);
  }
  if (state !== 'not ignored') return;
  if (add || (await context.confirm(`git would commit ${path}. Add it to .gitignore?`))) {
    context.warn(`${path} was added to ${await ignoreInGit(path)}`);
    return;
  }
  context.warn(
    `git would commit ${path}: add this line to .gitignore, or pass --gitignore: /${path}`,
  );
}
