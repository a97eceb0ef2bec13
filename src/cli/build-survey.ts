// Looks at the files of a build while they are read: whether an app could start from them, whether some must not be
// published, and which are outputs of bundleseal.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  checkEntryCount,
  createMeter,
  type Limits,
  toWriter,
} from '../archive/format/zip-limits.ts';
import { fileError } from '../files/error.ts';
import { type FoundFile, pathOnDisk } from '../files/list-folder.ts';
import type { FolderWatch } from '../files/zip-directory.ts';
import { latin1 } from '../keys/find-private.ts';
import { createPublished, indexAdvice } from './leaks.ts';
import { needsNotifyAppReady } from './project.ts';
import { STANDARD } from './spool.ts';
import type { Context } from './terminal.ts';

/** The checks of a build. */
export interface BuildChecks {
  readonly codeCheck: boolean;
  /** False if a bundle without an index.html is intended. */
  readonly index: boolean;
  readonly capgo?: boolean;
}

export interface Survey extends FolderWatch {
  /** Number of bytes that `read` needs from the start of a file. */
  needs(file: FoundFile): number;
  /** Whether the survey left the file out. Known after all files were read. */
  isLeftOut(path: string): boolean;
  /** Prints the warnings about the files. Call it after all files were read. */
  warn(): void;
}

const CALL = 'notifyAppReady';
const SCRIPT = /\.(m?js|cjs|html?)$/i;
// Larger scripts are generated data and do not call plugins.
const MAX_SCRIPT_LENGTH = 2 ** 25;
// The length of the longest beginning that identifies an output of bundleseal.
const START_LENGTH = 10;
const SEAL = '.seal';
// One warning covers all files of such a folder.
const FOREIGN = /^(?:.*?\/)??(?:\.git|node_modules)\//;

/**
 * Makes a survey of one folder. `select` throws if no app could start from the files, or if they exceed the limits.
 *
 * @param outputs - The outputs of the command, which are left out of the bundle if they are in the folder.
 */
