// The options that commands about releases share.

import type { Command } from 'commander';
import { BundleSealError } from '../../errors.ts';
import { exists } from '../../files/leniency.ts';
import type { PublicKeyInput } from '../../keys/strict.ts';
import type { ChannelOptions } from '../../publish/options.ts';
import type { StoreOptions } from '../../publish/reading-options.ts';
import { INDEX_LIFETIME } from '../../release/index-format.ts';
import { UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { collect, rare } from '../help.ts';
import { keysOf, readPublicKeyFile } from '../keys.ts';
import { findKeysOfRotation } from '../opening-options.ts';
import { findSigningKey, type PrivateKeyOptions, privateKeyOptions } from '../signing-key.ts';
import type { Context } from '../terminal.ts';
import { readDuration } from '../units.ts';
import { checkPublished } from './check-build.ts';
import { allOf, readAppId, readChannel, readStore } from './settings.ts';

/** The default file of the public recovery key in a project. */
const RECOVERY_KEY_FILE = '.bundleseal_recovery_key.pub';

/** The description of `--use-built-in`. */
export const USE_BUILT_IN = 'every device runs its built-in release';

interface TrustFlags {
  readonly appId?: string;
  readonly project: boolean;
  readonly publicKey?: readonly string[];
  readonly recoveryKey?: string;
}

/** Options of a command that makes a new index. */
export interface SigningFlags extends PrivateKeyOptions, TrustFlags {
  readonly store?: string;
  readonly from?: string;
  readonly channel?: string;
  readonly expires?: string;
  readonly out: string;
  readonly otherChannel?: readonly string[];
  readonly earlierEpoch?: string;
  readonly force: boolean;
  readonly dryRun: boolean;
}

export function signingOptions(command: Command): Command {
  return rare(
    trustOptions(
      privateKeyOptions(command)
        .option('--store <folder>', "the folder to write to (default: package.json's)")
        .option('--from <url|folder>', 'the store to read from (default: --store)')
        .option('--channel <channel>', "such as production (default: package.json's)")
        .option(
          '--expires <duration>',
          'lifetime of the index: 12h, 30d, 8w (default: that of the previous index; 30d for the first)',
        )
        .option('--out <new|full>', 'with --from: write new files, or every file in use', 'new')
        .option(
          '--other-channel <channel>',
          'with --out full: another channel of the store; repeatable',
          collect,
        )
        .option(
          '--earlier-epoch <keep|drop>',
          'keep or drop releases from before keys.sealed changed',
        )
        .option('--force', 'continue even if the index is ahead of the clock', false)
        .option('--dry-run', 'do all the work and write nothing', false),
    ),
    ...[
      '--out',
      '--other-channel',
      '--earlier-epoch',
      '--force',
      '--recovery-key',
      '--public-key',
      '--no-project',
    ],
  );
}

function trustOptions(command: Command): Command {
  return command
    .option('--app-id <id>', "the app (default: package.json's, then the Capacitor config's appId)")
    .option('--no-project', 'do not read the Capacitor config and package.json')
    .option(
      '--public-key <file>',
      'a public key that opens the objects of the store; repeatable (default: the public keys of the project)',
      collect,
    )
    .option(
      '--recovery-key <file>',
      `the public recovery key, once the store has keys.sealed (default: ${RECOVERY_KEY_FILE})`,
    );
}

/**
 * Converts the options for the library's calls that make a new index. Also returns the source of the key.
 *
 * @param build - The build to publish. Absent for a command that changes published releases.
 */
export async function readSigning(
  context: Context,
  flags: SigningFlags,
  build?: string,
): Promise<{ readonly options: ChannelOptions; readonly keyFrom: string }> {
  const { from, expires, out, otherChannel, earlierEpoch, force, dryRun } = flags;
  checkOut(flags);
  const input = build ?? '.';
  const [store, channel, appId] = await allOf([
    writtenStore(flags, input),
    readChannel(flags, input),
    readAppId(flags, input),
  ]);
  if (build === undefined && flags.store === undefined) await checkPublished(store);
  const found = await findSigningKey(context, flags);
  const previousKeys = await previousOf(flags);
  const options = {
    ...{ store, channel, appId, privateKey: found.key, force, dryRun, signal: context.signal },
    ...(await readRecovery(flags)),
    ...(from !== undefined && { from }),
    ...(expires !== undefined && { expiresIn: readLifetime('--expires', expires) }),
    ...(previousKeys.length > 0 && { previousKeys }),
    ...(otherChannel !== undefined && { otherChannels: otherChannel }),
    out: oneOf('--out', out, ['new', 'full']),
    ...(earlierEpoch !== undefined && {
      earlierEpoch: oneOf('--earlier-epoch', earlierEpoch, ['keep', 'drop']),
    }),
  };
  return { options, keyFrom: found.from };
}

/** Refuses flags that would change nothing. */
function checkOut({ from, out, otherChannel }: SigningFlags): void {
  if (out === 'full' && from === undefined) {
    throw new UsageError(
      '--out full needs --from: without --from, --store is the whole store, so leave --out full out',
    );
  }
  if (otherChannel !== undefined && out !== 'full') {
    throw new UsageError('--other-channel needs --out full: pass both, or neither');
  }
}

/** Returns the folder to write to: `--store`, else the store of package.json unless `--from` names another present state. */
export async function writtenStore(
  { store, from, project }: Pick<SigningFlags, 'store' | 'from' | 'project'>,
  input: string,
): Promise<string> {
  if (store !== undefined) return store;
  if (from !== undefined) {
    throw new UsageError('--store is needed with --from: an empty folder for the files to upload');
  }
  return readStore(project, input, '--store is needed, the folder to write to');
}

/** Returns further public keys of the publisher, beside the signing key. */
async function previousOf({ publicKey = [] }: TrustFlags): Promise<PublicKeyInput[]> {
  const old = `${SEALED.privateKeyFile}.old.pub`;
  return readPublicKeys(publicKey.length === 0 && (await exists(old)) ? [old] : publicKey);
}

async function readPublicKeys(files: readonly string[]): Promise<PublicKeyInput[]> {
  const keys: PublicKeyInput[] = [];
  for (const file of files) keys.push(await readPublicKeyFile(SEALED, file, '--public-key'));
  return keys;
}

async function readRecovery({
  recoveryKey,
}: TrustFlags): Promise<Pick<ChannelOptions, 'recoveryPublicKey'>> {
  const file = recoveryKey ?? ((await exists(RECOVERY_KEY_FILE)) ? RECOVERY_KEY_FILE : undefined);
  if (file === undefined) return {};
  return { recoveryPublicKey: await readPublicKeyFile(SEALED, file, '--recovery-key') };
}

/** Options of a command that only reads a store. */
export interface ReadingFlags extends TrustFlags {
  readonly store?: string;
  readonly from?: string;
}

export function readingOptions(command: Command): Command {
  return trustOptions(
    command
      .option('--from <url|folder>', "address or folder of the store (default: package.json's)")
      .option('--store <folder>', 'folder of the store'),
  );
}

export async function readReading(context: Context, options: ReadingFlags): Promise<StoreOptions> {
  if (options.from !== undefined && options.store !== undefined) {
    throw new UsageError('--from and --store both name the store to read: pass one of them');
  }
  const said = '--from is needed, the address or folder of the store';
  const [from, appId] = await allOf([
    options.from ?? options.store ?? readStore(options.project, '.', said),
    readAppId(options, '.'),
  ]);
  const publicKey = await findStoreKeys(context, options);
  if (options.from === undefined && options.store === undefined) await checkPublished(from);
  return {
    ...{ from, appId, signal: context.signal, publicKey },
    ...(await readRecovery(options)),
  };
}

/**
 * Returns the named public keys, else the public keys in the project, else the public half of the private key.
 */
async function findStoreKeys(
  context: Context,
  { publicKey }: TrustFlags,
): Promise<PublicKeyInput[]> {
  if (publicKey !== undefined) return readPublicKeys(publicKey);
  try {
    return keysOf(await findKeysOfRotation(context, {}));
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_KEY_INVALID') throw error;
    const { variable, privateKeyFile } = SEALED;
    const isPrivateHere = context.env[variable] !== undefined || (await exists(privateKeyFile));
    if (!isPrivateHere) {
      const message = error.message.replace('pass --key FILE', 'pass --public-key FILE');
      throw new BundleSealError(error.code, message);
    }
    const { key } = await findSigningKey(context, {});
    return [await SEALED.publicKeyOf(key)];
  }
}

function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`${flag} takes ${known.join(' or ')}, got ${JSON.stringify(value)}`);
}

/** Parses the life of an index. */
function readLifetime(flag: string, text: string): number {
  const value = readDuration(flag, text);
  if (value >= INDEX_LIFETIME.min && value <= INDEX_LIFETIME.max) return value;
  throw new UsageError(`${flag} takes a duration from 1m to 3650d, got ${JSON.stringify(text)}`);
}
