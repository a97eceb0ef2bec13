// key create: makes a new pair in two files.

import type { Command } from 'commander';
import { CAPGO_BITS } from '../../capgo/keys.ts';
import { fileError } from '../../files/error.ts';
import { exists } from '../../files/leniency.ts';
import { PASSPHRASE_VARIABLE } from '../../keys/key-places.ts';
import { Cancelled, UsageError } from '../answer.ts';
import { CAPGO, SEALED } from '../bundle-formats.ts';
import { gitStateOf, ignoreInGit, ignoreLines } from '../git.ts';
import { examples, inShell } from '../help.ts';
import { type KeptPair, placePair } from '../key-pair.ts';
import { lockPair } from '../pair-lock.ts';
import { newPassphrase, protect } from '../passphrase.ts';
import { refuseKeyAsPath } from '../read-key.ts';
import { run } from '../run.ts';
import type { Context } from '../terminal.ts';

interface Options {
  readonly out?: string;
  readonly bits: string;
  readonly format: string;
  readonly capgo: boolean;
  readonly protect: boolean;
  readonly force: boolean;
  readonly gitignore: boolean;
}

export function keyCreate(command: Command): void {
  command
    .description(
      'Makes a key pair. Keep the private key on the build machine, and put the public key into the app. For a recovery key (see release keys), make a second pair and keep its private key offline.',
    )
    .option(
      '--out <file>',
      `file for the private key; the public key gets the same name with .pub (default: ${SEALED.privateKeyFile}, or ${CAPGO.privateKeyFile} with --capgo)`,
    )
    .option('--bits <bits>', 'of the RSA modulus: 3072 or 4096', '4096')
    .option('--format <format>', 'pkcs8 or pkcs1', 'pkcs8')
    .option('--capgo', "RSA-2048 in PKCS#1, as Capgo's plugin requires", false)
    .option('--force', 'replace existing keys; keep the old files with .old appended', false)
    .option(
      '--protect',
      `protect the private key with a passphrase: ${PASSPHRASE_VARIABLE}, or typed on the terminal`,
      false,
    )
    .option('--gitignore', 'add the private key to .gitignore', false)
    .addHelpText(
      'after',
      examples(
        'key create',
        'key create --out keys/release --bits 3072',
        'key create --out recovery --protect',
      ),
    )
    .action(
      run<Options>(async (context, options) => {
        const { force } = options;
        const bundleFormat = options.capgo ? CAPGO : SEALED;
        const out = options.out ?? bundleFormat.privateKeyFile;
        await refuseKeyAsPath(out, '--out');
        const modulusBits = Number(options.bits);
        if (modulusBits !== 3072 && modulusBits !== 4096) {
          throw new UsageError(`--bits takes 3072 or 4096, got ${options.bits}`);
        }
        const { format } = options;
        if (format !== 'pkcs8' && format !== 'pkcs1') {
          throw new UsageError(`--format takes pkcs8 or pkcs1, got ${format}`);
        }
        if (options.protect && (options.capgo || format === 'pkcs1')) {
          throw new UsageError(
            "--protect writes PKCS#8, which --format pkcs1 and --capgo don't: leave one out",
          );
        }
        await refuseExisting(out, force);
        const passphrase = options.protect ? await newPassphrase(context) : undefined;
        const { signal } = context;
        const made = options.capgo
          ? await (await import('../../capgo.ts')).keygen({ signal })
          : await (await import('../../keys/keygen.ts')).keygen({ modulusBits, format, signal });
        const pair =
          passphrase === undefined
            ? made
            : { ...made, privateKey: await protect(made.privateKey, passphrase) };
        const kept = await lockPair(out, async () => {
          // Checks again, because another command may have made a pair meanwhile.
          await refuseExisting(out, force);
          return placePair(out, pair);
        });
        await guardFromGit(context, out, options.gitignore);
        if (kept.privateKey !== undefined) {
          await guardFromGit(context, kept.privateKey, options.gitignore);
        }
        return {
          json: {
            privateKey: out,
            publicKey: `${out}.pub`,
            keyId: pair.keyId,
            bits: options.capgo ? CAPGO_BITS : modulusBits,
            ...(options.protect && { isProtected: true }),
            ...(hasKept(kept) && { kept }),
          },
          lines: [
            `✓ private key  ${out}  (put it into the secrets of the build machine only)`,
            ...(options.protect
              ? ['  protected by the passphrase; nobody can use the key without it']
              : []),
            `✓ public key   ${out}.pub  (put it into the app: ${bundleFormat.save}${options.capgo ? '' : ', or npx bundleseal key save --module FILE'})`,
            `  key id       ${pair.keyId}`,
            ...Object.values(kept).map((path) => `  kept         ${path}, the old file`),
          ],
        };
      }),
    );
}

/** Checks before the pair is made, because making it takes seconds. */
async function refuseExisting(out: string, force: boolean): Promise<void> {
  for (const path of force ? [] : [out, `${out}.pub`]) {
    if (await exists(path)) {
      throw fileError(
        path,
        'exists already: pass --force to replace it, or --out to write another file. Apps with the present public key refuse bundles of a new pair: npx bundleseal key rotate replaces the pair step by step',
      );
    }
  }
}

function hasKept(kept: KeptPair): boolean {
  return Object.keys(kept).length > 0;
}

/** Warns if git would commit a private key, and adds the lines on request. */
export async function guardFromGit(context: Context, path: string, add: boolean): Promise<void> {
  const state = await gitStateOf(path);
  if (state === 'tracked') {
    context.warn(
      `${path} is in git: remove it (git rm --cached ${inShell(path)}) and make a new pair, because everyone with the repository has the key`,
    );
  }
  if (state === 'unknown') {
    context.warn(`git does not say whether it would commit ${path}: check this before you commit`);
  }
  // Adds the lines even if git already ignores the key, because the files of a killed process have other names.
  if (state === 'ignored' && add) await ignoreInGit(path);
  if (state === 'no repository' && add) {
    // A repository that is created here later must not contain the key.
    const { file } = await ignoreInGit(path);
    context.inform(`${path} was added to ${file}, for a git repository that you make here later`);
    return;
  }
  if (state !== 'not ignored') return;
  const lines = ignoreLines(path).join(' ');
  if (!add && !(await wantsIgnored(context, path))) {
    context.warn(
      `git would commit ${path}: pass --gitignore, or add these lines to .gitignore, each on its own: ${lines}`,
    );
    return;
  }
  const { file, state: after } = await ignoreInGit(path);
  if (after === 'ignored') {
    context.inform(`${path} was added to ${file}`);
    return;
  }
  context.warn(
    `${path} was added to ${file}, but git would still commit it: another pattern includes it again, or no pattern can name it. Move the key out of the repository`,
  );
}

/** The key is written already, so leaving the question means no, and the command goes on and tells where the key is. */
async function wantsIgnored(context: Context, path: string): Promise<boolean> {
  try {
    return await context.confirm(`git would commit ${path}. Add it to .gitignore?`);
  } catch (error) {
    // A signal during the question ends the command.
    context.signal.throwIfAborted();
    if (error instanceof Cancelled) return false;
    throw error;
  }
}
