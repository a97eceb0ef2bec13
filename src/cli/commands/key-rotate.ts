// key rotate: makes a new pair and keeps the old one while old apps are in use.

import { lstat, realpath, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { fileError, onFile } from '../../files/error.ts';
import { exists } from '../../files/leniency.ts';
import type { KeyPair } from '../../keys/keygen.ts';
import { type Answer, UsageError } from '../answer.ts';
import { CAPGO, PLUGIN, publicPem, SEALED } from '../bundle-formats.ts';
import { removeKey, setPublicKey } from '../config/edit.ts';
import { type ConfigFile, findConfig, readConfigText, writeConfigText } from '../config/files.ts';
import { readConfig } from '../config/read.ts';
import { searchProject } from '../doctor/search.ts';
import { examples, inShell } from '../help.ts';
import { checkModule, keysOfModule, writeModule } from '../key-module.ts';
import { placePair } from '../key-pair.ts';
import { isKeyOf, readPublicKeyFile } from '../keys.ts';
import { lockPair } from '../pair-lock.ts';
import { isProtectedKey, passphraseToKeep, protect } from '../passphrase.ts';
import { type KeyValue, readKeyFile, refuseKeyAsPath } from '../read-key.ts';
import { run } from '../run.ts';
import { readPrivateKeyFile } from '../signing-key.ts';
import type { Context } from '../terminal.ts';
import { writeWhole } from '../write-whole.ts';
import { guardFromGit } from './key-create.ts';

interface Options {
  readonly key: string;
  readonly plugin?: string;
  readonly module?: string;
  readonly finish: boolean;
  readonly gitignore: boolean;
}

export function keyRotate(command: Command): void {
  command
    .description(
      'Makes a new pair and keeps the old pair with .old appended. Writes the new public key into the config as publicKey and the old one as previousPublicKey, and both into the module as publicKeys. Run it with --finish when no app needs the old key: it then removes the old public key from the config and the module.',
    )
    .option('--key <file>', 'the private key to replace', SEALED.privateKeyFile)
    .option('--module <file>', 'the module that "key save --module" wrote')
    .option('--plugin <name>', `the plugin in whose settings the key is (default: ${PLUGIN})`)
    .option('--finish', 'end the rotation: remove the old public key from config and module', false)
    .option('--gitignore', 'add the private keys to .gitignore', false)
    .addHelpText(
      'after',
      examples(
        'key rotate',
        'key rotate --module src/bundleseal-key.ts',
        'key rotate --finish --module src/bundleseal-key.ts',
      ),
    )
    .action(
      run<Options>(async (context, given) => {
        if (given.plugin === CAPGO.plugin) {
          throw new UsageError(
            `plugins.${CAPGO.plugin} is for Capgo's plugin, which reads only one key: leave --plugin out`,
          );
        }
        await refuseKeyAsPath(given.key, '--key');
        const options = { ...given, key: await placeOf(given.key) };
        if (options.module !== undefined) await checkModule(options.module, false);
        const config = await findConfig('.');
        return options.finish
          ? finish(context, config, options)
          : lockPair(options.key, () => begin(context, config, options));
      }),
    );
}

async function begin(
  context: Context,
  config: ConfigFile | undefined,
  options: Options,
): Promise<Answer> {
  const { key, plugin, gitignore, module } = options;
  const old = `${key}.old`;
  const { keyId, publicKeyOf } = await import('../../keys/identity.ts');
  const publicPemOf = async (path: string) => publicKeyOf(await readPrivateKeyFile(context, path));
  await dropSecondNames(key);
  const isBegun = (await exists(old)) || (await exists(`${old}.pub`));
  const isResumed = isBegun && (await isHalfDone(context, config, options));
  if (isBegun && !isResumed) {
    throw fileError(
      (await exists(old)) ? old : `${old}.pub`,
      'exists: an earlier rotation has not ended. End it (npx bundleseal key rotate --finish), then move that file away',
    );
  }
  const oldPublic = await publicPemOf(isResumed ? old : key);
  const oldFile = isResumed ? `${old}.pub` : `${key}.pub`;
  const isPublicThere = await exists(oldFile);
  const previous = isPublicThere
    ? await publicPem(SEALED, await readPublicKeyFile(SEALED, oldFile))
    : oldPublic;
  const oldKeyId = await keyId(oldPublic);
  if ((await keyId(previous)) !== oldKeyId) {
    throw fileError(
      oldFile,
      'belongs to another private key: put the right public key there, or move that file away',
    );
  }
  const pair = isResumed
    ? { publicKey: await publicPemOf(key), privateKey: '' }
    : await newPair(context, key);
  // Prepares the edit before it writes anything, so that an unreadable config does not stop the rotation half-way.
  const edit = config && (await withBoth(config, pair.publicKey, previous, plugin));
  const putInUse = async () => {
    if (edit !== undefined && 'after' in edit) await writeConfigText(edit, edit.before, edit.after);
    try {
      if (module !== undefined) await writeModule(module, [pair.publicKey, previous], false);
    } catch (error) {
      if (edit !== undefined && 'after' in edit) {
        await writeConfigText(edit, edit.after, edit.before);
      }
      throw error;
    }
  };
  if (isResumed) {
    await writeWhole(`${key}.pub`, pair.publicKey, { mode: 0o644, force: true });
    await putInUse();
  } else {
    await placePair(key, pair as Required<typeof pair>, putInUse);
  }
  await guardFromGit(context, key, gitignore);
  await guardFromGit(context, old, gitignore);
  const edited = edit && ('after' in edit ? { config: edit.path } : edit);
  const newKeyId = await keyId(pair.publicKey);
  const steps = stepsAfter(options);
  const isManual = edited !== undefined && 'manual' in edited;
  return {
    json: { key, old, keyId: newKeyId, oldKeyId, ...edited, steps },
    lines: [
      ...(isResumed ? ['✓ continuing the rotation that was interrupted'] : []),
      `✓ new pair  ${key}, ${key}.pub (key id ${newKeyId})`,
      `✓ old pair  ${old}${isPublicThere ? `, ${old}.pub` : ''}`,
      ...(edited === undefined && module === undefined
        ? ['! no Capacitor config here: put both keys into the app']
        : []),
      ...(isManual
        ? [
            `! ${config?.fileName} was not changed: ${edited.reason}. Add by hand:`,
            ...edited.manual.split('\n'),
          ]
        : []),
      ...(edited !== undefined && !isManual
        ? [`✓ ${config?.fileName} has publicKey (new) and previousPublicKey (old)`]
        : []),
      'Next:',
      ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    ],
    rewrites: 'lines and json',
    isBad: isManual,
  };
}

/** Lists what the user has to do during the rotation, in order. */
function stepsAfter({ key, module, plugin }: Options): string[] {
  const old = `${key}.old`;
  const flags = [
    key === SEALED.privateKeyFile ? '' : ` --key ${inShell(key)}`,
    module === undefined ? '' : ` --module ${inShell(module)}`,
    plugin === undefined ? '' : ` --plugin ${inShell(plugin)}`,
  ].join('');
  return [
    module === undefined
      ? `where the app imports a module: npx bundleseal key save --module FILE --key ${inShell(`${key}.pub`)} --key ${inShell(`${old}.pub`)}`
      : `${module} exports both keys as publicKeys`,
    'ship an app that passes both keys to decryptBundle: publicKey: publicKeys',
    `while apps with only the old key are in use, seal for them with --key ${inShell(old)}`,
    `for stored bundles: npx bundleseal bundle reseal FILE --from ${inShell(`${old}.pub`)} --key ${inShell(key)}`,
    `when no app needs the old key: npx bundleseal key rotate --finish${flags}`,
  ];
}

/**
 * Makes a new pair. If a passphrase protects the replaced private key, the same passphrase protects the new one.
 */
async function newPair(context: Context, replaced: string): Promise<KeyPair> {
  const { keygen } = await import('../../keys/keygen.ts');
  const pair = await keygen({ signal: context.signal });
  if (!(await isProtectedKey(await readKeyFile(replaced)))) return pair;
  const passphrase = await passphraseToKeep(context, replaced);
  return { ...pair, privateKey: await protect(pair.privateKey, passphrase) };
}

/**
 * Returns the real path of a key that is a link. The old pair is kept beside it, and messages name it.
 */
async function placeOf(key: string): Promise<string> {
  const stats = await lstat(key).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return key;
  const target = await onFile(key, "is a link to a file that isn't there", realpath(key));
  const publicKey = `${key}.pub`;
  if (!(await exists(publicKey)) || (await realpath(publicKey)) === `${target}.pub`) return target;
  throw fileError(
    key,
    `is a link to ${JSON.stringify(target)}, whose public key lies elsewhere, in ${JSON.stringify(publicKey)}: move that to ${JSON.stringify(`${target}.pub`)}, then try again`,
  );
}

/**
 * Removes the second names of the old pair, if a process was killed before it wrote the new pair.
 */
async function dropSecondNames(key: string): Promise<void> {
  for (const [path, second] of [
    [key, `${key}.old`],
    [`${key}.pub`, `${key}.old.pub`],
  ] as const) {
    const [a, b] = await Promise.all(
      [path, second].map((one) => lstat(one).catch(() => undefined)),
    );
    const isSame = a?.isFile() && b?.isFile() && a.dev === b.dev && a.ino === b.ino && a.nlink > 1;
    if (isSame) await onFile(second, "can't be removed", rm(second));
  }
}

/**
 * Whether a rotation stopped after it had made the new pair and before the app got its public key.
 */
async function isHalfDone(
  context: Context,
  config: ConfigFile | undefined,
  { key, plugin, module }: Options,
) {
  const old = `${key}.old`;
  if (!(await exists(key)) || !(await exists(old))) return false;
  const [id, oldId] = await Promise.all(
    [key, old].map(async (path) =>
      SEALED.idOf('publicKey', await publicKeyIn(await readPrivateKeyFile(context, path))),
    ),
  );
  if (id === oldId) return false;
  const carried: KeyValue[] = [];
  if (await exists(`${key}.pub`)) {
    carried.push(await readPublicKeyFile(SEALED, `${key}.pub`));
  }
  const value = config && (await readConfig(config, plugin ?? PLUGIN)).plugin.publicKey;
  if (value?.kind === 'literal' && typeof value.value === 'string') carried.push(value.value);
  const [first] = module !== undefined && (await exists(module)) ? await keysOfModule(module) : [];
  if (first !== undefined) carried.push(first);
  for (const one of carried) {
    if ((await isKeyOf(SEALED, one)) && (await SEALED.idOf('publicKey', one)) === oldId)
      return true;
  }
  return false;
}

async function publicKeyIn(privateKey: KeyValue): Promise<string> {
  const { publicKeyOf } = await import('../../keys/identity.ts');
  return publicKeyOf(privateKey);
}

/** Makes the config's text with both keys. The caller writes it. */
async function withBoth(file: ConfigFile, next: string, previous: string, plugin: string = PLUGIN) {
  const before = await readConfigText(file);
  const { fileName, path } = file;
  const first = await setPublicKey(before, fileName, next, plugin);
  if ('manual' in first) return first;
  const both = await setPublicKey(first.edited, fileName, previous, plugin, 'previousPublicKey');
  if ('manual' in both) return both;
  return { path, before, after: both.edited };
}

async function finish(
  context: Context,
  config: ConfigFile | undefined,
  options: Options,
): Promise<Answer> {
  const { key, plugin, module } = options;
  if (await isHalfDone(context, config, options)) {
    throw fileError(
      `${key}.old`,
      'is still the current key of the app: the rotation was interrupted. Run npx bundleseal key rotate again without --finish',
    );
  }
  const said = `the old pair is in ${key}.old: keep it where only you can read it, or delete it`;
  const lines: string[] = [];
  if (module !== undefined) {
    const current = await readPublicKeyFile(SEALED, `${key}.pub`);
    await writeModule(module, [await publicPem(SEALED, current)], false);
    lines.push(`✓ ${module} exports the new key alone; next: ship the app`);
  }
  for (const path of (await searchProject()).modules) {
    if (module !== undefined && resolve(path) === resolve(module)) continue;
    if ((await keysOfModule(path)).length > 1) {
      context.warn(
        `${path} still exports the old key too, so the app still accepts it: npx bundleseal key rotate --finish --module ${inShell(path)}`,
      );
    }
  }
  const about = { ...(module !== undefined && { module }) };
  if (config === undefined) {
    return { json: { changed: module !== undefined, ...about }, lines: [...lines, `✓ ${said}`] };
  }
  const before = await readConfigText(config);
  let text = before;
  // Earlier releases wrote the key into the settings of Capgo's plugin.
  for (const name of plugin === undefined ? [PLUGIN, CAPGO.plugin] : [plugin]) {
    const result = await removeKey(text, config.fileName, 'previousPublicKey', name);
    if ('manual' in result) {
      const { manual, reason } = result;
      return {
        json: { changed: false, manual, reason, ...about },
        lines: [...lines, `! ${config.fileName} was not changed: ${reason}. By hand: ${manual}`],
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
        ? `✓ removed previousPublicKey from ${config.fileName}; next: npx cap sync`
        : `✓ ${config.fileName} has no previousPublicKey`,
      `  ${said}`,
    ],
  };
}
