// @ts-check A folder for the bench, which is removed whenever the process ends.

import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;

/** @param {() => void} before - Called before the folder is removed. */
export function temporaryFolder(before = () => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-peers-'));
  process.on('exit', () => {
    before();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => process.exit(1));
  }
  return folder;
}

/** @param {string} folder @param {number} bytes */
export function mustHaveRoom(folder, bytes) {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  const free = Math.floor((bavail * bsize) / MIB);
  throw new Error(
    `the folder for temporary files has ${free} MiB free, ${Math.ceil(bytes / MIB)} MiB are needed: set TMPDIR to another, or run with --quick`,
  );
}
