// Ends a command with every process that it has started.
//
// It does not use a process group, because a new group loses the terminal, and a key store that asks for a password
// there would fail.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ends the process and its descendants, as far as the system lists them. */
export function endProcesses(pid: number): void {
  if (process.platform === 'win32') {
    const system = process.env['SystemRoot'] ?? 'C:\\Windows';
    quietly(() =>
      execFileSync(join(system, 'System32', 'taskkill.exe'), ['/pid', String(pid), '/t', '/f'], {
        stdio: 'ignore',
      }),
    );
    return;
  }
  const parents = quietly(parentsByProc) ?? quietly(parentsByPs) ?? new Map();
  // Ends the parent first, because a running shell would start its next command.
  for (const one of descendantsOf(pid, parents)) quietly(() => process.kill(one, 'SIGTERM'));
}

function descendantsOf(pid: number, parents: ReadonlyMap<number, number>): Set<number> {
  const found = new Set([pid]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  return found;
}

/** Returns the parent of each process on Linux. */
function parentsByProc(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    // The line is "pid (name) state parent …". A name may contain any character.
    const stat = quietly(() => readFileSync(join('/proc', name, 'stat'), 'latin1')) ?? '';
    const [, parent] = /^.*\) \S (\d+)/s.exec(stat) ?? [];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** Returns the parent of each process on other systems. */
function parentsByPs(): Map<number, number> {
  const lines = execFileSync('/bin/ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).split('\n');
  return new Map(
    lines.map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number]),
  );
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
