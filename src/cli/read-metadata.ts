// What a bundle says of itself, from options and from the project around it.

import { readFile } from 'node:fs/promises';
import type { Metadata } from '../format/metadata.ts';
import { UsageError } from './answer.ts';
import { findConfig } from './config/files.ts';
import { readConfig } from './config/read.ts';

export interface MetadataOptions {
  readonly appId?: string;
  readonly appVersion?: string;
  readonly channel?: string;
  readonly sequence?: string;
  /** False: nothing is taken from the project. */
  readonly project: boolean;
}

/** What is not named comes from the Capacitor config and package.json, where they say it. */
export async function readMetadata(options: MetadataOptions): Promise<Metadata> {
  const { channel, project } = options;
  const appId = options.appId ?? (project ? await configuredAppId() : undefined);
  const version = options.appVersion ?? (project ? await packageVersion() : undefined);
  const sequence = readSequence('--sequence', options.sequence);
  return {
    ...(appId !== undefined && { appId }),
    ...(version !== undefined && { version }),
    ...(channel !== undefined && { channel }),
    ...(sequence !== undefined && { sequence }),
  };
}

export function readSequence(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`${name} takes an integer from 0 to 2^53 - 1, got ${text}`);
}

async function configuredAppId(): Promise<string | undefined> {
  const file = await findConfig('.');
  const appId = file && (await readConfig(file)).appId;
  return appId?.kind === 'literal' && typeof appId.value === 'string' ? appId.value : undefined;
}

async function packageVersion(): Promise<string | undefined> {
  try {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    // There is none, or it is not ours to mend.
    return undefined;
  }
}
