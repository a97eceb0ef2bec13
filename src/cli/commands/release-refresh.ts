// release refresh: makes an index with the same content that expires later.

import type { Command } from 'commander';
import { examples } from '../help.ts';
import { answerChange } from '../release/answer.ts';
import {
  readSigning,
  type SigningFlags,
  signingOptions,
  USE_BUILT_IN,
} from '../release/options.ts';
import { run } from '../run.ts';

export function releaseRefresh(command: Command): void {
  signingOptions(
    command
      .description(
        'Makes an index with the same content that expires later. Run it on a schedule: devices refuse an expired index, and keep their release.',
      )
      .option('--use-built-in', USE_BUILT_IN)
      .option('--no-use-built-in', 'devices choose among the releases again'),
  )
    .addHelpText(
      'after',
      examples('release refresh', 'release refresh --channel production --store store'),
    )
    .action(
      run<SigningFlags & { readonly useBuiltIn?: boolean }>(async (context, flags) => {
        const { options, keyFrom } = await readSigning(context, flags);
        const { useBuiltIn, earlierEpoch } = flags;
        const { refresh } = await import('../../node.ts');
        const changed = await refresh({
          ...options,
          ...(useBuiltIn !== undefined && { useBuiltIn }),
        });
        const isSame = useBuiltIn === undefined && earlierEpoch === undefined;
        const lines = isSame ? ['  releases the same as before, with a new date of expiry'] : [];
        return answerChange(changed, options, keyFrom, { lines });
      }),
    );
}
