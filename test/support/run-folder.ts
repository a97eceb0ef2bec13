// A folder of one run of the suite: for all temporary files, and for what several files of tests use and one of them builds.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    readonly runFolder: string;
  }
}

/** Vitest calls it before the first file, and what it returns after the last one. */
export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'bundleseal-run-'));
  // Every user may write to it, as to the system's folder for temporary files.
  chmodSync(folder, 0o1777);
  provide('runFolder', folder);
  // The processes of the tests inherit it. What a test leaves in it, or a killed process, is gone after the run.
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  return () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    // Only now, because Vitest closes its Chromium later, which until then writes to its profile in the folder.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  };
}
