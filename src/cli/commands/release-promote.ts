// release promote: offers a release of one channel in another one.

import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { examples } from '../help.ts';
import { answerRelease } from '../release/answer.ts';
import { type EntryFlags, entryOptions, readEntry } from '../release/entry.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { run } from '../run.ts';

interface Options extends SigningFlags, EntryFlags {
  readonly fromChannel?: string;
}

const GO_BACK =
  'To go back to an older release of one channel, build it again and run release publish DIR --first, or run release withdraw for the newer ones';

export function releasePromote(command: Command): void {
  entryOptions(
    signingOptions(
      command
        .description(
          'Offers a release of --from-channel in --channel. Reuses the bundle and the patches that exist, and makes the patches that are missing.',
        )
        .argument('[release]', 'its version or id (default: the first one that is not withdrawn)')
        .option('--from-channel <channel>', 'the channel that has the release'),
    ),
  )
    .addHelpText(
      'after',
      examples('release promote --from-channel beta --channel production --store store'),
    )
    .action(
      run<Options>(async (context, flags, release) => {
        const { fromChannel } = flags;
        if (fromChannel === undefined) {
          throw new UsageError(
            `--from-channel is needed: the other channel that has the release. ${GO_BACK}`,
          );
        }
        const { options, keyFrom } = await readSigning(context, flags, '.');
        if (fromChannel === options.channel) {
          throw new UsageError(`--from-channel and --channel are both ${fromChannel}. ${GO_BACK}`);
        }
        const entry = await readEntry(flags);
        const { promote } = await import('../../node.ts');
        const published = await context.follow('promoting', (onProgress) =>
          promote({
            ...{ ...options, ...entry, fromChannel, onProgress },
            ...(release !== undefined && { release }),
          }),
        );
        return answerRelease(context, published, options, keyFrom);
      }),
    );
}