export async function createSurvey(
  context: Context,
  folder: string,
  options: BuildChecks,
  limits: Limits,
  outputs: readonly string[],
): Promise<Survey> {
  const written = await Promise.all(outputs.filter((path) => path !== STANDARD).map(realPlace));
  const needsCall = options.codeCheck && (options.capgo || (await needsNotifyAppReady(folder)));
  const published = createPublished();
  /** The files that are left out, each with its kind. */
  const ours = new Map<string, string>();
  const indexes: string[] = [];
  let isCalled = false;
  let isIndexEmpty = false;
  /** The last characters of the previous piece of the same script. */
  let tail = '';

  function isSearched({ path, size }: FoundFile): boolean {
    if (!needsCall || isCalled || size > MAX_SCRIPT_LENGTH) return false;
    return SCRIPT.test(path) && !FOREIGN.test(path);
  }

  function checkIndex(): void {
    if (!options.index || !options.codeCheck || indexes.includes('index.html')) return;
    throw fileError(
      folder,
      `has no index.html at its root, so no app could start from it: ${indexAdvice(indexes, folder)}`,
    );
  }

  /** Leaves out detached seals and their bodies. A body has no mark, and precedes its seal in the archive. */
  async function leaveBodiesOut(files: Map<string, FoundFile>, start: Start): Promise<void> {
    for (const [path, file] of files) {
      if (!path.endsWith(SEAL) || !files.has(path.slice(0, -SEAL.length))) continue;
      const kind = ownOutput(path, await start(file, START_LENGTH));
      if (kind !== undefined) ours.set(path, kind);
    }
    for (const path of [...ours.keys()]) {
      const body = path.slice(0, -SEAL.length);
      if (path.endsWith(SEAL) && files.has(body)) ours.set(body, 'a sealed body');
    }
  }

  return {
    isOutput: (place) => written.includes(place),
    isLeftOut: (path) => ours.has(path),
    needs: (file) =>
      isSearched(file) || isTokenFile(file.path) ? file.size : Math.min(file.size, START_LENGTH),
    async *select(listed, start) {
      const files = new Map<string, FoundFile>();
      let count = createCount(limits);
      let isOver = false;
      for await (const file of listed) {
        context.signal.throwIfAborted();
        const { path } = file;
        const kind = written.includes(pathOnDisk(file))
          ? 'the output of this command'
          : capgoBundle(path);
        if (kind !== undefined) {
          ours.set(path, kind);
          continue;
        }
        files.set(path, file);
        if (isOver) await leaveOut(files, [file], start);
        try {
          if (files.has(path)) count(file);
        } catch (error) {
          if (isOver) throw error;
          // Outputs of bundleseal do not count against the limits, so this looks at each file again before it refuses the folder.
          isOver = true;
          await leaveOut(files, [...files.values()], start);
          count = createCount(limits);
          for (const each of files.values()) count(each);
        }
      }
      await leaveBodiesOut(files, start);
      for (const path of ours.keys()) files.delete(path);
      for (const path of files.keys()) {
        const [foreign] = FOREIGN.exec(path) ?? [];
        if (!isTokenFile(path)) published.see(foreign ?? path);
        if (foreign === undefined && /(^|\/)index\.html?$/i.test(path)) indexes.push(path);
      }
      checkIndex();
      isIndexEmpty = options.index && files.get('index.html')?.size === 0;
      yield* files.values();
    },
    read(file, piece, at) {
      const { path } = file;
      if (at === 0) {
        tail = '';
        const kind = ownOutput(path, piece);
        if (kind !== undefined) {
          ours.set(path, kind);
          if (indexes.includes(path)) indexes.splice(indexes.indexOf(path), 1);
          checkIndex();
          return false;
        }
        const isWhole = piece.length === file.size;
        if (isTokenFile(path)) published.see(path, isWhole ? piece : undefined);
      }
      if (isSearched(file)) {
        const text = tail + latin1(piece);
        isCalled = text.includes(CALL);
        tail = text.slice(1 - CALL.length);
      }
      return true;
    },
    warn() {
      if (needsCall && !isCalled) {
        context.warn(
          'the build does not call notifyAppReady(): an updater that waits for that call rolls the update back',
        );
      }
      if (isIndexEmpty)
        context.warn('index.html is empty, so the app would show nothing: build it again');
      published.warn(context);
      for (const path of [...ours.keys()].sort()) {
        context.warn(`left out: ${JSON.stringify(path)}, ${ours.get(path)}`);
      }
    },
  };

  /** Leaves out the files that are outputs of bundleseal. */
  async function leaveOut(
    files: Map<string, FoundFile>,
    some: readonly FoundFile[],
    start: Start,
  ): Promise<void> {
    for (const file of some) {
      const kind = ownOutput(file.path, await start(file, START_LENGTH));
      if (kind === undefined) continue;
      ours.set(file.path, kind);
      files.delete(file.path);
    }
  }
}

type Start = Parameters<FolderWatch['select']>[1];

/** Makes a function that counts a file, and throws if the files so far exceed a limit. */
function createCount(limits: Limits): (file: FoundFile) => void {
  const meter = createMeter(limits, toWriter);
  let count = 0;
  return ({ path, size }) => {
    checkEntryCount(limits, ++count, path, toWriter);
    meter({ path, by: size, size, compressedSize: undefined });
  };
}

function capgoBundle(path: string): string | undefined {
  return /_encrypted\.zip$/i.test(path) ? "a bundle for Capgo's plugin" : undefined;
}

/** Returns the kind of a file that an earlier run has written, by its first bytes. */
function ownOutput(path: string, start: Uint8Array): string | undefined {
  const text = latin1(start.subarray(0, START_LENGTH));
  if (text.startsWith('BNDLSEAL')) return 'a sealed bundle';
  return text === 'Qk5ETFNFQU' && path.endsWith(SEAL) ? 'a seal' : undefined;
}

/** Whether a file often holds an access token. */
function isTokenFile(path: string): boolean {
  return /(^|\/)\.npmrc$/.test(path) && !FOREIGN.test(path);
}

/** Returns the real path that a file will have. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
    return join(folder, basename(path));
  }
}
