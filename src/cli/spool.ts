// "-": standard input and output, where a command works on files.
//
// What comes in is needed twice, and what goes out must be verified before a byte of it is released, so both
// lie in a private folder meanwhile.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from './answer.ts';
import type { Context } from './context.ts';

export const STANDARD = '-';

/** A folder that only this user can look into, gone when `work` has ended. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bundleseal-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Gives `work` a file: the one named, or what standard input has. */
export async function withInput<T>(
  { signal }: Context,
  path: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (path !== STANDARD) return work(path);
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'stdin');
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }), { signal });
    return work(file);
  });
}

/** Gives `work` a place to write: the one named, or one whose content goes to standard output afterwards. */
export async function withOutput<T>(
  { signal, isJson }: Context,
  path: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (path !== STANDARD) return work(path);
  if (isJson) {
    throw new UsageError('--json and the output both want standard output: name a file with --out');
  }
  return withTemporaryFolder(async (folder) => {
    const file = join(folder, 'stdout');
    const result = await work(file);
    await pipeline(createReadStream(file), process.stdout, { signal, end: false });
    return result;
  });
}
