// release list: the releases that a channel offers.

import type { Command } from 'commander';
import { bytes, counted, examples } from '../help.ts';
import { attributeLines, downloadLines, shortDownloadLines } from '../release/answer.ts';
import { besideCi, byAddress } from '../release/beside-ci.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { allOf, readChannel } from '../release/settings.ts';
import { run } from '../run.ts';
import { shownDistance } from '../units.ts';

export function releaseList(command: Command): void {
  readingOptions(
    command
      .description(
        'Lists the releases that a channel offers, after verifying its index with the public key.',
      )
      .option('--channel <channel>', "such as production (default: package.json's)")
      .option('--all', 'describe withdrawn releases too, and each patch on its own line', false),
  )
    .addHelpText(
      'after',
      examples(
        'release list',
        'release list --channel production --from https://updates.example.com',
      ),
    )
    .action(
      run<ReadingFlags & { readonly channel?: string; readonly all: boolean }>(
        async (context, flags) =>
          besideCi(flags, byAddress, async () => {
            const [channel, reading] = await allOf([
              readChannel(flags, '.'),
              readReading(context, flags),
            ]);
            const { listReleases } = await import('../../node.ts');
            const { index, mark } = await listReleases({ ...reading, channel });
            const { all } = flags;
            const { sequence, epoch, expiresAt, releases, withdrawn = [], useBuiltIn } = index;
            const isExpired = Date.parse(expiresAt) <= Date.now();
            if (isExpired)
              context.warn(
                'the index has expired: devices refuse it until npx bundleseal release refresh',
              );
            return {
              json: { ...index, mark, isExpired },
              isShown: true,
              lines: [
                `✓ ${channel}  index ${sequence}${epoch > 0 ? ` of epoch ${epoch}` : ''}, ${releases.length} ${releases.length === 1 ? 'release' : 'releases'}`,
                `  expires  ${expiresAt} (${shownDistance(expiresAt, Date.now())})`,
                `  store    ${reading.from}`,
                ...(useBuiltIn === true ? ['  every device runs its built-in release'] : []),
                ...(useBuiltIn !== true && releases.every(({ id }) => withdrawn.includes(id))
                  ? [
                      '  no release is offered: devices that run a withdrawn release go back to their built-in release',
                    ]
                  : []),
                ...releases.flatMap((release) => {
                  const { version, id, createdAt, files, size } = release;
                  const isWithdrawn = withdrawn.includes(id);
                  if (isWithdrawn && !all)
                    return [`${version}  ${id}  withdrawn, sealed ${createdAt}`];
                  return [
                    `${version}  ${id}${isWithdrawn ? '  withdrawn' : ''}`,
                    `  sealed   ${createdAt}, ${counted(files, 'file', 'files')}, ${bytes(size)}`,
                    ...(all ? downloadLines(release, index) : shortDownloadLines(release, index)),
                    ...attributeLines(release),
                  ];
                }),
              ],
            };
          }),
      ),
    );
}
