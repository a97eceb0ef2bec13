// release keys: makes keys.sealed with the offline recovery key.

import type { Command } from 'commander';
import type { PublicKeyInput } from '../../keys/strict.ts';
import { UsageError } from '../answer.ts';
import { SEALED } from '../bundle-formats.ts';
import { collect, examples } from '../help.ts';
import { readPublicKeyFile } from '../keys.ts';
import { writtenStore } from '../release/options.ts';
import { readAppId } from '../release/settings.ts';
import { run } from '../run.ts';
import { readPrivateKeyFile } from '../signing-key.ts';

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

export function releaseKeys(command: Command): void {
  command
    .description(
      'Makes the next keys.sealed with the offline recovery key. Devices then trust only the keys of --public-key, and forget the marks of all indexes. Afterwards, make a new index for every channel with one of these keys: release refresh --earlier-epoch keep.',
    )
    .option('--store <folder>', "the folder to write (default: package.json's)")
    .option('--from <url|folder>', 'where to read the current keys.sealed (default: --store)')
    .option('--recovery-key <file>', 'the private recovery key; - for standard input')
    .option('--public-key <file>', 'a public key that devices will trust; repeatable', collect)
    .option(
      '--retire <file>',
      'a public key that still opens bundles and patches, but no index; repeatable',
      collect,
    )
    .option('--app-id <id>', "the app (default: package.json's, then the Capacitor config's appId)")
    .option('--no-project', 'do not read the Capacitor config and package.json')
    .option('--dry-run', 'do all the work and write nothing', false)
    .addHelpText(
      'after',
      examples(
        'release keys --store store --recovery-key recovery --public-key new.pub --retire stolen.pub',
      ),
    )
    .action(
      run<KeysFlags>(async (context, flags) => {
        const { from, recoveryKey, publicKey = [], retire = [], dryRun } = flags;
        if (recoveryKey === undefined || publicKey.length === 0) {
          throw new UsageError('--recovery-key and at least one --public-key are needed');
        }
        const store = await writtenStore(flags, '.');
        const appId = await readAppId(flags, '.');
        const { publishKeys } = await import('../../node.ts');
        const { keys, written } = await publishKeys({
          ...{ store, appId, dryRun, signal: context.signal },
          ...(from !== undefined && { from }),
          recoveryKey: await readPrivateKeyFile(context, recoveryKey, SEALED, '--recovery-key'),
          publicKeys: await readKeys(publicKey, '--public-key'),
          retiredKeys: await readKeys(retire, '--retire'),
        });
        return {
          json: { ...keys, dryRun, store, upload: written },
          lines: [
            `✓ keys.sealed  epoch ${keys.epoch}${dryRun ? ' would be made' : ''}: ${keys.publicKeys.length} trusted, ${keys.retiredKeys.length} retired`,
            `  store    ${store}`,
            '  for each channel now: npx bundleseal release refresh --channel CHANNEL --key NEW-KEY --recovery-key PUBLIC-HALF --earlier-epoch keep',
            '  then upload keys.sealed and the indexes together',
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
