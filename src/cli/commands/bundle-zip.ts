// bundle zip: a build folder as a reproducible zip.

import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { fileError } from '../../files/error.ts';
import { listFolder } from '../../files/list-folder.ts';
import { ignoreRule } from '../../files/pattern.ts';
import { UsageError } from '../answer.ts';
import { findConfig } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import type { Context } from '../context.ts';
import { bytes, collect, examples } from '../help.ts';
import { isThere } from '../read-key.ts';
import { run } from '../run.ts';
import { withOutput } from '../spool.ts';

/** Options by which a folder is zipped. */
export interface ZipFolderOptions {
  readonly ignore?: readonly string[];
  readonly sourceMaps: boolean;
  readonly codeCheck: boolean;
  readonly skipLinks: boolean;
}

interface Options extends ZipFolderOptions {
  readonly out?: string;
}

// Larger scripts are generated data; what calls a plugin is not in them.
const MAX_SCRIPT_LENGTH = 2 ** 25;

export function bundleZip(group: Command): void {
  zipOptions(
    group
      .command('zip')
      .summary('zip a build folder reproducibly')
      .description(
        'Makes a zip that is the same, to the byte, wherever the same files are zipped, and prints its checksum.',
      )
      .argument('[dir]', "the build (default: the Capacitor config's webDir, then dist)")
      .option(
        '--out <file>',
        "the zip; - for standard output (default: the folder's name with .zip)",
      ),
  )
    .addHelpText(
      'after',
      examples('bundle zip dist', 'bundle zip www --out app.zip --ignore "*.map"'),
    )
    .action(
      run<Options>(async (context, options, dir) => {
        const folder = dir ?? (await buildFolder());
        const out = options.out ?? `${folder.replace(/[\\/]+$/, '')}.zip`;
        const zipped = await withOutput(context, out, (path) =>
          zipFolder(context, folder, path, options),
        );
        return {
          json: { zip: out, ...zipped },
          lines: [
            `✓ ${out}  ${zipped.entries} files, ${bytes(zipped.size)}`,
            `  checksum ${zipped.checksum}`,
          ],
        };
      }),
    );
}

/** The options that {@link zipFolder} reads. */
export function zipOptions(command: Command): Command {
  return command
    .option('--ignore <pattern>', 'what to leave out, as in .gitignore; may come again', collect)
    .option('--no-source-maps', 'leave files that end in .map out')
    .option('--skip-links', 'leave links out instead of refusing them', false)
    .option('--no-code-check', "don't look for index.html and notifyAppReady()");
}

async function buildFolder(): Promise<string> {
  const file = await findConfig('.');
  const webDir = file && (await readConfig(file)).webDir;
  if (webDir?.kind === 'literal' && typeof webDir.value === 'string') return webDir.value;
  if (await isThere('dist')) return 'dist';
  throw new UsageError('which folder? Name the build: bundleseal bundle zip DIR');
}

export async function zipFolder(
  context: Context,
  folder: string,
  out: string,
  { ignore = [], sourceMaps, codeCheck, skipLinks }: ZipFolderOptions,
): Promise<{ readonly size: number; readonly checksum: string; readonly entries: number }> {
  if (codeCheck) await checkCode(context, folder, ignore, skipLinks);
  const { zipDirectory } = await import('../../node.ts');
  const { signal } = context;
  return context.follow('zipping', (onProgress) =>
    zipDirectory(folder, out, {
      ignore: [...ignore],
      sourceMaps,
      links: skipLinks ? 'skip' : 'refuse',
      signal,
      onProgress,
    }),
  );
}

/** What an updater needs of a bundle: a page to start with, and word from the app that it started. */
async function checkCode(
  context: Context,
  folder: string,
  ignore: readonly string[],
  skipLinks: boolean,
): Promise<void> {
  const isFile = await stat(join(folder, 'index.html')).catch(() => undefined);
  if (isFile?.isFile() !== true) {
    throw fileError(
      folder,
      'has no index.html at its root, so an app could not start it: name the folder that the build writes, or pass --no-code-check',
    );
  }
  const rules = { ignores: ignoreRule(ignore), skipsLinks: skipLinks };
  for await (const { place, stats } of listFolder(await realpath(folder), rules)) {
    context.signal.throwIfAborted();
    if (!/\.(m?js|cjs|html?)$/i.test(place) || stats.size > MAX_SCRIPT_LENGTH) continue;
    if ((await readFile(place, 'latin1')).includes('notifyAppReady')) return;
  }
  context.warn(
    'notifyAppReady() is called nowhere in the build: an updater that waits for it rolls the update back',
  );
}
