// Names of files and folders that are being written, so that what a killed process left is told from what
// another one is still writing.

import { readlinkSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { randomBytes } from '../backend/random.ts';
import { toHex } from '../bytes.ts';

const SUFFIX = '.bundleseal-tmp';

// File names have 255 bytes at the most, and the rest takes up to 120.
const MAX_BASE_LENGTH = 120;

// Milliseconds after which a file of a process that can't be asked counts as left behind.
const ABANDONED_AFTER = 24 * 60 * 60 * 1000;

// Shared by every copy of this module in this thread: each has to know the others' files as alive.
const LIVE = Symbol.for('bundleseal.temporary-files');
const shared = globalThis as { [LIVE]?: Set<string> };
shared[LIVE] ??= new Set();
const live: Set<string> = shared[LIVE];

let where: string | undefined;

/** This machine and its numbering of processes: a container has one of its own. */
function here(): string {
  where ??= `${hostname()
    .replace(/[^A-Za-z0-9]/g, '_')
    .slice(0, 32)}_${processNamespace()}`;
  return where;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    // Only Linux has them.
    return '0';
  }
}

function prefixOf(name: string): string {
  const base = Buffer.from(name)
    .subarray(0, MAX_BASE_LENGTH)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `.${base}.`;
}

/** A name beside `name` that nobody else has; to be given back by {@link forgetTemporary}. */
export function nameTemporary(name: string): string {
  const random = toHex(randomBytes(6));
  const temporary = `${prefixOf(name)}${here()}-${process.pid}-${threadId}-${random}${SUFFIX}`;
  live.add(temporary);
  return temporary;
}

/** Whether a file or folder is called as {@link nameTemporary} calls them, whoever made it. */
export function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.endsWith(SUFFIX);
}

export function forgetTemporary(temporary: string): void {
  live.delete(temporary);
}

/**
 * Removes what killed processes left of earlier attempts to write `name` in this folder, as far as this user may:
 * what stays is in nobody's way.
 */
export async function cleanTemporaries(
  folder: string,
  name: string,
  remove: (path: string) => Promise<void> = (path) => rm(path, { force: true }),
): Promise<void> {
  const prefix = prefixOf(name);
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!entry.startsWith(prefix) || !entry.endsWith(SUFFIX) || live.has(entry)) continue;
    const parts = entry.slice(prefix.length, -SUFFIX.length).split('-');
    const [place, pid, thread] = parts as [string, string?, string?];
    if (parts.length !== 4) continue;
    const path = join(folder, entry);
    if (place === here() ? isGone(Number(pid), Number(thread)) : await isOld(path)) {
      await remove(path).catch(() => {});
    }
  }
}

/** Whether nobody can still be writing it; `live` has been asked for this thread's own. */
function isGone(pid: number, thread: number): boolean {
  if (pid === process.pid) return thread === threadId;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > ABANDONED_AFTER;
  } catch {
    return false;
  }
}
