// completion: prints the script with which a shell completes commands and options.

import { Argument, type Command } from 'commander';
import type { CommandEntry, Group } from '../catalogue.ts';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';
import { readPlaces } from '../completion/words.ts';
import { writeText } from '../print.ts';
import { run } from '../run.ts';

/** @param all - The catalogue, which loads this command and so cannot be imported by it. */
export function completionOf(all: readonly (CommandEntry | Group)[]): (command: Command) => void {
  return (command) => {
    command
      .description(
        'Prints a completion script. With it, the shell completes commands, options and fixed values.',
      )
      .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
      .addHelpText('after', INSTALL)
      .action(
        run(async (context, _options, shell) => {
          const script = completionScript(shell as Shell, await readPlaces(all));
          if (!context.isJson) await writeText(script);
          return { json: { shell, script }, lines: [] };
        }),
      );
  };
}

const INSTALL = `
The script completes the command bundleseal. If it is not on the PATH, define it too:
  bash, zsh: bundleseal() { npx bundleseal "$@"; }
  fish:      function bundleseal; npx bundleseal $argv; end
Examples:
  $ npx bundleseal completion bash >> ~/.bashrc
  $ npx bundleseal completion zsh > "\${fpath[1]}/_bundleseal"
  $ npx bundleseal completion fish > ~/.config/fish/completions/bundleseal.fish`;
