// key save: the public key into the app's config.

import type { Command } from 'commander';
import { type Answer, UsageError } from '../answer.ts';
import { setPublicKey } from '../config/edit.ts';
import { type ConfigFile, findConfig, readConfigText, writeConfigText } from '../config/files.ts';
import type { Context } from '../context.ts';
import { examples } from '../help.ts';
import { keyFromText, PUBLIC_KEY_FILE, readKeyFile } from '../keys.ts';
import { publicPem } from '../public-pem.ts';
import { run } from '../run.ts';

interface Options {
  readonly key?: string;
  readonly keyData?: string;
  readonly plugin?: string;
  readonly config?: string;
}

export function keySave(group: Command): void {
  group
    .command('save')
    .summary('put the public key into the Capacitor config')
    .description(
      "Writes the public key into plugins.CapacitorUpdater.publicKey of capacitor.config.ts, .js, .mjs or .json. The rest of the file stays to the byte; what can't be edited safely is left alone, with the lines to paste.",
    )
    .option('--key <file>', `public key (default: ${PUBLIC_KEY_FILE})`)
    .option('--key-data <key>', 'the public key itself')
    .option('--plugin <name>', 'the plugin whose settings get it (default: CapacitorUpdater)')
    .option('--config <file>', 'the config (default: the one that Capacitor takes here)')
    .addHelpText('after', examples('key save', 'key save --key keys/release.pub'))
    .action(
      run<Options>(async (context, options) => {
        const { key, keyData } = options;
        if (key !== undefined && keyData !== undefined) {
          throw new UsageError('--key and --key-data name two keys: give one');
        }
        const value =
          keyData === undefined ? await readKeyFile(key ?? PUBLIC_KEY_FILE) : keyFromText(keyData);
        const pem = await publicPem(value);
        const file = await configOf(options.config);
        warnOfOthers(context, file);
        return saveKey(file, pem, options.plugin);
      }),
    );
}

export async function configOf(path: string | undefined): Promise<ConfigFile> {
  if (path !== undefined) {
    return { path, fileName: path.replace(/^.*[\\/]/, ''), others: [] };
  }
  const found = await findConfig('.');
  if (found !== undefined) return found;
  throw new UsageError(
    "there is no capacitor.config.ts, .js, .mjs or .json here: run it in the app's folder, or pass --config FILE",
  );
}

export function warnOfOthers(context: Context, { fileName, others }: ConfigFile): void {
  if (others.length > 0) {
    context.warn(`${others.join(', ')} is here too; Capacitor takes ${fileName}, and so does this`);
  }
}

async function saveKey(file: ConfigFile, pem: string, plugin?: string): Promise<Answer> {
  const before = await readConfigText(file);
  const result = await setPublicKey(before, file.fileName, pem, plugin);
  if ('manual' in result) {
    return {
      json: { config: file.path, changed: false, reason: result.reason, manual: result.manual },
      lines: [
        `! ${file.fileName} was left alone: ${result.reason}. Put this into it by hand:`,
        '',
        ...result.manual.split('\n'),
      ],
      isBad: true,
    };
  }
  const changed = result.edited !== before;
  if (changed) await writeConfigText(file, before, result.edited);
  return {
    json: { config: file.path, changed, next: 'npx cap sync' },
    lines: [
      changed
        ? `✓ the public key is in ${file.fileName}`
        : `✓ ${file.fileName} had this public key already`,
      '  next: npx cap sync, so that the copies under ios/ and android/ have it too',
    ],
  };
}
