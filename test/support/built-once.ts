// What several files of tests use, and the first of them builds: all keep it in the folder of the run.

import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'vitest';
import { inlineWorkers } from '../../build/inline-worker.js';

const ROOT = join(import.meta.dirname, '../..');

/** Returns the path of a file or folder of this name. `make` writes it to the path that it gets, unless it is there. */
export async function builtOnce(
  name: string,
  make: (path: string) => Promise<unknown>,
): Promise<string> {
  const shared = join(inject('runFolder'), name);
  if (existsSync(shared)) return shared;
  // Another process may be building it too. The rename puts it there as a whole.
  const own = join(inject('runFolder'), `${process.pid}-${name}`);
  await make(own);
  await rename(own, shared).catch(() => rm(own, { recursive: true, force: true }));
  return shared;
}

/** The folder of the built library. It has the entry `update.js`. */
export const builtLibrary = (): Promise<string> =>
  builtOnce('library', (outdir) =>
    build({
      entryPoints: [join(ROOT, 'src/update.ts')],
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      plugins: [inlineWorkers()],
      logLevel: 'error',
    }),
  );
