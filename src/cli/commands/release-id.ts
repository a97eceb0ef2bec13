// release id: prints the release id of a build.

import type { Command } from 'commander';
import { type FolderOptions, folderOptions, readFolderRules } from '../build-folder.ts';
import { bytes, counted, examples } from '../help.ts';
import { run } from '../run.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../zip-limits.ts';

export function releaseIdCommand(command: Command): void {
  limitOptions(
    folderOptions(
      command
        .description(
          'Prints the release id of a build. The same files give the same id on every machine.',
        )
        .argument('<dir>', 'the build'),
    ),
  )
    .addHelpText('after', examples('release id dist'))
    .action(
      run<FolderOptions & LimitOptions>(async (context, flags, dir) => {
        const { directoryId } = await import('../../publish/stamp.ts');
        const { signal } = context;
        const folder = dir as string;
        const limits = readLimitOptions(flags);
        const survey = { ...flags, codeCheck: false, index: false };
        const rules = await readFolderRules(context, folder, survey, limits);
        const about = await directoryId(folder, { ...rules, ...limits, signal });
        return {
          json: about,
          isShown: true,
          lines: [
            `✓ ${about.id}`,
            `  ${counted(about.files, 'file', 'files')}, ${bytes(about.size)}`,
          ],
        };
      }),
    );
}
