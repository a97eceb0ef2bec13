// release list, release verify, release prune: what a store has, whether devices get it, and what nobody wants any more.

import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { bytes, collect, examples } from '../help.ts';
import { attributeLines, wayLines } from '../release/answer.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { readDuration, shownDistance } from '../release/units.ts';
import { run } from '../run.ts';

export function releaseList(group: Command): void {
  readingOptions(
    group
      .command('list')
      .summary('what a channel offers')
      .description('Shows what a channel offers, as proven with the public key.')
      .option('--channel <channel>', 'the channel, such as production'),
  )
    .addHelpText(
      'after',
      examples('release list --channel production --from https://updates.example.com'),
    )
    .action(
      run<ReadingFlags & { readonly channel?: string }>(async (context, flags) => {
        const { channel } = flags;
        if (channel === undefined)
          throw new UsageError('--channel is needed, for example production');
        const reading = await readReading(context, flags);
        const { listReleases } = await import('../../node.ts');
        const { index, mark } = await listReleases({ ...reading, channel });
        const { sequence, epoch, expiresAt, releases, withdrawn = [], useBuiltIn } = index;
        const isExpired = Date.parse(expiresAt) <= Date.now();
        if (isExpired)
          context.warn('the index has expired: devices refuse it until release refresh');
        return {
          json: { ...index, mark, isExpired },
          lines: [
            `✓ ${channel}  index ${sequence}${epoch > 0 ? ` of epoch ${epoch}` : ''}, ${releases.length} releases`,
            `  expires  ${expiresAt} (${shownDistance(expiresAt, Date.now())})`,
            ...(useBuiltIn === true ? ['  every device runs its built-in release'] : []),
            ...releases.flatMap((release) => [
              `${release.version}  ${release.id}${withdrawn.includes(release.id) ? '  withdrawn' : ''}`,
              `  made     ${release.createdAt}, ${release.files} files, ${bytes(release.size)}`,
              ...wayLines(release, index),
              ...attributeLines(release),
            ]),
          ],
        };
      }),
    );
}

interface VerifyFlags extends ReadingFlags {
  readonly channel?: readonly string[];
  readonly expiresWithin?: string;
  readonly builtIn?: readonly string[];
}

export function releaseVerify(group: Command): void {
  readingOptions(
    group
      .command('verify')
      .summary('play the devices of a store')
      .description(
        'Fetches, opens and compares every bundle, applies every patch, and looks at expiry and cache headers. Exits with 1 if something is wrong.',
      )
      .option(
        '--channel <channel>',
        'a channel; may come again (default: all in the folder)',
        collect,
      )
      .option(
        '--expires-within <duration>',
        'an index that expires sooner is a problem (default: a quarter of its lifetime)',
      )
      .option(
        '--built-in <dir>',
        'a build that apps are shipped with: plays patches from it; may come again',
        collect,
      ),
  )
    .addHelpText(
      'after',
      examples(
        'release verify --store store',
        'release verify --from https://updates.example.com --channel production',
      ),
    )
    .action(
      run<VerifyFlags>(async (context, flags) => {
        const { channel, expiresWithin, builtIn } = flags;
        const reading = await readReading(context, flags);
        const { verifyStore } = await import('../../node.ts');
        const verified = await verifyStore({
          ...reading,
          ...(channel !== undefined && { channels: channel }),
          ...(builtIn !== undefined && { builtIn }),
          ...(expiresWithin !== undefined && {
            expiresWithin: readDuration('--expires-within', expiresWithin),
          }),
        });
        const { problems, channels, releases, patches, notApplied } = verified;
        const isBad = problems.length > 0;
        const more =
          notApplied > 0 ? `, ${notApplied} patches opened whose base is not at hand` : '';
        return {
          isBad,
          json: { ok: !isBad, ...verified },
          lines: [
            `${isBad ? '✗' : '✓'} ${channels.join(', ') || 'no channel'}  ${releases} releases opened, ${patches} patches applied${more}`,
            ...problems.map((one) => `✗ ${one.channel}  ${one.message}`),
          ],
        };
      }),
    );
}

interface PruneFlags extends ReadingFlags {
  readonly dryRun: boolean;
}

export function releasePrune(group: Command): void {
  readingOptions(
    group
      .command('prune')
      .summary('delete objects that no index needs any more')
      .description(
        'Deletes from the folder of a store the objects that no index names or says to keep. Opens every index first; deletes nothing if one can not be opened. An object of the last seven days stays.',
      )
      .option('--dry-run', 'say what would be deleted', false),
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
            `✓ ${pruned.deleted.length} files ${did}, ${bytes(pruned.size)}; ${pruned.kept} objects stay`,
            ...pruned.deleted.map((path) => `  ${path}`),
          ],
        };
      }),
    );
}
