// The options by which a build is read.

import type { Command } from 'commander';
import { collect } from '../help.ts';

export interface FolderFlags {
  readonly ignore?: readonly string[];
  readonly sourceMaps: boolean;
}

export function folderOptions(command: Command): Command {
  return command
    .option('--ignore <pattern>', 'what to leave out, as in .gitignore; repeatable', collect)
    .option('--no-source-maps', 'leave files that end in .map out');
}

export function folderRules({ ignore = [], sourceMaps }: FolderFlags): Required<FolderFlags> {
  return { ignore, sourceMaps };
}
