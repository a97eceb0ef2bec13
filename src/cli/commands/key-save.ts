// key save: writes the public key into the app's config, or into a module that the app imports.

import type { Command } from 'commander';
import { exists } from '../../files/leniency.ts';
import { type Answer, UsageError } from '../answer.ts';
import { type BundleFormat, CAPGO, PLUGIN, publicPem, SEALED } from '../bundle-formats.ts';
import { setPublicKey } from '../config/edit.ts';
import { type ConfigFile, findConfig, readConfigText, writeConfigText } from '../config/files.ts';
import { collect, examples } from '../help.ts';
import { checkModule, writeModule } from '../key-module.ts';
import {
  findConfiguredKeys,
  findPublicKeys,
  publicKeyFromText,
  readPublicKeyFile,
} from '../keys.ts';
import type { KeyValue } from '../read-key.ts';
import { run } from '../run.ts';
import type { Context } from '../terminal.ts';

interface Options {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly plugin?: string;
  readonly config?: string;
  readonly capgo: boolean;
  readonly module?: string;
  readonly force: boolean;
}

export function keySave(command: Command): void {
  command
    .description(
      `Writes the public key into plugins.${PLUGIN}.publicKey of capacitor.config.ts, .js, .mjs or .json. Changes no other byte of the file. If it cannot edit the file safely, it prints the lines to paste. Code in a page cannot read that config: --module writes a module that exports the key instead.`,
    )
    .option(
      '--key <file>',
      `public key (default: ${SEALED.publicKeyFile}, or ${CAPGO.publicKeyFile} with --capgo); several with --module, the current one first`,
      collect,
    )
    .option('--key-data <key>', 'the public key itself')
    .option(
      '--module <file>',
      'write a module (.ts, .mts, .js, .mjs, .cjs) that exports publicKey and publicKeys',
    )
    .option('--force', 'with --module: replace a file that bundleseal did not write', false)
    .option(
      '--capgo',
      `save a key of Capgo's format into plugins.${CAPGO.plugin}.publicKey, which Capgo's plugin reads`,
      false,
    )
    .option('--plugin <name>', `the plugin whose settings get the key (default: ${PLUGIN})`)
    .option('--config <file>', 'the config (default: the one that Capacitor uses here)')
    .addHelpText(
      'after',
      examples('key save --module src/bundleseal-key.ts', 'key save', 'key save --capgo'),
    )
    .action(
      run<Options>(async (context, options) => {
        checkKeyOptions(options);
        if (options.module !== undefined) return saveModule(options.module, options);
        const format = options.capgo ? CAPGO : SEALED;
        const pem = await publicPem(format, await theKey(format, options));
        const file = await configOf(
          options.config,
          format === SEALED ? '; for an app without such a config, pass --module FILE' : '',
        );
        warnOfOthers(context, file);
        return saveKey(file, pem, options.plugin ?? format.plugin);
      }),
    );
}

function checkKeyOptions({ key = [], keyData, module, capgo, plugin, config }: Options): void {
  if (key.length > 0 && keyData !== undefined) {
    throw new UsageError('--key and --key-data name two keys: pass one of them');
  }
  if (plugin === CAPGO.plugin && !capgo) {
    throw new UsageError(
      `plugins.${plugin}.publicKey is for Capgo's plugin, which accepts only Capgo's keys: pass --capgo for such a key, or leave --plugin out`,
    );
  }
  if (module === undefined && key.length > 1) {
    throw new UsageError('several --key are for --module: pass only one');
  }
  if (module !== undefined && (capgo || plugin !== undefined || config !== undefined)) {
    throw new UsageError(
      '--module writes a module and no config: leave out --capgo, --plugin and --config',
    );
  }
}

async function theKey(format: BundleFormat, { key = [], keyData }: Options): Promise<KeyValue> {
  if (keyData !== undefined) {
    return (await publicKeyFromText(format, keyData, '--key-data')).key;
  }
  const path = key[0] ?? format.publicKeyFile;
  if (key[0] === undefined && !(await exists(path))) {
    throw new UsageError(
      `there is no ${path} here: pass --key FILE, or make a pair with "${format.create}"`,
    );
  }
  return readPublicKeyFile(format, path);
}

async function saveModule(path: string, options: Options): Promise<Answer> {
  const { key, keyData, force } = options;
  await checkModule(path, force);
  const found = await findPublicKeys({
    ...(key !== undefined && { key }),
    ...(keyData !== undefined && { keyData }),
  });
  const isNamed = key !== undefined || keyData !== undefined;
  // During a rotation, the config also has the previous key.
  const others = isNamed ? [] : (await findConfiguredKeys(SEALED)).slice(1);
  const keys: string[] = [];
  const ids: string[] = [];
  for (const one of [...found, ...others]) {
    const id = await SEALED.idOf('publicKey', one.key);
    if (ids.includes(id)) continue;
    ids.push(id);
    keys.push(await publicPem(SEALED, one.key));
  }
  const changed = await writeModule(path, keys, force);
  const [current, ...before] = ids;
  return {
    json: { module: path, changed, keyIds: ids },
    lines: [
      changed ? `✓ ${path} exports publicKey and publicKeys` : `✓ ${path} has these keys already`,
      `  key id  ${current}`,
      ...before.map((id) => `  before  ${id}`),
      '  next: import it in the app, and ship the app',
    ],
  };
}

/** @param otherwise - An alternative for the message if there is no config. */
export async function configOf(path: string | undefined, otherwise = ''): Promise<ConfigFile> {
  if (path !== undefined) {
    return { path, fileName: path.replace(/^.*[\\/]/, ''), others: [] };
  }
  const found = await findConfig('.');
  if (found !== undefined) return found;
  throw new UsageError(
    `there is no capacitor.config.ts, .js, .mjs or .json here: run it in the app's folder, or pass --config FILE${otherwise}`,
  );
}

export function warnOfOthers(context: Context, { fileName, others }: ConfigFile): void {
  if (others.length > 0) {
    context.warn(
      `${others.join(', ')} exists too; Capacitor reads ${fileName}, so this command writes to it`,
    );
  }
}

async function saveKey(file: ConfigFile, pem: string, plugin: string): Promise<Answer> {
  const before = await readConfigText(file);
  const result = await setPublicKey(before, file.fileName, pem, plugin);
  if ('manual' in result) {
    return {
      json: { config: file.path, changed: false, reason: result.reason, manual: result.manual },
      lines: [
        `! ${file.fileName} was not changed: ${result.reason}. Put this into it by hand:`,
        '',
        ...result.manual.split('\n'),
      ],
      isBad: true,
    };
  }
  const changed = result.edited !== before;
  if (changed) await writeConfigText(file, before, result.edited);
  const next = 'npx cap sync';
  return {
    json: { config: file.path, changed, next },
    lines: [
      changed
        ? `✓ the public key is in ${file.fileName}, under plugins.${plugin}`
        : `✓ ${file.fileName} had this public key already`,
      `  next: ${next}, so that the copies under ios/ and android/ have it too`,
    ],
    rewrites: 'lines and json',
  };
}
