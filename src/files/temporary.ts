// Names for temporary files and folders. A name identifies the process that wrote the file, so that the next call can
// remove the files of killed processes and keep those that another process is still writing.
//
// .<name>.<hash of the name>_<place>_<boot>_<start>-<process>-<thread>-<random>.bundleseal-tmp
//
// The hash covers the whole name, because only the beginning of a long name fits. A process is identified by its
// number and its start time, because systems reuse numbers.

import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { randomBytes } from '../backend/random.ts';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { namesIn } from './calls.ts';
import type { HeldFolder } from './held-folder.ts';

const SUFFIX = '.bundleseal-tmp';

// A file name has at most 255 bytes, and the other parts take up to 110.
const MAX_BASE_LENGTH = 120;

const HASH_LENGTH = 8;

// Milliseconds after which a file counts as abandoned if its process cannot be checked.
const ABANDONED_AFTER = 24 * 60 * 60 * 1000;

// The value of a part that the system does not reveal.
const UNKNOWN = '0';

// All copies of this module in this thread share one list, because each has to know that the files of the others are
// in use.
const LIVE = Symbol.for('bundleseal.temporary-files');
const shared = globalThis as { [LIVE]?: Set<string> };
shared[LIVE] ??= new Set();
const live: Set<string> = shared[LIVE];

interface Here {
  /** The machine and its PID namespace. Each container has a namespace of its own. */
  readonly place: string;
  /** An id that changes when the machine starts. */
  readonly boot: string;
}

let here: Promise<Here> | undefined;

function whereWeAre(): Promise<Here> {
  here ??= (async () => {
    const machine = read(() => readFileSync('/etc/machine-id', 'latin1'));
    const numbering = read(() => readlinkSync('/proc/self/ns/pid'));
    const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
    return {
      place: await hashOf([hostname(), machine, numbering].join('\n')),
      boot: boot.replace(/[^0-9a-f]/g, '').slice(0, 12) || UNKNOWN,
    };
  })();
  return here;
}

/**
 * Returns when a process started, in clock ticks since the machine started, or `undefined` if there is no such
 * process.
 */
function startOf(pid: number): string | undefined {
  try {
    // The start time is the 22nd field. The second field, the program's name in parentheses, may contain any
    // character.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[19] ?? UNKNOWN;
  } catch {
    return isRunning(pid) ? UNKNOWN : undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function read(what: () => string): string {
  try {
    return what().trim();
  } catch {
    return UNKNOWN;
  }
}

async function hashOf(text: string): Promise<string> {
  const { sha256 } = await selectBackend();
  return toHex((await sha256(new TextEncoder().encode(text))).subarray(0, HASH_LENGTH));
}

/** Cuts a name so that the other parts fit. */
export function cutName(name: string): string {
  const start = Buffer.from(name).subarray(0, MAX_BASE_LENGTH);
  return start.toString().replace(/\uFFFD+$/, '');
}

async function prefixOf(name: string): Promise<string> {
  return `.${cutName(name)}.${await hashOf(name)}_`;
}

/** Makes a unique temporary name for `name`. Release it with {@link forgetTemporary}. */
export async function nameTemporary(name: string): Promise<string> {
  const { place, boot } = await whereWeAre();
  const writer = `${startOf(process.pid) ?? UNKNOWN}-${process.pid}-${threadId}`;
  const random = toHex(randomBytes(6));
  const temporary = `${await prefixOf(name)}${place}_${boot}_${writer}-${random}${SUFFIX}`;
  live.add(temporary);
  return temporary;
}

/** Whether {@link nameTemporary} made this name, in any process. */
export function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.endsWith(SUFFIX);
}

export function forgetTemporary(temporary: string): void {
  live.delete(temporary);
}

/**
 * Lists the entries of this folder whose names {@link nameTemporary} made for `name`, in any process.
 */
export async function temporariesOf(folder: HeldFolder, name: string): Promise<string[]> {
  const prefix = await prefixOf(name);
  const names = await namesIn(folder.path).catch(() => []);
  const entries = names.map(String);
  return entries.filter((entry) => entry.startsWith(prefix) && entry.endsWith(SUFFIX));
}

/**
 * Removes the files of processes that were killed while they wrote `name` in this folder, as far as this user is
 * allowed to. Files that remain are harmless.
 */
export async function cleanTemporaries(
  folder: HeldFolder,
  name: string,
  remove: (temporary: string) => Promise<void> = (temporary) => unlink(folder.at(temporary)),
): Promise<void> {
  const prefix = await prefixOf(name);
  for (const entry of await temporariesOf(folder, name)) {
    if (live.has(entry)) continue;
    const writer = WRITER.exec(entry.slice(prefix.length, -SUFFIX.length))?.groups;
    if (writer === undefined) continue;
    const fate = await fateOf(writer as unknown as Writer);
    if (fate === 'gone' || (fate === 'unknown' && (await isOld(folder.at(entry))))) {
      await remove(entry).catch(() => {});
    }
  }
}

/** Returns the state of the process that got `temporary` from {@link nameTemporary} for `name`. */
export async function fateOfTemporary(
  name: string,
  temporary: string,
): Promise<'gone' | 'alive' | 'unknown'> {
  if (live.has(temporary)) return 'alive';
  const prefix = await prefixOf(name);
  const isOfName = temporary.startsWith(prefix) && temporary.endsWith(SUFFIX);
  const middle = temporary.slice(prefix.length, -SUFFIX.length);
  const writer = isOfName ? WRITER.exec(middle)?.groups : undefined;
  return writer === undefined ? 'unknown' : fateOf(writer as unknown as Writer);
}

const WRITER =
  /^(?<place>[0-9a-f]+)_(?<boot>[0-9a-f]+)_(?<start>\d+)-(?<pid>\d+)-(?<thread>\d+)-[0-9a-f]{12}$/;

interface Writer {
  readonly place: string;
  readonly boot: string;
  readonly start: string;
  readonly pid: string;
  readonly thread: string;
}

/**
 * Finds out whether the process that writes the file is still running. Files of this thread are in `live`.
 */
async function fateOf({ place, boot, start, pid, thread }: Writer) {
  const { place: ours, boot: now } = await whereWeAre();
  if (place !== ours) return 'unknown';
  // The machine has restarted since then.
  if (boot !== now && boot !== UNKNOWN && now !== UNKNOWN) return 'gone';
  const isOurs = Number(pid) === process.pid;
  if (isOurs && Number(thread) === threadId) return 'gone';
  const started = startOf(Number(pid));
  if (started === undefined) return 'gone';
  if (started === UNKNOWN || start === UNKNOWN) return 'unknown';
  if (started !== start) return 'gone';
  // The state of another thread of this process is unknown.
  return isOurs ? 'unknown' : 'alive';
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > ABANDONED_AFTER;
  } catch {
    return false;
  }
}
