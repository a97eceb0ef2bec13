// Checks whether others can read private keys: other users of the machine, readers of the repository, and through
// files of killed processes.

import { lstat, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { isTemporary } from '../../files/temporary.ts';
import { type GitState, gitStateOf, ignoreLines } from '../git.ts';
import { inShell } from '../help.ts';
import { FOLDER_NAME } from '../spool.ts';
import type { Finding } from './finding.ts';

/** Examines a private key's file and the old keys beside it. */
export async function examineExposure(path: string, findings: Finding[]): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const kept = names
    .filter((name) => name.startsWith(`${basename(path)}.old`) && !name.endsWith('.pub'))
    .map((name) => (folder === '.' ? name : join(folder, name)));
  for (const file of [path, ...kept]) {
    if (!(await exists(file))) continue;
    findings.push(...(await modeFinding(file)), gitFinding(file, await gitStateOf(file)));
  }
}

/** Looks for files of killed processes beside the key and in the folder for temporary files. */
export async function examineLeftovers(path: string, findings: Finding[]): Promise<void> {
  const folder = dirname(path);
  const beside = (await readdir(folder).catch(() => []))
    .filter(isTemporary)
    .map((name) => join(folder, name));
  const spooled: string[] = [];
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    if (!isTemporary(name) || !name.startsWith(`.${FOLDER_NAME}.`)) continue;
    const stats = await lstat(join(tmpdir(), name)).catch(() => undefined);
    const isOwn = process.getuid === undefined || stats?.uid === process.getuid();
    if (isOwn) spooled.push(join(tmpdir(), name));
  }
  for (const leftover of [...beside, ...spooled]) {
    findings.push({
      code: 'LEFTOVER_FILE',
      state: 'warning',
      what: `${leftover} was left by a process that was killed, or is being written: it may hold a private key or an opened bundle`,
      mend: 'remove it if no bundleseal is running; the next command that writes there removes it too',
      path: leftover,
    });
  }
}

async function modeFinding(path: string): Promise<Finding[]> {
  // Windows has no mode bits for this.
  if (process.platform === 'win32') return [];
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) {
    const what = `${path} is readable by its owner alone`;
    return [{ code: 'KEY_FILE_PRIVATE', state: 'good', what, path }];
  }
  const what = `${path} is readable by others`;
  return [
    { code: 'KEY_FILE_EXPOSED', state: 'bad', what, mend: `chmod 600 ${inShell(path)}`, path },
  ];
}

function gitFinding(path: string, state: GitState): Finding {
  switch (state) {
    case 'tracked':
      return {
        code: 'GIT_TRACKED',
        state: 'bad',
        what: `${path} is in git`,
        mend: `git rm --cached ${inShell(path)}, and make a new pair: everyone with the repository has the key`,
        path,
      };
    case 'not ignored':
      return {
        code: 'GIT_NOT_IGNORED',
        state: 'warning',
        what: `git would commit ${path}`,
        mend: `add these lines to .gitignore, each on its own: ${ignoreLines(path).join(' ')}`,
        path,
      };
    case 'ignored':
      return { code: 'GIT_IGNORED', state: 'good', what: `git ignores ${path}`, path };
    case 'no repository':
      return { code: 'GIT_NONE', state: 'good', what: `${path} is in no git repository`, path };
    default:
      return {
        code: 'GIT_UNKNOWN',
        state: 'unknown',
        what: `git does not say whether it would commit ${path}`,
        mend: `look yourself: git status, git check-ignore ${inShell(path)}`,
        path,
      };
  }
}
