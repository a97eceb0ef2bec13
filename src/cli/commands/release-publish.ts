// release publish: publishes a build and the index that offers it.

import type { Command } from 'commander';
import { BundleSealError } from '../../errors.ts';
import {
  codeCheckOption,
  folderOptions,
  readFolderRules,
  type SurveyOptions,
} from '../build-folder.ts';
import { examples, rare } from '../help.ts';
import { typedCommands } from '../package-manager.ts';
import { readVersion } from '../read-metadata.ts';
import { answerRelease } from '../release/answer.ts';
import { buildCommand, checkBuilt } from '../release/check-build.ts';
import { type EntryFlags, entryOptions, readEntry } from '../release/entry-options.ts';
import { readSigning, type SigningFlags, signingOptions } from '../release/options.ts';
import { SCRIPTS } from '../release/settings.ts';
import { run } from '../run.ts';
import type { Context } from '../terminal.ts';
import { type LimitOptions, limitOptions, readLimitOptions } from '../zip-limits.ts';

interface Options extends SigningFlags, EntryFlags, SurveyOptions, LimitOptions {
  readonly appVersion?: string;
  readonly stamp: boolean;
}

export function releasePublish(command: Command): void {
  rare(
    limitOptions(
      codeCheckOption(
        folderOptions(
          entryOptions(
            signingOptions(
              command
                .description(
                  'Seals a build, makes patches from the last releases, and makes the next index. Changes nothing if the channel has the build. Reports to standard error.',
                )
                .argument('<dir>', 'the build'),
            ).option(
              '--app-version <version>',
              "the version (default: package.json's, or the one that the channel has for the build)",
            ),
          ),
        ),
      )
        .option('--no-index', 'the build needs no index.html at its root')
        .option('--no-stamp', 'the build needs no stamp of the script bundleseal:build'),
    ),
    ...['--note', '--no-index', '--no-stamp', '--expires'],
  )
    .addHelpText(
      'after',
      examples(
        'release publish dist',
        'release publish dist --store out --from https://updates.example.com --channel production --rollout 5%',
      ),
    )
    .action(
      run<Options>(async (context, flags, dir) => {
        const folder = dir as string;
        const { options, keyFrom } = await readSigning(context, flags, folder);
        await checkBuilt(flags, folder);
        const version = await readVersion(flags, folder);
        const entry = await readEntry(flags);
        const limits = readLimitOptions(flags);
        const rules = await readFolderRules(context, folder, flags, limits);
        const { publishRelease } = await import('../../node.ts');
        const published = await context.follow('publishing', (onProgress) =>
          publishRelease(folder, {
            ...{ ...options, ...entry, ...rules, version, onProgress, ...limits },
            // The version in package.json often changes before the app is built again.
            keepVersion: flags.appVersion === undefined,
          }).catch(async (error: unknown) => {
            throw await inScript(context, error);
          }),
        );
        if (published.index.useBuiltIn === true) {
          context.warn(
            'the index tells every device to run its built-in release: run npx bundleseal release refresh --no-use-built-in to end this',
          );
        }
        const build = await buildCommand(flags.project, folder);
        return answerRelease(context, published, options, keyFrom, { version, build });
      }),
    );
}

/** Names the flag as it is passed to the script of `init`, if that script runs the command. */
async function inScript({ env }: Context, error: unknown): Promise<unknown> {
  const isScript = env['npm_lifecycle_event'] === SCRIPTS.publish;
  if (!isScript || !(error instanceof BundleSealError)) return error;
  const { run: runScript } = typedCommands();
  // Only npm takes the options before -- for itself, and leaves -- out.
  const dashes = runScript.startsWith('npm ') ? ' --' : '';
  const flag = `--reinstate (${runScript} ${SCRIPTS.publish}${dashes} --reinstate)`;
  const message = error.message.replace('reinstate: true', flag);
  return message === error.message ? error : new BundleSealError(error.code, message);
}
