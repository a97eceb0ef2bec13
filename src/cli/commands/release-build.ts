// release stamp, release id, release keys: what is said of a build, and of the keys of an app.

import type { Command } from 'commander';
import type { PublicKeyInput } from '../../keys/strict.ts';
import type { StampFloor } from '../../release/stamp.ts';
import { UsageError } from '../answer.ts';
import { bytes, collect, examples } from '../help.ts';
import { readPublicKeyFile } from '../keys.ts';
import { readAppId } from '../read-metadata.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { run } from '../run.ts';
import { readPrivateKeyFile } from '../signing-key.ts';
import { SEALED } from '../wires.ts';

interface FolderFlags {
  readonly ignore?: readonly string[];
  readonly sourceMaps: boolean;
}

function folderOptions(command: Command): Command {
  return command
    .option('--ignore <pattern>', 'what to leave out, as in .gitignore; may come again', collect)
    .option('--no-source-maps', 'leave files that end in .map out');
}

const folderRules = ({ ignore = [], sourceMaps }: FolderFlags) => ({ ignore, sourceMaps });

interface StampFlags extends ReadingFlags, FolderFlags {
  readonly channel?: readonly string[];
  readonly runtime?: string;
  readonly files: boolean;
}

export function releaseStamp(group: Command): void {
  folderOptions(
    readingOptions(
      group
        .command('stamp')
        .summary('stamp a build that is shipped with the app')
        .description(
          'Writes bundleseal-release.json into a build: its release id, when it was made, and its files. With --from, the marks of the channels too: a device then refuses older indexes, even after it has lost its storage.',
        )
        .argument('<dir>', 'the build')
        .option('--runtime <runtime>', 'the native runtime that it is made for')
        .option(
          '--channel <channel>',
          'with --from: a channel whose mark goes in; may come again',
          collect,
        )
        .option('--no-files', "don't list the files: for devices that can list a folder"),
    ),
  )
    .addHelpText('after', examples('release stamp dist --runtime 3'))
    .action(
      run<StampFlags>(async (context, flags, dir) => {
        const { runtime, files, channel = [], from, store } = flags;
        const isRead = from !== undefined || store !== undefined;
        if (channel.length > 0 !== isRead) {
          throw new UsageError('--channel and --from belong together: give both or neither');
        }
        const { listReleases, stampRelease } = await import('../../node.ts');
        const floors: StampFloor[] = [];
        for (const one of channel) {
          const reading = await readReading(context, flags);
          floors.push({ channel: one, ...(await listReleases({ ...reading, channel: one })).mark });
        }
        const stamp = await stampRelease(dir as string, {
          ...{ ...folderRules(flags), floors, files, signal: context.signal },
          ...(runtime !== undefined && { runtime }),
        });
        return {
          json: { ...stamp },
          lines: [
            `✓ bundleseal-release.json  ${stamp.id}`,
            `  made     ${stamp.createdAt}`,
            ...floors.map((one) => `  floor    ${one.channel} index ${one.sequence}`),
          ],
        };
      }),
    );
}

export function releaseId(group: Command): void {
  folderOptions(
    group
      .command('id')
      .summary('the release id of a build')
      .description(
        'Prints the release id of a build: the same for the same files on every machine.',
      )
      .argument('<dir>', 'the build'),
  )
    .addHelpText('after', examples('release id dist'))
    .action(
      run<FolderFlags>(async (context, flags, dir) => {
        const { directoryId } = await import('../../publish/stamp.ts');
        const { signal } = context;
        const about = await directoryId(dir as string, { ...folderRules(flags), signal });
        return {
          json: about,
          lines: [`✓ ${about.id}`, `  ${about.files} files, ${bytes(about.size)}`],
        };
      }),
    );
}

interface KeysFlags {
  readonly store?: string;
  readonly from?: string;
  readonly appId?: string;
  readonly project: boolean;
  readonly recoveryKey?: string;
  readonly publicKey?: readonly string[];
  readonly retire?: readonly string[];
  readonly dryRun: boolean;
}

export function releaseKeys(group: Command): void {
  group
    .command('keys')
    .summary('with the recovery key: new and retired keys')
    .description(
      'Makes the next keys.sealed with the offline recovery key: devices then trust the named keys alone, and forget the marks of all indexes. Every channel needs a new index afterwards: release refresh --earlier-epoch keep, with a named key.',
    )
    .option('--store <folder>', 'the folder that is written')
    .option('--from <url|folder>', 'where the present keys.sealed is read (default: --store)')
    .option('--recovery-key <file>', 'the private recovery key; - for standard input')
    .option('--public-key <file>', 'a key that devices trust from now on; may come again', collect)
    .option(
      '--retire <file>',
      'a key that still opens bundles and patches; may come again',
      collect,
    )
    .option('--app-id <id>', "the app (default: the Capacitor config's appId)")
    .option('--no-project', 'take nothing from the Capacitor config')
    .option('--dry-run', 'do all the work and write nothing', false)
    .addHelpText(
      'after',
      examples(
        'release keys --store store --recovery-key recovery --public-key new.pub --retire stolen.pub',
      ),
    )
    .action(
      run<KeysFlags>(async (context, flags) => {
        const { store, from, recoveryKey, publicKey = [], retire = [], dryRun } = flags;
        if (store === undefined)
          throw new UsageError('--store is needed: the folder that is written');
        if (recoveryKey === undefined || publicKey.length === 0) {
          throw new UsageError('--recovery-key and at least one --public-key are needed');
        }
        const appId = await readAppId(context, flags, '.');
        const { publishKeys } = await import('../../node.ts');
        const { keys, written } = await publishKeys({
          ...{ store, appId, dryRun, signal: context.signal },
          ...(from !== undefined && { from }),
          recoveryKey: await readPrivateKeyFile(context, recoveryKey),
          publicKeys: await readKeys(publicKey, '--public-key'),
          retiredKeys: await readKeys(retire, '--retire'),
        });
        return {
          json: { ...keys, store, upload: written },
          lines: [
            `✓ keys.sealed  epoch ${keys.epoch}: ${keys.publicKeys.length} trusted, ${keys.retiredKeys.length} retired`,
            '  upload it, and a new index of every channel: release refresh --earlier-epoch keep',
          ],
        };
      }),
    );
}

async function readKeys(files: readonly string[], flag: string): Promise<PublicKeyInput[]> {
  const keys: PublicKeyInput[] = [];
  for (const file of files) keys.push(await readPublicKeyFile(SEALED, file, flag));
  return keys;
}
