// Finds out whether git would commit a private key.
//
// A project may be untrusted, and its .git/config can name programs that git runs. Therefore this module turns those
// settings off, uses only two commands that need no filter, hook or remote, and starts git by a full path outside of
// the project.

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, lstat, readFile, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { PERMISSION_BITS } from '../files/calls.ts';
import { fileError } from '../files/error.ts';
import { exists } from '../files/leniency.ts';
import { KEY_FILE } from '../keys/key-places.ts';
import type { Context } from './terminal.ts';
import { writeWhole } from './write-whole.ts';

/** `unknown`: there is a repository, but git is missing or fails. */
export type GitState = 'tracked' | 'not ignored' | 'ignored' | 'no repository' | 'unknown';

const execute = promisify(execFile);

// In milliseconds.
const TIMEOUT = 10_000;

// Overrides the settings with which a repository's config could make git run a program or contact a host. Settings on
// the command line override those of every file.
const HARMLESS = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.pager=cat',
  'core.sshCommand=false',
  'core.gitProxy=',
  'core.askPass=',
  'core.editor=false',
  'core.alternateRefsCommand=',
  'core.attributesFile=/dev/null',
  'credential.helper=',
  'diff.external=',
  'gpg.program=false',
  'protocol.allow=never',
  // A bare repository among a project's files would have a config of its own.
  'safe.bareRepository=explicit',
].flatMap((setting) => ['-c', setting]);

const GLOBAL_OPTIONS = ['--no-pager', '--no-optional-locks', ...HARMLESS];

/** Without a repository, nothing can be committed, and git does not start. */
export async function gitStateOf(path: string): Promise<GitState> {
  const name = basename(path);
  const folder = resolve(dirname(path));
  // Git looks above the folder to which links lead.
  const real = await realpath(folder).catch(() => folder);
  if ((await repositoryOf(real)) === undefined) return 'no repository';
  const git = await findGit(folder);
  if (git === undefined) return 'unknown';
  const listed = await exitOf('--literal-pathspecs', 'ls-files', '--error-unmatch', '--', name);
  if (listed === 0) return 'tracked';
  // check-ignore has no option for literal paths. The "./" prevents a leading colon from having a special meaning.
  const ignored = await exitOf('check-ignore', '-q', '--', `./${name}`);
  if (ignored === 0) return 'ignored';
  return ignored === 1 ? 'not ignored' : 'unknown';

  async function exitOf(...args: string[]): Promise<unknown> {
    try {
      await execute(git as string, [...GLOBAL_OPTIONS, ...args], {
        cwd: folder,
        env: environment(),
        timeout: TIMEOUT,
        windowsHide: true,
      });
      return 0;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  }
}

/**
 * Warns if git has the private key in the current folder, or would add it: another branch may have no line for it in
 * .gitignore.
 */
export async function warnOfKeyInGit(context: Context): Promise<void> {
  if (!(await exists(KEY_FILE))) return;
  const state = await gitStateOf(KEY_FILE);
  if (state !== 'tracked' && state !== 'not ignored') return;
  context.warn(
    `git would commit ${KEY_FILE}: it is in git already, or no pattern of .gitignore leaves it out; keep it out before you commit`,
  );
}

/**
 * Adds lines to the .gitignore beside the file, so that git ignores the private key, the old pairs beside it, and
 * temporary files of killed processes.
 *
 * @returns Whether git ignores the file now. A later pattern may include it again.
 */
export async function ignoreInGit(
  path: string,
): Promise<{ readonly file: string; readonly state: GitState }> {
  const file = join(dirname(path), '.gitignore');
  const there = await lstat(file).catch(() => undefined);
  // Git does not follow a link at .gitignore.
  if (there !== undefined && !there.isFile()) throw fileError(file, 'is no regular file');
  // Latin-1 keeps every byte, because the file may be in any encoding.
  const text = there === undefined ? '' : await readFile(file, 'latin1');
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const present = new Set(text.split(/\r?\n/));
  const wanted = ignoreLines(path).map((line) => Buffer.from(line).toString('latin1'));
  const missing = wanted.filter((line) => !present.has(line));
  const start = text === '' || text.endsWith('\n') ? '' : lineBreak;
  const added = missing.map((line) => line + lineBreak).join('');
  const mode = there === undefined ? 0o666 : there.mode & PERMISSION_BITS;
  const content = Buffer.from(text + start + added, 'latin1');
  if (missing.length > 0) await writeWhole(file, content, { mode, force: there !== undefined });
  return { file, state: await gitStateOf(path) };
}

/** Returns the patterns for a private key, and for its public key if it is an old pair. */
export function ignoreLines(path: string): string[] {
  const name = escapePattern(basename(path).replace(/(?<=.)\.old(\.\d+)?$/, ''));
  return [`/${name}`, `/${name}.old*`, '.*.bundleseal-tmp'];
}

/** Escapes a file name to a pattern that matches only this name. */
function escapePattern(name: string): string {
  return name.replace(/[\\*?[\]]/g, '\\$&').replace(/ +$/, (spaces) => '\\ '.repeat(spaces.length));
}

/**
 * Removes git's variables from the environment, so that only the folder determines the repository.
 */
function environment(): NodeJS.ProcessEnv {
  const env = Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name));
  return {
    ...Object.fromEntries(env),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    // Forbids every transport, even if the config allows some.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_ATTR_NOSYSTEM: '1',
    LC_ALL: 'C',
  };
}

/**
 * Finds a git outside of the project: ignores relative entries of PATH and folders of the project.
 */
async function findGit(folder: string): Promise<string | undefined> {
  const isWindows = process.platform === 'win32';
  const name = isWindows ? 'git.exe' : 'git';
  for (const entry of (process.env['PATH'] ?? '').split(delimiter)) {
    const isOfProject = isInside(folder, entry) || isInside(process.cwd(), entry);
    if (!isAbsolute(entry) || isOfProject || /[\\/]node_modules([\\/]|$)/.test(entry)) continue;
    const candidate = join(entry, name);
    try {
      await access(candidate, isWindows ? constants.F_OK : constants.X_OK);
      return candidate;
    } catch {
      // Tries the next entry of PATH.
    }
  }
  return undefined;
}

function isInside(folder: string, path: string): boolean {
  // If the project is in the root folder, every path would lie in it.
  if (dirname(folder) === folder) return false;
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Returns the root of the repository that has this folder. */
export async function repositoryOf(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if (await exists(join(at, '.git'))) return at;
    if (dirname(at) === at) return undefined;
  }
}
