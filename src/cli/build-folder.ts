// The options of commands that read a build folder.

import type { Command } from 'commander';
import { readLimits, type ZipLimits } from '../archive/format/zip-limits.ts';
import { holdTree } from '../files/held-tree.ts';
import { listTree, readStart } from '../files/list-folder.ts';
import { ignoreRule } from '../files/pattern.ts';
import { type FolderRules, readRules, realFolder } from '../files/zip-directory.ts';
import { type BuildChecks, createSurvey } from './build-survey.ts';
import { collect, rare } from './help.ts';
import type { Context } from './terminal.ts';

/** Options for reading a folder. */
export interface FolderOptions {
  readonly ignore?: readonly string[];
  readonly sourceMaps: boolean;
  readonly skipLinks: boolean;
  readonly allowPrivateKey: boolean;
}

export function folderOptions(command: Command): Command {
  return rare(
    command
      .option('--ignore <pattern>', 'files to leave out, as in .gitignore; repeatable', collect)
      .option('--no-source-maps', 'leave files that end in .map out')
      .option('--skip-links', 'leave links out instead of refusing them', false)
      .option('--allow-private-key', 'include files that contain a private key', false),
    ...['--skip-links', '--allow-private-key'],
  );
}

/** Adds the option of commands that make a bundle. */
export function codeCheckOption(command: Command): Command {
  return rare(
    command.option('--no-code-check', "don't look for index.html and notifyAppReady()"),
    '--no-code-check',
  );
}

/** Options for reading and checking a folder. */
export interface SurveyOptions extends FolderOptions, BuildChecks {}

/** Returns the rules by which the library reads a folder. */
export function folderRules(options: FolderOptions): FolderRules {
  return {
    ignore: options.ignore ?? [],
    sourceMaps: options.sourceMaps,
    links: options.skipLinks ? 'skip' : 'refuse',
    privateKeys: options.allowPrivateKey ? 'allow' : 'refuse',
  };
}

/**
 * Checks a folder for a release, and returns the rules by which the library then reads it. They leave out what a
 * bundle of the folder leaves out. Warns about content that should not be published.
 */
export async function readFolderRules(
  context: Context,
  folder: string,
  options: SurveyOptions,
  limits: ZipLimits,
): Promise<FolderRules> {
  const rules = folderRules(options);
  const survey = await createSurvey(context, folder, options, readLimits(limits), []);
  const tree = await holdTree(await realFolder(folder));
  try {
    const listed = listTree(tree, readRules(rules));
    const start: Parameters<typeof survey.select>[1] = (file, length) =>
      readStart(tree, file, length);
    for await (const file of survey.select(listed, start)) {
      const length = survey.needs(file);
      if (length > 0) survey.read(file, await start(file, length), 0);
    }
  } finally {
    await tree.close();
  }
  survey.warn();
  const isIgnored = ignoreRule(rules.ignore ?? []);
  return { ...rules, ignore: (path) => isIgnored(path) || survey.isLeftOut(path) };
}
