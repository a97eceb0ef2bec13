// release prune: deletes the objects of a store that no index needs.

import type { Command } from 'commander';
import { bytes, counted, examples } from '../help.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { run } from '../run.ts';

interface PruneFlags extends ReadingFlags {
  readonly dryRun: boolean;
}

export function releasePrune(command: Command): void {
  readingOptions(
    command
      .description(
        'Deletes the objects of a store that no index needs any more. Opens every index first, and deletes nothing if it cannot open one of them. Keeps objects of the last seven days.',
      )
      .option('--dry-run', 'list the files, and delete nothing', false),
  )
    .addHelpText('after', examples('release prune --store store --dry-run'))
    .action(
      run<PruneFlags>(async (context, flags) => {
        const { from, fetch: _, ...rest } = await readReading(context, flags);
        const { prune } = await import('../../node.ts');
        const { dryRun } = flags;
        const pruned = await prune({ ...rest, store: from, dryRun });
        const did = dryRun ? 'would be deleted' : 'deleted';
        return {
          json: { ...pruned, dryRun },
          lines: [
            `✓ ${counted(pruned.deleted.length, 'file', 'files')} ${did}, ${bytes(pruned.size)}; ${counted(pruned.kept, 'object stays', 'objects stay')}`,
            ...pruned.deleted.map((path) => `  ${path}`),
          ],
        };
      }),
    );
}
