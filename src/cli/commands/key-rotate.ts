// key rotate: a new pair, with the old one kept for as long as old apps live.

import type { Command } from 'commander';
import { fileError } from '../../files/error.ts';
import { UsageError } from '../answer.ts';
import { removeKey, setPublicKey } from '../config/edit.ts';
import { type ConfigFile, findConfig, readConfigText, writeConfigText } from '../config/files.ts';
import type { Context } from '../context.ts';
import { examples } from '../help.ts';
import { checkModule, writeModule } from '../key-module.ts';
import { placePair } from '../key-pair.ts';
import { readWireKey } from '../keys.ts';
import { publicPem } from '../public-pem.ts';
import { isThere, refuseKeyAsPath } from '../read-key.ts';
import { run } from '../run.ts';
import { CAPGO, PLUGIN, SEALED } from '../wires.ts';
import { guardFromGit } from './key-create.ts';

interface Options {
  readonly key: string;
  readonly plugin?: string;
  readonly module?: string;
  readonly finish: boolean;
  readonly gitignore: boolean;
}

export function keyRotate(group: Command): void {
  group
    .command('rotate')
    .summary('replace the key pair, step by step')
    .description(
      "Makes a new pair in the old one's place and keeps the old one as .old. The config gets the new key as publicKey and the old one as previousPublicKey, and the module that the app imports exports both as publicKeys, for decryptBundle. --finish, once no app with the old key is left, takes the old one out of them.",
    )
    .option('--key <file>', 'the private key to replace', SEALED.privateKeyFile)
    .option('--module <file>', 'the module that "key save --module" wrote')
    .option('--plugin <name>', `the plugin whose settings have it (default: ${PLUGIN})`)
    .option('--finish', 'end the rotation: the old public key leaves config and module', false)
    .option('--gitignore', 'add the private keys to .gitignore where git would commit them', false)
    .addHelpText(
      'after',
      examples(
        'key rotate',
        'key rotate --module src/bundleseal-key.ts',
        'key rotate --finish --module src/bundleseal-key.ts',
      ),
    )
    .action(
      run<Options>(async (context, options) => {
        if (options.plugin === CAPGO.plugin) {
          throw new UsageError(
            `plugins.${CAPGO.plugin} is for Capgo's plugin, which knows one key alone: leave --plugin out`,
          );
        }
        await refuseKeyAsPath(options.key, '--key');
        if (options.module !== undefined) await checkModule(options.module, false);
        const config = await findConfig('.');
        return options.finish ? finish(config, options) : begin(context, config, options);
      }),
    );
}

async function begin(context: Context, config: ConfigFile | undefined, options: Options) {
  const { key, plugin, gitignore, module } = options;
  const old = `${key}.old`;
  for (const path of [old, `${old}.pub`]) {
    if (await isThere(path)) {
      throw fileError(
        path,
        'is there: an earlier rotation has not ended. End it (key rotate --finish), then move that file away',
      );
    }
  }
  const { keyId, keygen, publicKeyOf } = await import('../../index.ts');
  const oldPublic = await publicKeyOf(await readWireKey(SEALED, 'privateKey', key));
  const isPublicThere = await isThere(`${key}.pub`);
  const previous = isPublicThere
    ? await publicPem(SEALED, await readWireKey(SEALED, 'publicKey', `${key}.pub`))
    : oldPublic;
  const pair = await keygen({ signal: context.signal });
  await placePair(key, pair);
  await guardFromGit(context, key, gitignore);
  await guardFromGit(context, old, gitignore);
  if (module !== undefined) await writeModule(module, [pair.publicKey, previous], false);
  const edited = config && (await keepBoth(config, pair.publicKey, previous, plugin));
  const steps = [
    module === undefined
      ? `where the app imports a module: bundleseal key save --module FILE --key ${key}.pub --key ${old}.pub`
      : `${module} exports both keys as publicKeys`,
    'ship an app that passes both keys to decryptBundle: publicKey: publicKeys',
    `until the apps with the old key alone are gone, seal with --key ${old}`,
    `for stored bundles: bundle reseal FILE --from ${old}.pub --key ${key}`,
    'when no app with the old key is left: bundleseal key rotate --finish',
  ];
  const isManual = edited !== undefined && 'manual' in edited;
  return {
    json: { key, old, keyId: pair.keyId, oldKeyId: await keyId(oldPublic), ...edited, steps },
    lines: [
      `✓ new pair  ${key}, ${key}.pub (key id ${pair.keyId})`,
      `✓ old pair  ${old}${isPublicThere ? `, ${old}.pub` : ''}`,
      ...(edited === undefined && module === undefined
        ? ['! no Capacitor config here: put both keys into the app']
        : []),
      ...(isManual
        ? [
            `! ${config?.fileName} was left alone: ${edited.reason}. Put in by hand:`,
            ...edited.manual.split('\n'),
          ]
        : []),
      ...(edited !== undefined && !isManual
        ? [`✓ ${config?.fileName} has publicKey (new) and previousPublicKey (old)`]
        : []),
      'Next:',
      ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    ],
    isBad: isManual,
  };
}

async function keepBoth(file: ConfigFile, next: string, previous: string, plugin: string = PLUGIN) {
  const before = await readConfigText(file);
  const { fileName } = file;
  const first = await setPublicKey(before, fileName, next, plugin);
  if ('manual' in first) return first;
  const both = await setPublicKey(first.edited, fileName, previous, plugin, 'previousPublicKey');
  if ('manual' in both) return both;
  await writeConfigText(file, before, both.edited);
  return { config: file.path };
}

async function finish(config: ConfigFile | undefined, { key, plugin, module }: Options) {
  const said = `the old pair is in ${key}.old: keep it where nobody reads it, or delete it`;
  const lines: string[] = [];
  if (module !== undefined) {
    const current = await readWireKey(SEALED, 'publicKey', `${key}.pub`);
    await writeModule(module, [await publicPem(SEALED, current)], false);
    lines.push(`✓ ${module} exports the new key alone; next: ship the app`);
  }
  const about = { ...(module !== undefined && { module }) };
  if (config === undefined) {
    return { json: { changed: module !== undefined, ...about }, lines: [...lines, `✓ ${said}`] };
  }
  const before = await readConfigText(config);
  let text = before;
  // Earlier releases wrote it beside Capgo's settings.
  for (const name of plugin === undefined ? [PLUGIN, CAPGO.plugin] : [plugin]) {
    const result = await removeKey(text, config.fileName, 'previousPublicKey', name);
    if ('manual' in result) {
      const { manual, reason } = result;
      return {
        json: { changed: false, manual, reason, ...about },
        lines: [...lines, `! ${config.fileName} was left alone: ${reason}. By hand: ${manual}`],
        isBad: true,
      };
    }
    text = result.edited;
  }
  const changed = text !== before;
  if (changed) await writeConfigText(config, before, text);
  return {
    json: { config: config.path, changed, ...about },
    lines: [
      ...lines,
      changed
        ? `✓ previousPublicKey is out of ${config.fileName}; next: npx cap sync`
        : `✓ ${config.fileName} has no previousPublicKey`,
      `  ${said}`,
    ],
  };
}
