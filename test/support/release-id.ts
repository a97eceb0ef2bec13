// Computes the id of a release with standard Unix tools, by the shell line in docs/releases.md.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './docs.ts';

const LINE = /^ {4}(find \. -type f .*)$/m.exec(
  readFileSync(join(ROOT, 'docs/releases.md'), 'utf8'),
)?.[1];

/** Returns the output of the line in a folder of these files. */
export function idByShell(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-release-'));
  try {
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const printed = execFileSync('sh', ['-c', LINE as string], { cwd: folder, encoding: 'utf8' });
    return printed.slice(0, 64);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
