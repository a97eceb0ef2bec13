// The options of every command that opens bundles.

import type { Command } from 'commander';
import type { BundleInfo } from '../bundle/info.ts';
import type { Expectations } from '../bundle/open-header.ts';
import { BundleSealError } from '../errors.ts';
import { exists } from '../files/leniency.ts';
import { SEALED } from './bundle-formats.ts';
import { readSealFile } from './header-file.ts';
import { bytes, collect, PUBLIC_KEY_HELP, rare } from './help.ts';
import {
  type FoundKey,
  findConfiguredKeys,
  findPublicKeys,
  keysOf,
  type PublicKeyOptions,
} from './keys.ts';
import { type KeyValue, readKeyFile } from './read-key.ts';
import { sequenceOption } from './read-metadata.ts';
import type { Context } from './terminal.ts';
import { inWordsOf } from './translate-messages.ts';
import { readCount } from './units.ts';

export interface OpeningOptions extends PublicKeyOptions {
  readonly seal?: string;
  readonly expectAppId?: string;
  readonly expectVersion?: string;
  readonly expectChannel?: string;
  readonly minSequence?: string;
  readonly maxChunks?: string;
}

export function openingOptions(command: Command): Command {
  return rare(
    command
      .option('--key <file>', PUBLIC_KEY_HELP, collect)
      .option('--key-data <key>', 'the public key itself')
      .option('--seal <file>', 'the seal of a detached body')
      .option('--expect-app-id <id>', 'refuse the bundles of other apps')
      .option('--expect-version <version>', 'refuse other versions')
      .option('--expect-channel <channel>', 'refuse other channels')
      .option('--min-sequence <n>', 'refuse bundles with a lower sequence')
      .option('--max-chunks <n>', 'accept at most this many chunks (default: 1048576)'),
    '--key-data',
    '--max-chunks',
  );
}

/** The options for the library's calls. */
export interface Opening {
  readonly publicKey: ReturnType<typeof keysOf>;
  readonly seal?: string;
  readonly expect: Expectations;
  readonly maxChunks?: number;
}

export async function readOpening(
  options: OpeningOptions,
  keys: readonly FoundKey<KeyValue>[],
): Promise<Opening> {
  const minSequence = sequenceOption('--min-sequence', options.minSequence);
  const { expectAppId, expectVersion, expectChannel, seal, maxChunks } = options;
  const expect = {
    ...(expectAppId !== undefined && { appId: expectAppId }),
    ...(expectVersion !== undefined && { version: expectVersion }),
    ...(expectChannel !== undefined && { channel: expectChannel }),
    ...(minSequence !== undefined && { minSequence }),
  };
  return {
    ...(maxChunks !== undefined && { maxChunks: readCount('--max-chunks', maxChunks) }),
    publicKey: keysOf(keys),
    ...(seal !== undefined && { seal: await readSealFile(seal) }),
    expect,
  };
}

/**
 * Returns the named public keys. Without any, returns all public keys of the project, because apps may have any of
 * them during a rotation. Warns about a key that cannot be read, and skips it.
 */
export async function findKeysOfRotation(
  context: Context,
  options: PublicKeyOptions,
): Promise<(FoundKey<KeyValue> & { readonly id: string })[]> {
  const found: (FoundKey<KeyValue> & { readonly id: string })[] = [];
  const add = async (keys: readonly FoundKey<KeyValue>[]) => {
    for (const one of keys) {
      const id = await SEALED.idOf('publicKey', one.key);
      if (!found.some((other) => other.id === id)) found.push({ ...one, id });
    }
  };
  if (options.key === undefined && options.keyData === undefined) {
    const { privateKeyFile, publicKeyFile } = SEALED;
    for (const path of [publicKeyFile, `${privateKeyFile}.old.pub`]) {
      const read = async () => [{ key: await readKeyFile(path), from: path }];
      if (await exists(path)) await read().then(add).catch(passOver(context, path));
    }
    await findConfiguredKeys(SEALED, options.plugin)
      .then(add)
      .catch(passOver(context, 'the Capacitor config'));
  }
  // If no key was found, `findPublicKeys` throws an error that lists the searched places.
  if (found.length === 0) await add(await findPublicKeys(options));
  return found;
}

function passOver(context: Context, from: string): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof BundleSealError)) throw error;
    context.warn(`${from} is passed over: ${inWordsOf([], error.message)}`);
  };
}

/** Describes a header for people. */
export function describeInfo(info: BundleInfo): string[] {
  const metadata = Object.entries(info.metadata).map(
    ([name, value]) => `  ${name}: ${JSON.stringify(value)}`,
  );
  return [
    `  kind      ${info.kind}`,
    `  key id    ${info.keyId} (RSA-${info.modulusBits})`,
    ...(info.checksum === undefined ? [] : [`  checksum  ${info.checksum}`]),
    `  size      ${bytes(info.size)}, sealed ${bytes(info.sealedSize)}`,
    `  chunks    ${info.chunkCount} of ${bytes(info.chunkSize)}`,
    ...metadata,
  ];
}
