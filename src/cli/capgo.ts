// Encrypts and opens bundles for Capgo.

import type { Command } from 'commander';
import type { DecryptedFile } from '../capgo/decrypt-file.ts';
import { type Answer, UsageError } from './answer.ts';
import type { Verdict } from './archive.ts';
import { CAPGO, capgoKeyText } from './bundle-formats.ts';
import { bytes, rare } from './help.ts';
import { type FoundKey, findPublicKeys } from './keys.ts';
import type { KeyValue } from './read-key.ts';
import { findSigningKey, type PrivateKeyOptions } from './signing-key.ts';
import type { Context } from './terminal.ts';

/** Options for opening such a bundle. */
export interface CapgoOpeningOptions {
  readonly capgo: boolean;
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly ivSessionKey?: string;
  readonly checksum?: string;
}

export function capgoOpeningOptions(command: Command): Command {
  return command
    .option(
      '--capgo',
      "the file is in Capgo's format; needs --iv-session-key and --checksum",
      false,
    )
    .option('--iv-session-key <text>', "the session key, as Capgo's CLI printed it");
}

/** @param when - The condition under which the option applies. */
export function checksumFormatOption(command: Command, when: string): Command {
  return rare(
    command.option('--checksum-format <format>', `${when}: v3, or v2 for old plugins`, 'v3'),
    '--checksum-format',
  );
}

/** Encrypts a zip for Capgo's plugin. */
export async function encryptForCapgo(
  context: Context,
  zip: string,
  out: string,
  options: PrivateKeyOptions & { readonly checksumFormat: string },
  verdict?: Verdict,
): Promise<Answer> {
  const { checksumFormat } = options;
  if (checksumFormat !== 'v3' && checksumFormat !== 'v2') {
    throw new UsageError(`--checksum-format takes v3 or v2, got ${checksumFormat}`);
  }
  const { key, from } = await findSigningKey(context, options, CAPGO);
  const { encryptFile } = await import('../capgo/encrypt-file.ts');
  const { signal } = context;
  const about = await context.follow('encrypting', (onProgress) =>
    encryptFile(zip, out, { privateKey: capgoKeyText(key), checksumFormat, signal, onProgress }),
  );
  return {
    json: { out, ...about, ...verdict, keyFrom: from },
    lines: [
      `✓ ${out}  ${bytes(about.size)} encrypted into ${bytes(about.encryptedSize)}, for Capgo's plugin`,
      `  ivSessionKey  ${about.ivSessionKey}`,
      `  checksum      ${about.checksum}`,
      `  key id        ${about.keyId} (${from})`,
    ],
  };
}

/**
 * Opens a bundle for Capgo into a file, which gets its name only after all of it has been verified.
 */
export async function openFromCapgo(
  context: Context,
  file: string,
  out: string,
  options: CapgoOpeningOptions,
): Promise<DecryptedFile> {
  const { ivSessionKey, checksum } = options;
  if (ivSessionKey === undefined || checksum === undefined) {
    throw new UsageError(
      '--capgo needs --iv-session-key and --checksum: without the signed checksum nothing proves the bundle',
    );
  }
  const publicKey = capgoKeyText(await findCapgoPublicKey(options));
  const { decryptFile } = await import('../capgo/decrypt-file.ts');
  const { signal } = context;
  return context.follow('opening', (onProgress) =>
    decryptFile(file, out, { publicKey, ivSessionKey, checksum, signal, onProgress }),
  );
}

async function findCapgoPublicKey(options: CapgoOpeningOptions): Promise<KeyValue> {
  const { key = [], keyData } = options;
  if (key.length + (keyData === undefined ? 0 : 1) > 1) {
    throw new UsageError("a bundle in Capgo's format does not name its key: pass only one --key");
  }
  const [found] = (await findPublicKeys(options, CAPGO)) as [FoundKey<KeyValue>];
  return found.key;
}
