// key rotate: a new pair, with the old one kept for as long as old apps live.

import { rename } from 'node:fs/promises';
import type { Command } from 'commander';
import { fileError, onFile } from '../../files/error.ts';
import { nameTemporary } from '../../files/temporary.ts';
import { removeKey, setPublicKey } from '../config/edit.ts';
import { type ConfigFile, findConfig, readConfigText, writeConfigText } from '../config/files.ts';
import type { Context } from '../context.ts';
import { examples } from '../help.ts';
import { isThere, PRIVATE_KEY_FILE, readKeyFile } from '../keys.ts';
import { publicPem } from '../public-pem.ts';
import { run } from '../run.ts';
import { guardFromGit, writePair } from './key-create.ts';

interface Options {
  readonly key: string;
  readonly plugin?: string;
  readonly finish: boolean;
  readonly gitignore: boolean;
}

export function keyRotate(group: Command): void {
  group
    .command('rotate')
    .summary('replace the key pair, step by step')
    .description(
      "Makes a new pair in the old one's place and keeps the old one as .old. The config gets the new key as publicKey and the old one as previousPublicKey, so that the app can pass both to decryptBundle. --finish, once no app with the old key is left, takes previousPublicKey out.",
    )
    .option('--key <file>', 'the private key to replace', PRIVATE_KEY_FILE)
    .option('--plugin <name>', 'the plugin whose settings have it (default: CapacitorUpdater)')
    .option('--finish', 'end the rotation: the old public key leaves the config', false)
    .option('--gitignore', 'add the private keys to .gitignore where git would commit them', false)
    .addHelpText('after', examples('key rotate', 'key rotate --finish'))
    .action(
      run<Options>(async (context, options) => {
        const config = await findConfig('.');
        return options.finish ? finish(config, options) : begin(context, config, options);
      }),
    );
}

async function begin(context: Context, config: ConfigFile | undefined, options: Options) {
  const { key, plugin, gitignore } = options;
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
  const oldPublic = await publicKeyOf(await readKeyFile(key));
  const isPublicThere = await isThere(`${key}.pub`);
  const previous = isPublicThere ? await publicPem(await readKeyFile(`${key}.pub`)) : oldPublic;
  const pair = await keygen({ signal: context.signal });
  // All that can fail for want of room fails here, with the old pair still in its place.
  const fresh = await nameTemporary(key.replace(/^.*[\\/]/, ''));
  const freshPath = key.replace(/[^\\/]*$/, fresh);
  await writePair(freshPath, pair, false);
  const moves: [string, string][] = [
    [key, old],
    ...(isPublicThere ? ([[`${key}.pub`, `${old}.pub`]] as [string, string][]) : []),
    [freshPath, key],
    [`${freshPath}.pub`, `${key}.pub`],
  ];
  for (const [from, to] of moves) await onFile(to, "can't be written", rename(from, to));
  await guardFromGit(context, key, gitignore);
  await guardFromGit(context, old, gitignore);
  const edited = config && (await keepBoth(config, pair.publicKey, previous, plugin));
  const steps = [
    'npx cap sync, and ship an app that passes both keys: publicKey: [publicKey, previousPublicKey]',
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
      ...(edited === undefined ? ['! no Capacitor config here: put both keys into the app'] : []),
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

async function keepBoth(file: ConfigFile, next: string, previous: string, plugin?: string) {
  const before = await readConfigText(file);
  const { fileName } = file;
  const first = await setPublicKey(before, fileName, next, plugin);
  if ('manual' in first) return first;
  const both = await setPublicKey(first.edited, fileName, previous, plugin, 'previousPublicKey');
  if ('manual' in both) return both;
  await writeConfigText(file, before, both.edited);
  return { config: file.path };
}

async function finish(config: ConfigFile | undefined, { key, plugin }: Options) {
  const said = `the old pair is in ${key}.old: keep it where nobody reads it, or delete it`;
  if (config === undefined) return { json: { changed: false }, lines: [`✓ ${said}`] };
  const before = await readConfigText(config);
  const result = await removeKey(before, config.fileName, 'previousPublicKey', plugin);
  if ('manual' in result) {
    const { manual, reason } = result;
    return {
      json: { changed: false, manual, reason },
      lines: [`! ${config.fileName} was left alone: ${reason}. By hand: ${manual}`],
      isBad: true,
    };
  }
  const changed = result.edited !== before;
  if (changed) await writeConfigText(config, before, result.edited);
  return {
    json: { config: config.path, changed },
    lines: [
      changed
        ? `✓ previousPublicKey is out of ${config.fileName}; next: npx cap sync`
        : `✓ ${config.fileName} has no previousPublicKey`,
      `  ${said}`,
    ],
  };
}
