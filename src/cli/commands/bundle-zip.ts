// bundle zip: a build folder as a reproducible zip.

import type { Command } from 'commander';
import { UsageError } from '../answer.ts';
import { type SurveyOptions, surveyFolder } from '../build-folder.ts';
import { findConfig } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import type { Context } from '../context.ts';
import { bytes, collect, examples } from '../help.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../limits.ts';
import { checkOutput, FORCE_HELP } from '../output.ts';
import { isThere } from '../read-key.ts';
import { run } from '../run.ts';
import { withOutput } from '../spool.ts';

/** Options by which a folder is zipped. */
export interface ZipFolderOptions extends SurveyOptions, LimitOptions {
  readonly allowPrivateKey: boolean;
}

interface Options extends ZipFolderOptions {
  readonly out?: string;
  readonly force: boolean;
}

export function bundleZip(group: Command): void {
  limitOptions(
    zipOptions(
      group
        .command('zip')
        .summary('zip a build folder reproducibly')
        .description(
          'Makes a reproducible zip: the same files give the same bytes on every machine. Prints its checksum. Replaces an earlier zip of that name.',
        )
        .argument('[dir]', "the build (default: the Capacitor config's webDir, then dist)")
        .option(
          '--out <file>',
          "the zip; - for standard output (default: the folder's name with .zip)",
        )
        .option('--force', FORCE_HELP, false)
        .option('--no-index', 'the zip needs no index.html at its root'),
    ),
  )
    .addHelpText(
      'after',
      examples('bundle zip dist', 'bundle zip www --out app.zip --ignore "*.map"'),
    )
    .action(
      run<Options>(async (context, options, dir) => {
        const folder = dir ?? (await buildFolder());
        const out = options.out ?? defaultName(folder);
        await checkOutput(out, { kind: 'zip', force: options.force });
        const zipped = await withOutput(context, out, (path) =>
          zipFolder(context, folder, path, options, [out]),
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

/** The options that {@link zipFolder} reads, except the limits and `--no-index`. */
export function zipOptions(command: Command): Command {
  return command
    .option('--ignore <pattern>', 'what to leave out, as in .gitignore; may come again', collect)
    .option('--no-source-maps', 'leave files that end in .map out')
    .option('--skip-links', 'leave links out instead of refusing them', false)
    .option('--allow-private-key', 'let files go in that hold a private key', false)
    .option('--no-code-check', "don't look for index.html and notifyAppReady()");
}

function defaultName(folder: string): string {
  const name = folder.replace(/[\\/]+$/, '');
  if (/(^|[\\/])\.*$/.test(name)) throw new UsageError('name the zip with --out');
  return `${name}.zip`;
}

async function buildFolder(): Promise<string> {
  const file = await findConfig('.');
  const webDir = file && (await readConfig(file)).webDir;
  if (webDir?.kind === 'literal' && typeof webDir.value === 'string') return webDir.value;
  if (await isThere('dist')) return 'dist';
  throw new UsageError('which folder? Name the build: bundleseal bundle zip DIR');
}

/**
 * Zips a folder that apps can start from.
 *
 * @param outputs - All outputs of the command. They are left out of the zip.
 */
export async function zipFolder(
  context: Context,
  folder: string,
  out: string,
  options: ZipFolderOptions,
  outputs: readonly string[],
): Promise<{ readonly size: number; readonly checksum: string; readonly entries: number }> {
  const { sourceMaps, skipLinks, allowPrivateKey } = options;
  const limits = readLimitOptions(options);
  const ignore = await surveyFolder(context, folder, options, limits, outputs);
  const { zipDirectory } = await import('../../node.ts');
  const { signal } = context;
  return context.follow('zipping', (onProgress) =>
    zipDirectory(folder, out, {
      ignore,
      sourceMaps,
      links: skipLinks ? 'skip' : 'refuse',
      privateKeys: allowPrivateKey ? 'allow' : 'refuse',
      ...limits,
      signal,
      onProgress,
    }),
  );
}
