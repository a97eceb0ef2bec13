// What git would do with a private key.

import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

export type GitState = 'tracked' | 'not ignored' | 'ignored' | 'no repository';

const execute = promisify(execFile);

/** Where there is no git, or no repository, nothing can be committed. */
export async function gitStateOf(path: string): Promise<GitState> {
  const options = { cwd: dirname(path) };
  const name = basename(path);
  if ((await exitOf('ls-files', '--error-unmatch', '--', name)) === 0) return 'tracked';
  const ignored = await exitOf('check-ignore', '-q', '--', name);
  if (ignored === 0) return 'ignored';
  return ignored === 1 ? 'not ignored' : 'no repository';

  async function exitOf(...args: string[]): Promise<unknown> {
    try {
      await execute('git', args, options);
      return 0;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  }
}

/** Adds the file's name to the .gitignore beside it. */
export async function ignoreInGit(path: string): Promise<string> {
  const file = join(dirname(path), '.gitignore');
  const text = await readFile(file, 'utf8').catch(() => '');
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text === '' || text.endsWith('\n') ? '' : lineBreak;
  await appendFile(file, `${start}/${basename(path)}${lineBreak}`);
  return file;
}
