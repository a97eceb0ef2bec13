// The options for a release's entry in an index, for publishing and promoting.

import type { Command } from 'commander';
import type { PublishOptions } from '../../publish/publish.ts';
import { UsageError } from '../answer.ts';
import { collect, rare } from '../help.ts';
import { readSmallFile } from '../small-file.ts';
import { readIntegerFlag, readShare } from '../units.ts';

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

// An index has at most 1 MiB.
const MAX_META_LENGTH = 2 ** 20;

export function entryOptions(command: Command): Command {
  return rare(
    command
      .option('--runtime <runtime>', 'a native runtime of the release; repeatable', collect)
      .option('--requires <feature>', 'a feature that devices must have; repeatable', collect)
      .option('--rollout <share>', 'share of the devices, such as 25%')
      .option('--mandatory', 'the app should install the release before it continues')
      .option('--no-mandatory', 'the app may continue (the default for a new release)')
      .option('--note <text>', 'text for people, at most 4 KiB')
      .option('--meta <file>', 'a JSON object of your own; - for standard input')
      .option('--patches <n>', 'releases from which patches start (default: 5)')
      .option('--keep <n>', 'releases of each runtime that stay in the index (default: 10)')
      .option('--built-in <dir|stamp>', 'a built-in release to patch from; repeatable', collect)
      .option('--first', 'put the release in front, even if the channel already has it', false)
      .option('--reinstate', 'offer a withdrawn release again', false)
      .option('--create', 'create the channel (needed if --from is an address)', false),
    ...[
      '--requires',
      '--meta',
      '--keep',
      '--patches',
      '--first',
      '--reinstate',
      '--mandatory',
      '--no-mandatory',
    ],
  );
}

/** Converts {@link entryOptions} for the library's calls. */
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
    ...(patches !== undefined && { patches: readIntegerFlag('--patches', patches) }),
    ...(keep !== undefined && { keep: readIntegerFlag('--keep', keep) }),
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
    // The error below reports it.
  }
  throw new UsageError(`--meta takes a file with one JSON object, and ${path} has none`);
}
