// Finds the private key with which a command signs: its options and default places.

import type { Command } from 'commander';
import { CAPGO_BITS } from '../capgo/keys.ts';
import { BundleSealError } from '../errors.ts';
import { exists } from '../files/leniency.ts';
import { textOfBytes } from '../keys/repair.ts';
import { UsageError } from './answer.ts';
import { type BundleFormat, CAPGO, SEALED } from './bundle-formats.ts';
import { inShell, rare } from './help.ts';
import { runKeyCommand } from './key-command.ts';
import { checkKey, type FoundKey, keyOfSource } from './keys.ts';
import { type Asking, unlock } from './passphrase.ts';
import { findAbove } from './project.ts';
import { type KeyValue, keyFromBytes, namingSource, readKeyFile } from './read-key.ts';
import type { Context } from './terminal.ts';

/** Options that name a private key. */
export interface PrivateKeyOptions {
  readonly key?: string;
  readonly keyCommand?: string;
  readonly keyData?: string;
}

/**
 * Adds the options that name a private key to a command.
 *
 * @param capgo - Whether the command can also sign in Capgo's format, whose keys have other places.
 */
export function privateKeyOptions(
  command: Command,
  {
    which = 'private key',
    capgo = false,
  }: { readonly which?: string; readonly capgo?: boolean } = {},
): Command {
  const places = `${SEALED.variable}, then ${SEALED.privateKeyFile}`;
  const placesOfCapgo = `; of Capgo's: ${CAPGO.variable}, then ${CAPGO.privateKeyFile}`;
  return rare(
    command
      .option(
        '--key <file>',
        `${which}; - for standard input (default: ${places}${capgo ? placesOfCapgo : ''})`,
      )
      .option(
        '--key-command <command>',
        'a shell command that prints the key, so that no file contains it',
      )
      .option('--key-data <key>', 'the key itself; other users of the machine can read it'),
    ...['--key-command', '--key-data'],
  );
}

/** Finds the private key with which this command signs. Each format has its own sources. */
export async function findSigningKey(
  context: Context,
  options: PrivateKeyOptions,
  format: BundleFormat = SEALED,
): Promise<FoundKey<KeyValue>> {
  const { key, keyCommand, keyData } = options;
  const named = Object.entries({ '--key': key, '--key-command': keyCommand, '--key-data': keyData })
    .filter(([, value]) => value !== undefined)
    .map(([flag]) => flag);
  if (named.length > 1)
    throw new UsageError(`${named.join(' and ')} name several keys: pass one of them`);
  const { variable, privateKeyFile } = format;
  if (key !== undefined) return { key: await readPrivateKeyFile(context, key, format), from: key };
  if (keyCommand !== undefined) return fromCommand(context, keyCommand, format);
  if (keyData !== undefined) {
    context.warn(
      `other users of this machine can read --key-data in its list of processes: use --key FILE, --key-command, or ${variable}`,
    );
    return privateKeyFromText(context, keyData, '--key-data', format);
  }
  const value = context.env[variable];
  if (value !== undefined) return privateKeyFromText(context, value, variable, format);
  if (await exists(privateKeyFile)) {
    return { key: await readPrivateKeyFile(context, privateKeyFile, format), from: privateKeyFile };
  }
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no private key: ${await adviceOnMissing(format)}${await hintAtOther(context, format)}`,
  );
}

/** Says how to name the private key, and to make a pair only if the project has none yet. */
async function adviceOnMissing(format: BundleFormat): Promise<string> {
  const { variable, privateKeyFile, publicKeyFile } = format;
  const above = await findAbove(privateKeyFile);
  if (above !== undefined) {
    return `${privateKeyFile} is not here, but ${above} is: run the command in that folder, or pass --key ${inShell(above)}`;
  }
  if (await exists(publicKeyFile)) {
    return `pass --key FILE or --key-command, or set ${variable}, with the private half of ${publicKeyFile} (${privateKeyFile} is not here). A new pair does not help: apps that carry this public key refuse what another pair seals`;
  }
  return `pass --key FILE or --key-command, set ${variable}, or make a pair with "${format.create}" (${privateKeyFile} is not here)`;
}

/** Reads a private key of one format from a file. Decrypts it if a passphrase protects it. */
export async function readPrivateKeyFile(
  context: Asking,
  path: string,
  format: BundleFormat = SEALED,
  option: string = '--key',
): Promise<KeyValue> {
  return openPrivateKey(context, await readKeyFile(path, option), path, format);
}

/** Reads a private key of one format from an option or a variable. */
async function privateKeyFromText(
  context: Asking,
  text: string,
  from: string,
  format: BundleFormat = SEALED,
): Promise<FoundKey<KeyValue>> {
  const key = await keyOfSource(text, from);
  return { key: await openPrivateKey(context, key, from, format), from };
}

async function fromCommand(
  context: Context,
  command: string,
  format: BundleFormat,
): Promise<FoundKey<KeyValue>> {
  const from = '--key-command';
  const output = await runKeyCommand(command, context.signal);
  if (textOfBytes(output)?.trim() === '') {
    throw new BundleSealError(
      'ERR_KEY_INVALID',
      `the command of ${from} printed nothing: run it separately, and check that it prints the private key`,
    );
  }
  const key = await namingSource(from, () => keyFromBytes(output));
  return { key: await openPrivateKey(context, key, from, format), from };
}

/** Returns the key, decrypted if a passphrase protects it, if the format can use it. */
export async function openPrivateKey(
  context: Asking,
  key: KeyValue,
  from: string,
  format: BundleFormat,
): Promise<KeyValue> {
  const plain = await namingSource(from, () => unlock(context, key, from));
  // A decrypted key is PKCS#8, but Capgo needs PKCS#1.
  const isOther = format === CAPGO && plain !== key;
  return checkKey(format, 'privateKey', { key: isOther ? await asPkcs1(plain) : plain, from });
}

async function asPkcs1(key: KeyValue): Promise<KeyValue> {
  const { parsePrivateKey } = await import('../keys/parse.ts');
  const { encodePkcs1Private } = await import('../keys/encode.ts');
  const { encodePem } = await import('../keys/pem.ts');
  return encodePem(
    'RSA PRIVATE KEY',
    encodePkcs1Private(parsePrivateKey(key, 'privateKey', CAPGO_BITS)),
  );
}

async function hintAtOther({ env }: Context, format: BundleFormat): Promise<string> {
  const other = format === SEALED ? CAPGO : SEALED;
  const place = env[other.variable] !== undefined ? other.variable : other.privateKeyFile;
  if (place !== other.variable && !(await exists(place))) return '';
  return `; ${place} is there, but it is a key of ${other.title}${other === CAPGO ? ': pass --capgo to use it' : ', which is used without --capgo'}`;
}
