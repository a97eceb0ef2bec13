// init: sets up updates for the app in the current folder.

import type { Command } from 'commander';
import { examples } from '../help.ts';
import type { InitFlags } from '../init/init.ts';
import { run } from '../run.ts';

export function init(command: Command): void {
  command
    .description(
      'Sets up updates for the app in this folder: keys, modules of the app, scripts, .gitignore and a workflow. Asks up to six questions, and lists the changes before it writes. Does not overwrite your files.',
    )
    .option(
      '--yes',
      'accept the proposed answer to every question (of the earlier run, else detected), and write without asking',
      false,
    )
    .option('--dir <folder>', 'the build folder of the app')
    .option(
      '--framework <name>',
      'vite, next, angular, cra, sveltekit, capacitor, electron or static',
    )
    .option('--store <kind>', 'folder, s3, r2, azure, gcs, rsync, netlify or github-pages')
    .option(
      '--url <address>',
      'where devices read the store: an https address, or a path below the website (default: updates/)',
    )
    .option('--channel <channel>', 'the channel (default: production)')
    .option(
      '--keys <choice>',
      'create, protect (create with a passphrase), or use (the keys in this folder)',
    )
    .option(
      '--app-id <id>',
      "the app (default: the Capacitor config's appId, then package.json's name)",
    )
    .option(
      '--ci <kind>',
      'github, or none (default: github with a remote or a store that needs a workflow, else none)',
    )
    .option('--dry-run', 'show every line that would be written, and write nothing', false)
    .option('--undo', 'undo the changes of init; keep the keys and your own changes', false)
    .option('--delete-key', 'with --undo: also delete the key pair that init made', false)
    .option(
      '--remove-worker',
      'with --undo: also write the script that removes the service worker from browsers, for your next deploy',
      false,
    )
    .addHelpText(
      'after',
      examples(
        'init',
        'init --yes --store s3 --channel beta',
        'init --dry-run',
        'init --undo',
        'init --undo --remove-worker',
      ),
    )
    .action(
      run<InitFlags>(async (context, flags) => {
        const { initialise } = await import('../init/init.ts');
        return { ...(await initialise(context, flags)), rewrites: 'nothing' };
      }),
    );
}
