// key delete-old: removes a private key of the withdrawn V1 scheme from a config.

import type { Command } from 'commander';
import { CAPGO, PLUGIN } from '../bundle-formats.ts';
import { removeKey } from '../config/edit.ts';
import { readConfigText, writeConfigText } from '../config/files.ts';
import { examples } from '../help.ts';
import { run } from '../run.ts';
import { configOf, warnOfOthers } from './key-save.ts';

// Plugins whose settings may contain a private key.
const PLUGINS = [CAPGO.plugin, PLUGIN];

interface Options {
  readonly plugin?: string;
  readonly config?: string;
}

export function keyDeleteOld(command: Command): void {
  command
    .description(
      `Removes plugins.${CAPGO.plugin}.privateKey, which the V1 scheme wrote, and plugins.${PLUGIN}.privateKey. Every copy of the app contains that key: make a new pair.`,
    )
    .option('--plugin <name>', 'the plugin in whose settings the key is (default: both)')
    .option('--config <file>', 'the config (default: the one that Capacitor uses here)')
    .addHelpText('after', examples('key delete-old'))
    .action(
      run<Options>(async (context, { plugin, config }) => {
        const file = await configOf(config);
        warnOfOthers(context, file);
        const before = await readConfigText(file);
        let edited = before;
        for (const name of plugin === undefined ? PLUGINS : [plugin]) {
          const result = await removeKey(edited, file.fileName, 'privateKey', name);
          if ('manual' in result) {
            const { manual, reason } = result;
            return {
              json: { config: file.path, changed: false, reason, manual },
              lines: [`! ${file.fileName} was not changed: ${reason}. By hand: ${manual}`],
              isBad: true,
            };
          }
          edited = result.edited;
        }
        const changed = edited !== before;
        if (changed) await writeConfigText(file, before, edited);
        return {
          json: { config: file.path, changed },
          lines: [
            changed
              ? `✓ removed the private key from ${file.fileName}; next: npx cap sync`
              : `✓ ${file.fileName} has no private key`,
          ],
        };
      }),
    );
}
