// release verify: checks that devices can get every release that a store offers.

import type { Command } from 'commander';
import { collect, counted, examples } from '../help.ts';
import { type ReadingFlags, readingOptions, readReading } from '../release/options.ts';
import { findChannel } from '../release/settings.ts';
import { run } from '../run.ts';
import { inWordsOf } from '../translate-messages.ts';
import { readDuration } from '../units.ts';

/** The flags that a problem may name. */
const TRUST_FLAGS = ['--public-key', '--recovery-key'];

interface VerifyFlags extends ReadingFlags {
  readonly channel?: readonly string[];
  readonly expiresWithin?: string;
  readonly builtIn?: readonly string[];
}

export function releaseVerify(command: Command): void {
  readingOptions(
    command
      .description(
        'Downloads and opens every bundle, applies every patch, and checks expiry and cache headers. Exits with 1 if it finds a problem. Reports to standard error.',
      )
      .option(
        '--channel <channel>',
        "a channel; repeatable (default: all in a folder, package.json's at an address)",
        collect,
      )
      .option(
        '--expires-within <duration>',
        'an index that expires sooner is a problem (default: a quarter of its lifetime)',
      )
      .option(
        '--built-in <dir>',
        'a built-in release: also test the patches from it; repeatable',
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
        const { expiresWithin, builtIn } = flags;
        const reading = await readReading(context, flags);
        const channel = flags.channel ?? (await channelOf(reading.from, flags.project));
        const { verifyStore } = await import('../../node.ts');
        const verified = await verifyStore({
          ...reading,
          ...(channel !== undefined && { channels: channel }),
          ...(builtIn !== undefined && { builtIn }),
          ...(expiresWithin !== undefined && {
            expiresWithin: readDuration('--expires-within', expiresWithin),
          }),
        });
        const { channels, releases, patches, notApplied } = verified;
        const problems = verified.problems.map((one) => ({
          ...one,
          message: inWordsOf(TRUST_FLAGS, one.message),
        }));
        const isBad = problems.length > 0;
        // Other problems are about times and caches: the releases themselves were opened.
        const isOpened = !problems.some(({ code }) => OF_RELEASES.has(code));
        const more =
          notApplied > 0
            ? `, ${counted(notApplied, 'patch', 'patches')} opened but not applied, because the base is missing`
            : '';
        return {
          isBad,
          rewrites: 'lines and json',
          json: { ok: !isBad, ...verified, problems },
          lines: [
            `${isOpened ? '✓' : '✗'} ${channels.join(', ') || 'no channel'}  ${counted(releases, 'release', 'releases')} opened, ${counted(patches, 'patch', 'patches')} applied${more}`,
            `  store    ${reading.from}`,
            ...problems.map((one) => `✗ ${one.channel}  ${one.message}`),
          ],
        };
      }),
    );
}

const OF_RELEASES: ReadonlySet<string> = new Set(['index', 'object', 'release']);

/** A web server cannot be listed, so the channel of package.json is the default there. */
async function channelOf(from: string, project: boolean): Promise<string[] | undefined> {
  if (!/^https?:/i.test(from)) return undefined;
  const found = await findChannel(project);
  return found === undefined ? undefined : [found];
}
