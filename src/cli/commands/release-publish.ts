// release publish: a build into the store, and the index that offers it.

import type { Command } from 'commander';
import type { PublishOptions } from '../../publish/publish.ts';
import { UsageError } from '../answer.ts';
import { type SurveyOptions, surveyFolder } from '../build-folder.ts';
import { collect, examples } from '../help.ts';
import { type LimitOptions, limitOptions, readCount, readLimitOptions } from '../limits.ts';
import { readVersion } from '../read-metadata.ts';
import { answerRelease } from '../release/answer.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { readShare } from '../release/units.ts';
import { run } from '../run.ts';
import { readSmallFile } from '../small-file.ts';
import { zipOptions } from './bundle-zip.ts';

/** Options of what an entry says, for publishing and promoting. */
export interface EntryFlags {
  readonly runtime?: readonly string[];
  readonly requires?: readonly string[];
  readonly rollout?: string;
  readonly mandatory?: boolean;
  readonly note?: string;
  readonly meta?: string;
  readonly patches?: string;
  readonly keep?: string;
  readonly builtIn?: readonly string[];
  readonly first: boolean;
  readonly reinstate: boolean;
  readonly create: boolean;
}

interface Options extends SigningFlags, EntryFlags, SurveyOptions, LimitOptions {
  readonly appVersion?: string;
  readonly allowPrivateKey: boolean;
}

// An index takes 1 MiB in all.
const MAX_META_LENGTH = 2 ** 20;

export function entryOptions(command: Command): Command {
  return command
    .option('--runtime <runtime>', 'a native runtime that it runs on; may come again', collect)
    .option('--requires <feature>', 'a feature that devices have to know; may come again', collect)
    .option('--rollout <share>', 'to how many devices it is offered, such as 25%')
    .option('--mandatory', 'the app should not go on without it')
    .option('--note <text>', 'for people, at most 4 KiB')
    .option('--meta <file>', 'a JSON object of your own; - for standard input')
    .option('--patches <n>', 'releases that patches are made from (default: 5)')
    .option('--keep <n>', 'releases that stay in the index, of each runtime (default: 10)')
    .option('--built-in <dir|stamp>', 'a build that apps are shipped with; may come again', collect)
    .option('--first', 'put it in front, also where the channel has it already', false)
    .option('--reinstate', 'offer it though it was withdrawn', false)
    .option('--create', 'the channel is new: needed where --from is an address', false);
}

/** What the library's calls take of {@link entryOptions}. */
export async function readEntry(
  flags: EntryFlags,
): Promise<Partial<PublishOptions> & { readonly create: boolean }> {
  const { runtime, requires, rollout, mandatory, note, meta, patches, keep, builtIn } = flags;
  const { first, reinstate, create } = flags;
  return {
    ...{ first, reinstate, create },
    ...(runtime !== undefined && { runtime }),
    ...(requires !== undefined && { requires }),
    ...(rollout !== undefined && { rollout: readShare('--rollout', rollout) }),
    ...(mandatory !== undefined && { mandatory }),
    ...(note !== undefined && { note }),
    ...(meta !== undefined && { meta: await readMeta(meta) }),
    ...(patches !== undefined && { patches: readCount('--patches', patches) }),
    ...(keep !== undefined && { keep: readCount('--keep', keep) }),
    ...(builtIn !== undefined && { builtIn }),
  };
}

async function readMeta(path: string): Promise<NonNullable<PublishOptions['meta']>> {
  const bytes = await readSmallFile(path, 'the meta of a release', MAX_META_LENGTH);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as NonNullable<PublishOptions['meta']>;
    }
  } catch {
    // It is said below.
  }
  throw new UsageError(`--meta takes a file with one JSON object, and ${path} has none`);
}

export function releasePublish(group: Command): void {
  limitOptions(
    zipOptions(
      entryOptions(
        signingOptions(
          group
            .command('publish')
            .summary('publish a build to a channel')
            .description(
              'Seals a build, makes patches from the last releases that the channel offers, and makes the next index. Writes what is new into --store: the objects, then the index. A build that the channel offers already changes nothing.',
            )
            .argument('<dir>', 'the build'),
        ).option('--app-version <version>', "the version (default: package.json's)"),
      ),
    ).option('--no-index', 'the build needs no index.html at its root'),
  )
    .addHelpText(
      'after',
      examples(
        'release publish dist --store store --channel production',
        'release publish dist --store out --from https://updates.example.com --channel production --rollout 5%',
      ),
    )
    .action(
      run<Options>(async (context, flags, dir) => {
        const folder = dir as string;
        const { options, keyFrom } = await readSigning(context, flags, folder);
        const version = await readVersion(context, flags, folder);
        const entry = await readEntry(flags);
        const limits = readLimitOptions(flags);
        const ignore = await surveyFolder(context, folder, flags, limits, []);
        const { publishRelease } = await import('../../node.ts');
        const published = await context.follow('publishing', (onProgress) =>
          publishRelease(folder, {
            ...{ ...options, ...entry, version, ignore, onProgress, ...limits },
            sourceMaps: flags.sourceMaps,
            links: flags.skipLinks ? 'skip' : 'refuse',
            privateKeys: flags.allowPrivateKey ? 'allow' : 'refuse',
          }),
        );
        if (published.index.useBuiltIn === true) {
          context.warn(
            'the index tells every device to run its built-in release: release refresh --no-use-built-in ends that',
          );
        }
        return answerRelease(published, options, keyFrom);
      }),
    );
}
