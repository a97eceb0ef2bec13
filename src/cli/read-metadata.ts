// Collects the metadata of a bundle from options and from its project.

import { stat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import type { Metadata } from '../format/metadata.ts';
import { UsageError } from './answer.ts';
import { readConfig } from './config/read.ts';
import type { Context } from './context.ts';
import { rare } from './help.ts';
import { readCount } from './limits.ts';
import { findConfigFrom, packagesFrom } from './project.ts';
import { STANDARD } from './spool.ts';

export interface MetadataOptions {
  readonly appId?: string;
  readonly appVersion?: string;
  readonly channel?: string;
  readonly sequence?: string;
  /** False with `--no-project`: values of the project are not used. */
  readonly project: boolean;
}

/**
 * Adds the options for metadata to a command.
 *
 * @param when - Text before each description: the condition under which the option applies.
 */
export function metadataOptions(command: Command, when = ''): Command {
  return rare(
    command
      .option('--app-id <id>', `${when}the app (default: the Capacitor config's appId)`)
      .option('--app-version <version>', `${when}the version (default: package.json's)`)
      .option('--channel <channel>', `${when}the release channel`)
      .option(
        '--sequence <n>',
        `${when}grows with every release, so that apps can refuse older ones`,
      )
      .option('--no-project', 'take nothing from the Capacitor config and package.json'),
    '--no-project',
  );
}

/** The metadata to sign, and the source of each value. */
export interface FoundMetadata {
  readonly metadata: Metadata;
  readonly metadataFrom: Readonly<Record<string, string>>;
}

interface Value {
  readonly value: string | number;
  readonly from: string;
}

/**
 * Takes missing values from the Capacitor config and package.json: from the bundle's folder upwards, and then from
 * the current folder upwards. Warns about values that should be signed and are missing.
 *
 * @param input - The path of the bundle or its folder.
 */
export async function readMetadata(
  context: Context,
  options: MetadataOptions,
  input: string,
): Promise<FoundMetadata> {
  const { channel, project } = options;
  const sequence = readSequence('--sequence', options.sequence);
  const starts = project ? [...new Set([await folderOf(input), '.'])] : [];
  const found: Record<string, Value | undefined> = {
    appId: named(options.appId, '--app-id') ?? (await configuredAppId(context, starts)),
    version: named(options.appVersion, '--app-version') ?? (await packageVersion(context, starts)),
    channel: named(channel, '--channel'),
    sequence: named(sequence, '--sequence'),
  };
  const known = Object.entries(found).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return {
    metadata: Object.fromEntries(known.map(([name, { value }]) => [name, value])),
    metadataFrom: Object.fromEntries(known.map(([name, { from }]) => [name, from])),
  };
}

/**
 * Returns the app's id from an option or from the Capacitor config.
 *
 * @throws {@link UsageError} if neither has it.
 */
export async function readAppId(
  context: Context,
  { appId, project }: Pick<MetadataOptions, 'appId' | 'project'>,
  input: string,
): Promise<string> {
  return required(appId, project, input, '--app-id', (starts) => configuredAppId(context, starts));
}

/** Returns the release's version from an option or from package.json. */
export async function readVersion(
  context: Context,
  { appVersion, project }: Pick<MetadataOptions, 'appVersion' | 'project'>,
  input: string,
): Promise<string> {
  return required(appVersion, project, input, '--app-version', (starts) =>
    packageVersion(context, starts),
  );
}

async function required(
  given: string | undefined,
  project: boolean,
  input: string,
  flag: string,
  find: (starts: readonly string[]) => Promise<Value | undefined>,
): Promise<string> {
  const starts = project ? [...new Set([await folderOf(input), '.'])] : [];
  const found = given ?? (await find(starts))?.value;
  if (typeof found === 'string' && found !== '') return found;
  throw new UsageError(`${flag} is needed: the project's files do not say it`);
}

/** Describes the signed metadata for people. */
export function describeMetadata({ metadata, metadataFrom }: FoundMetadata): string[] {
  const lines = Object.entries(metadata).map(
    ([name, value]) => `  ${name.padEnd(9)} ${JSON.stringify(value)}  from ${metadataFrom[name]}`,
  );
  return lines.length > 0 ? lines : ['  metadata  none'];
}

export function readSequence(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : readCount(name, text);
}

function named(value: string | number | undefined, from: string): Value | undefined {
  return value === undefined ? undefined : { value, from };
}

async function folderOf(input: string): Promise<string> {
  if (input === STANDARD) return '.';
  const isFolder = await stat(input).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isFolder ? input : dirname(input);
}

async function configuredAppId(
  context: Context,
  starts: readonly string[],
): Promise<Value | undefined> {
  for (const start of starts) {
    const file = await findConfigFrom(start);
    if (file === undefined) continue;
    const from = relative('.', file.path);
    const { appId } = await readConfig(file);
    if (appId.kind === 'literal' && typeof appId.value === 'string' && appId.value !== '') {
      return { value: appId.value, from };
    }
    const why =
      appId.kind === 'not literal'
        ? `can't be read in ${from}: ${appId.reason}`
        : `is no text in ${from}`;
    context.warn(`appId is not signed, for it ${why}; pass --app-id, or --no-project`);
    return undefined;
  }
  if (starts.length > 0) {
    context.warn(
      `appId is not signed, for there is no Capacitor config in ${JSON.stringify(starts[0])} or above; pass --app-id, or --no-project`,
    );
  }
  return undefined;
}

async function packageVersion(
  context: Context,
  starts: readonly string[],
): Promise<Value | undefined> {
  const unread = new Set<string>();
  for (const start of starts) {
    for await (const { path, content } of packagesFrom(start)) {
      const from = relative('.', path);
      if (content === undefined) unread.add(from);
      const version = content?.version;
      if (unread.size === 0 && typeof version === 'string' && version !== '') {
        return { value: version, from };
      }
    }
  }
  if (starts.length > 0) {
    const why =
      unread.size > 0
        ? `${[...unread].join(', ')} is not JSON in UTF-8`
        : `no package.json in ${JSON.stringify(starts[0])} or above has a version`;
    context.warn(`version is not signed, for ${why}; pass --app-version, or --no-project`);
  }
  return undefined;
}
