// Repositories with the tags of releases. Each is made once and copied, because git starts ten processes for it.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

export function git(folder: string, ...args: string[]): string {
  const author = ['-c', 'user.name=a', '-c', 'user.email=a@a.example', '-c', 'tag.gpgSign=false'];
  return execFileSync('git', [...author, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

/** Makes a repository in a folder, with a tag for each version and a commit after the last one. */
export function makeTags(folder: string, versions: readonly string[]): void {
  const made = join(inject('runFolder'), `tags of ${process.pid} ${versions.join()}`);
  if (!existsSync(made)) {
    git(inject('runFolder'), 'init', '--quiet', made);
    for (const version of [...versions, undefined]) {
      writeFileSync(join(made, 'version'), version ?? 'not released');
      git(made, 'add', 'version');
      git(made, 'commit', '--quiet', '--no-verify', '--message', 'a');
      if (version !== undefined) git(made, 'tag', `v${version}`);
    }
  }
  cpSync(made, folder, { recursive: true });
}
