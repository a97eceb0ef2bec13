// release promote: offers a release of one channel in another one, or puts it in front of its own channel.

import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { examples, inShell, rare } from '../help.ts';
import { answerRelease } from '../release/answer.ts';
import { besideCi, byHand, byWorkflow } from '../release/beside-ci.ts';
import { type EntryFlags, entryOptions, readEntry } from '../release/entry-options.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { run } from '../run.ts';

interface Options extends SigningFlags, EntryFlags {
  readonly fromChannel?: string;
}

// What an entry has from its release needs no option here; putting it in front does.
function promoteOptions(command: Command): Command {
  const all = rare(entryOptions(command), '--built-in', '--note', '--runtime');
  all.options.find(({ long }) => long === '--first')?.hideHelp(false);
  return all;
}

export function releasePromote(command: Command): void {
  promoteOptions(
    signingOptions(
      command
        .description(
          'Offers a release of another channel, or puts an older release in front again (--first). Makes only the patches that are missing.',
        )
        .argument('[release]', 'its version or id (default: the first one that is not withdrawn)')
        .option(
          '--from-channel <channel>',
          'the channel that has the release (needed without --first)',
        ),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'release promote --from-channel beta --channel production',
        'release promote 1.0.0 --first',
      ),
    )
    .action(
      run<Options>(async (context, flags, release) => {
        const isInFront = flags.fromChannel === undefined;
        const instead = isInFront ? byWorkflow('Put this older release in front again') : byHand;
        return besideCi(flags, instead, async () => {
          const { options, keyFrom } = await readSigning(context, flags);
          const { channel } = options;
          const { fromChannel = channel } = flags;
          if (fromChannel === channel && (release === undefined || !flags.first)) {
            const said = flags.fromChannel === undefined ? 'is needed' : `is ${channel} itself`;
            const named = release === undefined ? 'VERSION' : inShell(release);
            const again = flags.reinstate ? ' --reinstate' : '';
            throw new UsageError(
              `--from-channel ${said}: name the other channel that has the release. To put an older release of ${channel} in front again, run npx bundleseal release promote ${named} --first${again}`,
            );
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
        });
      }),
    );
}
