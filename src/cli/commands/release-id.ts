// release id: prints the release id of a build.

import type { Command } from 'commander';
import { bytes, examples } from '../help.ts';
import { type FolderFlags, folderOptions, folderRules } from '../release/folder.ts';
import { run } from '../run.ts';

export function releaseId(group: Command): void {
  folderOptions(
    group
      .command('id')
      .summary('print the release id of a build')
      .description(
        'Prints the release id of a build. The same files give the same id on every machine.',
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
