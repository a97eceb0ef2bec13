// release stamp: writes the stamp of a built-in release.

import type { Command } from 'commander';
import type { StampFloor } from '../../release/stamp.ts';
import { UsageError } from '../answer.ts';
import { type FolderOptions, folderOptions, readFolderRules } from '../build-folder.ts';
import { collect, examples } from '../help.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { run } from '../run.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../zip-limits.ts';

interface StampFlags extends ReadingFlags, FolderOptions, LimitOptions {
  readonly channel?: readonly string[];
  readonly runtime?: string;
  readonly files: boolean;
}

export function releaseStamp(command: Command): void {
  limitOptions(
    folderOptions(
      readingOptions(
        command
          .description(
            'Writes bundleseal-release.json into a build, with the release id, the time and the list of files. With --channel, it adds the mark of each channel: a device then refuses older indexes even after it has lost its storage.',
          )
          .argument('<dir>', 'the build')
          .option('--runtime <runtime>', 'the native runtime of the build')
          .option('--channel <channel>', 'a channel whose mark to add; repeatable', collect)
          .option(
            '--no-files',
            "don't list the files: devices that can list a folder need no list",
          ),
      ),
    ),
  )
    .addHelpText('after', examples('release stamp dist --runtime 3'))
    .action(
      run<StampFlags>(async (context, flags, dir) => {
        const { runtime, files, channel = [], from, store } = flags;
        const isRead = from !== undefined || store !== undefined;
        if (isRead && channel.length === 0) {
          throw new UsageError(
            `${from === undefined ? '--store' : '--from'} needs --channel: pass the channel whose mark the stamp gets`,
          );
        }
        const { listReleases, stampRelease } = await import('../../node.ts');
        const floors: StampFloor[] = [];
        for (const one of channel) {
          const reading = await readReading(context, flags);
          floors.push({ channel: one, ...(await listReleases({ ...reading, channel: one })).mark });
        }
        const folder = dir as string;
        const limits = readLimitOptions(flags);
        const survey = { ...flags, codeCheck: false, index: false };
        const rules = await readFolderRules(context, folder, survey, limits);
        const stamp = await stampRelease(folder, {
          ...{ ...rules, ...limits, floors, files, signal: context.signal },
          ...(runtime !== undefined && { runtime }),
        });
        return {
          json: { ...stamp },
          lines: [
            `✓ bundleseal-release.json  ${stamp.id}`,
            `  stamped  ${stamp.createdAt}`,
            ...floors.map((one) => `  mark     ${one.channel} index ${one.sequence}`),
          ],
        };
      }),
    );
}
