// key create: a new pair, in two files.

import type { Command } from 'commander';
import { fileError } from '../../files/error.ts';
import { UsageError } from '../answer.ts';
import { CAPGO_PRIVATE_KEY_FILE } from '../capgo.ts';
import type { Context } from '../context.ts';
import { gitStateOf, ignoreInGit } from '../git.ts';
import { examples } from '../help.ts';
import { isThere, PRIVATE_KEY_FILE } from '../keys.ts';
import { run } from '../run.ts';
import { writeWhole } from '../write-whole.ts';

interface Options {
  readonly out?: string;
  readonly bits: string;
  readonly format: string;
  readonly capgo: boolean;
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
    .option(
      '--out <file>',
      `the private key; the public one gets .pub behind it (default: ${PRIVATE_KEY_FILE}, or ${CAPGO_PRIVATE_KEY_FILE} with --capgo)`,
    )
    .option('--bits <bits>', 'of the RSA modulus: 3072 or 4096', '4096')
    .option('--format <format>', 'pkcs8 or pkcs1', 'pkcs8')
    .option('--capgo', "RSA-2048 in PKCS#1, which is what Capgo's plugin takes", false)
    .option(
      '--force',
      'replace keys that are there: what they sealed can no longer be renewed',
      false,
    )
    .option('--gitignore', 'add the private key to .gitignore where git would commit it', false)
    .addHelpText('after', examples('key create', 'key create --out keys/release --bits 3072'))
    .action(
      run<Options>(async (context, options) => {
        const { force } = options;
        const out = options.out ?? (options.capgo ? CAPGO_PRIVATE_KEY_FILE : PRIVATE_KEY_FILE);
        const modulusBits = Number(options.bits);
        if (modulusBits !== 3072 && modulusBits !== 4096) {
          throw new UsageError(`--bits takes 3072 or 4096, got ${options.bits}`);
        }
        const { format } = options;
        if (format !== 'pkcs8' && format !== 'pkcs1') {
          throw new UsageError(`--format takes pkcs8 or pkcs1, got ${format}`);
        }
        await refuseExisting(out, force);
        const { signal } = context;
        const pair = options.capgo
          ? await (await import('../../capgo.ts')).keygen({ signal })
          : await (await import('../../index.ts')).keygen({ modulusBits, format, signal });
        await writePair(out, pair, force);
        await guardFromGit(context, out, options.gitignore);
        return {
          json: {
            privateKey: out,
            publicKey: `${out}.pub`,
            keyId: pair.keyId,
            bits: options.capgo ? 2048 : modulusBits,
          },
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
async function refuseExisting(out: string, force: boolean): Promise<void> {
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
  await writeWhole(out, pair.privateKey, { mode: 0o600, force });
  await writeWhole(`${out}.pub`, pair.publicKey, { mode: 0o644, force });
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
