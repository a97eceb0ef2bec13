// The log in which Chromium keeps the names of an origin private file system. Chromium writes a record of it in two calls, the
// header and then the content, and never flushes it. The next process continues a log that ends in a header.

import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The header of a record, as LevelDB's log has it: a checksum, the length of the content, and the type. */
const HEADER = Uint8Array.of(1, 2, 3, 4, 48, 0, 1);

/** Returns the directories that have such a log. */
function directories(profile: string): string[] {
  return readdirSync(join(profile, 'Default'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\/t\/Paths$/.test(path))
    .map((path) => join(profile, 'Default', path));
}

/** A reader that finds a damaged record skips the rest of the block. */
const BLOCK = 32_768;

/**
 * Ends the log in a header, as a kill between the two calls does, if the block has room for what a device writes in a second. The
 * next Chromium reads the log well. The Chromium after it skips the records that follow the header, to the end of the block.
 *
 * @returns Whether the log was torn.
 */
export function tearLog(profile: string): boolean {
  const logs = directories(profile)
    .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
    .filter((path) => path.endsWith('.log') && statSync(path).size % BLOCK < BLOCK / 4);
  for (const log of logs) appendFileSync(log, HEADER);
  return logs.length > 0;
}

/** The bytes that the Chromium that opened the log last has skipped. */
export function skippedBytes(profile: string): number {
  return directories(profile)
    .flatMap((directory) => [
      ...readFileSync(join(directory, 'LOG'), 'utf8').matchAll(/dropping (\d+) bytes/g),
    ])
    .reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}
