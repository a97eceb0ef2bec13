// Collects the metadata of a bundle from options and from its project.

import { stat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import type { Command } from 'commander';
import type { Metadata } from '../format/metadata.ts';
import { UsageError } from './answer.ts';
import { readConfig } from './config/read.ts';
import { rare } from './help.ts';
import { findConfigFrom, packagesFrom } from './project.ts';
import { STANDARD } from './spool.ts';
import type { Context } from './terminal.ts';
import { readCount } from './units.ts';

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
        `${when}a number that increases with every release, so that apps can refuse older ones`,
      )
      .option('--no-project', 'do not read the Capacitor config and package.json'),
    '--no-project',
  );
}

/** The metadata to sign, and the source of each value. */
export interface FoundMetadata {
  readonly metadata: Metadata;
  readonly metadataFrom: Readonly<Record<string, string>>;
}

/** The file that a value comes from, for messages. */
export interface ValueSource {
  readonly from: string;
}

interface Value extends ValueSource {
  readonly value: string | number;
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
  const sequence = sequenceOption('--sequence', options.sequence);
  const starts = await startsOf(project, input);
  const found: Record<string, Value | undefined> = {
    appId:
      named(options.appId, '--app-id') ??
      (await configuredAppId(starts, (why) =>
        context.warn(`appId is not signed, for ${why}; pass --app-id, or --no-project`),
      )),
    version:
      named(options.appVersion, '--app-version') ??
      (await packageVersion(starts, (why) =>
        context.warn(`version is not signed, for ${why}; pass --app-version, or --no-project`),
      )),
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

/** Returns the release's version from an option or from package.json. */
export async function readVersion(
  { appVersion, project }: Pick<MetadataOptions, 'appVersion' | 'project'>,
  input: string,
): Promise<string> {
  return required(appVersion, project, input, '--app-version is needed', packageVersion);
}

/** Looks for a value from these folders upwards. Calls `tell` with the reason if there is none. */
type Find = (starts: readonly string[], tell: (why: string) => void) => Promise<Value | undefined>;

/** The end of the message about a missing value with --no-project. */
export const WITHOUT_PROJECT = 'with --no-project nothing else says it';

/** The folders from which to look upwards for a project: that of the input, and the current one. */
export async function startsOf(project: boolean, input: string): Promise<string[]> {
  return project ? [...new Set([await folderOf(input), '.'])] : [];
}

/**
 * Returns a value that was given, else one that was found.
 *
 * @param said - The beginning of the error if there is none. The reason follows.
 */
export async function required(
  given: string | undefined,
  project: boolean,
  input: string,
  said: string,
  find: Find,
): Promise<string> {
  let reason = WITHOUT_PROJECT;
  const starts = await startsOf(project, input);
  const tell = (why: string) => {
    reason = why;
  };
  const found = given ?? (await find(starts, tell))?.value;
  if (given === '') reason = 'it is empty';
  if (typeof found === 'string' && found !== '') return found;
  throw new UsageError(`${said}: ${reason}`);
}

/** Describes the signed metadata for people. */
export function describeMetadata({ metadata, metadataFrom }: FoundMetadata): string[] {
  const lines = Object.entries(metadata).map(
    ([name, value]) => `  ${name.padEnd(9)} ${JSON.stringify(value)}  from ${metadataFrom[name]}`,
  );
  return lines.length > 0 ? lines : ['  metadata  none'];
}

export function sequenceOption(name: string, text: string | undefined): number | undefined {
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

/** Finds the app's id in the Capacitor config. */
export async function configuredAppId(
  starts: readonly string[],
  tell: (why: string) => void,
): Promise<Value | undefined> {
  for (const start of starts) {
    const file = await findConfigFrom(start);
    if (file === undefined) continue;
    const from = relative('.', file.path);
    const { appId } = await readConfig(file);
    if (appId.kind === 'literal' && typeof appId.value === 'string' && appId.value !== '') {
      return { value: appId.value, from };
    }
    tell(
      appId.kind === 'not literal'
        ? `it can't be read in ${from}: ${appId.reason}`
        : `it is no text in ${from}`,
    );
    return undefined;
  }
  if (starts.length > 0) {
    tell(`there is no Capacitor config in ${JSON.stringify(starts[0])} or above`);
  }
  return undefined;
}

async function packageVersion(
  starts: readonly string[],
  tell: (why: string) => void,
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
    tell(
      unread.size > 0
        ? `${[...unread].join(', ')} is not JSON in UTF-8`
        : `no package.json in ${JSON.stringify(starts[0])} or above has a version`,
    );
  }
  return undefined;
}
