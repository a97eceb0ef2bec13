// The options that opening takes, for every command that opens.

import type { Command } from 'commander';
import type { BundleInfo } from '../bundle/info.ts';
import type { Expectations } from '../bundle/open.ts';
import { readSealFile } from './header-file.ts';
import { bytes, collect, PUBLIC_KEY_HELP } from './help.ts';
import { findPublicKeys, keysOf, type PublicKeyOptions } from './keys.ts';
import { readSequence } from './read-metadata.ts';

export interface OpeningOptions extends PublicKeyOptions {
  readonly seal?: string;
  readonly expectAppId?: string;
  readonly expectVersion?: string;
  readonly expectChannel?: string;
  readonly minSequence?: string;
}

export function openingOptions(command: Command): Command {
  return command
    .option('--key <file>', PUBLIC_KEY_HELP, collect)
    .option('--key-data <key>', 'the public key itself')
    .option('--seal <file>', 'the seal of a body that was written apart')
    .option('--expect-app-id <id>', 'refuse the bundles of other apps')
    .option('--expect-version <version>', 'refuse other versions')
    .option('--expect-channel <channel>', 'refuse other channels')
    .option('--min-sequence <n>', 'refuse bundles with a lower sequence');
}

/** What the library's calls take. */
export async function readOpening(options: OpeningOptions): Promise<{
  readonly publicKey: ReturnType<typeof keysOf>;
  readonly seal?: string;
  readonly expect: Expectations;
}> {
  const minSequence = readSequence('--min-sequence', options.minSequence);
  const { expectAppId, expectVersion, expectChannel, seal } = options;
  const expect = {
    ...(expectAppId !== undefined && { appId: expectAppId }),
    ...(expectVersion !== undefined && { version: expectVersion }),
    ...(expectChannel !== undefined && { channel: expectChannel }),
    ...(minSequence !== undefined && { minSequence }),
  };
  return {
    publicKey: keysOf(await findPublicKeys(options)),
    ...(seal !== undefined && { seal: await readSealFile(seal) }),
    expect,
  };
}

/** A header, for people. */
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
