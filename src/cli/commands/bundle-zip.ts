// bundle zip: zips a build folder reproducibly.

import type { Command } from 'commander';
import { readLimits } from '../../archive/format/zip-limits.ts';
import { exists } from '../../files/leniency.ts';
import type { ZipDirectoryOptions } from '../../files/zip-directory.ts';
import { UsageError } from '../answer.ts';
import {
  codeCheckOption,
  folderOptions,
  folderRules,
  type SurveyOptions,
} from '../build-folder.ts';
import { createSurvey, type Survey } from '../build-survey.ts';
import { findConfig } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import { bytes, counted, examples } from '../help.ts';
import { checkOutput, FORCE_HELP } from '../overwrite.ts';
import { run } from '../run.ts';
import { withOutput } from '../spool.ts';
import type { Context } from '../terminal.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../zip-limits.ts';

/** Options for zipping a folder. */
export interface ZipFolderOptions extends SurveyOptions, LimitOptions {
  readonly level?: string;
}

interface Options extends ZipFolderOptions {
  readonly out?: string;
  readonly force: boolean;
}

export function bundleZip(command: Command): void {
  limitOptions(
    zipOptions(
      command
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
          zipBuild(context, folder, path, options, [out]),
        );
        return {
          json: { zip: out, ...zipped },
          lines: [
            `✓ ${out}  ${counted(zipped.entries, 'file', 'files')}, ${bytes(zipped.size)}`,
            `  checksum ${zipped.checksum}`,
          ],
        };
      }),
    );
}

/** The options that {@link zipBuild} reads, except the limits and `--no-index`. */
export function zipOptions(command: Command): Command {
  return codeCheckOption(
    folderOptions(command).option('--level <n>', 'compression level from 0 to 9 (default: 6)'),
  );
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
  if (await exists('dist')) return 'dist';
  throw new UsageError(
    'no folder with the build was found: name it, as in npx bundleseal bundle zip DIR',
  );
}

/**
 * Zips a folder that apps can start from.
 *
 * @param outputs - All outputs of the command. The zip does not contain them.
 */
export async function zipBuild(
  context: Context,
  folder: string,
  out: string,
  options: ZipFolderOptions,
  outputs: readonly string[],
): Promise<{ readonly size: number; readonly checksum: string; readonly entries: number }> {
  const { read, survey } = await surveyFolder(context, folder, options, outputs);
  const library = await import('../../files/zip-directory.ts');
  const zipped = await context.follow('zipping', (onProgress) =>
    library.zipFolder(folder, out, { ...read, onProgress }, survey),
  );
  survey.warn();
  return zipped;
}

/**
 * Returns the options for the library and the survey that checks a folder while it is zipped.
 *
 * @param outputs - All outputs of the command. The zip does not contain them.
 */
export async function surveyFolder(
  context: Context,
  folder: string,
  options: ZipFolderOptions,
  outputs: readonly string[],
): Promise<{ readonly read: ZipDirectoryOptions; readonly survey: Survey }> {
  const level = readLevel(options.level);
  const limits = readLimitOptions(options);
  const read = {
    ...folderRules(options),
    ...(level !== undefined && { level }),
    ...limits,
    signal: context.signal,
  };
  const survey = await createSurvey(context, folder, options, readLimits(limits), outputs);
  return { read, survey };
}

/** @throws {@link UsageError} if the level is not an integer from 0 to 9. */
function readLevel(text: string | undefined): ZipDirectoryOptions['level'] {
  if (text === undefined) return undefined;
  if (/^[0-9]$/.test(text)) return Number(text) as NonNullable<ZipDirectoryOptions['level']>;
  throw new UsageError(`--level takes an integer from 0 to 9, got ${JSON.stringify(text)}`);
}
