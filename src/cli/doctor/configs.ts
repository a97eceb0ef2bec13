// Checks the places from which apps get their public key: configs, the copies of cap sync, and modules.

import { dirname, join } from 'node:path';
import { exists } from '../../files/leniency.ts';
import { type BundleFormat, CAPGO, SEALED } from '../bundle-formats.ts';
import { readConfigText } from '../config/files.ts';
import { type ConfigValue, type ConfigValues, valuesOf } from '../config/read.ts';
import { inShell } from '../help.ts';
import { keysOfModule } from '../key-module.ts';
import { isKeyOf } from '../keys.ts';
import { examine, type Finding } from './finding.ts';
import type { Keys } from './keys.ts';

/** The command that copies the config into the native projects. */
const SYNC = 'npx cap sync';

// Where it puts the config.
const COPIES = [
  'ios/App/App/capacitor.config.json',
  'android/app/src/main/assets/capacitor.config.json',
];

/** A config's place for the key of one format. */
interface ConfigKeyPlace {
  readonly path: string;
  readonly keys: Keys;
  readonly plugin: string;
  /** The command that puts the right key there. */
  readonly save: string;
  /** Whether the app may get its key from another place. */
  readonly isOptional: boolean;
}

/** Examines a config and its copies. */
export async function examineConfig(
  path: string,
  allKeys: readonly Keys[],
  { plugin, hasModule }: { readonly plugin?: string; readonly hasModule: boolean },
  findings: Finding[],
): Promise<void> {
  const folder = dirname(path);
  const copies: string[] = [];
  for (const copy of COPIES.map((name) => join(folder, name))) {
    if (await exists(copy)) copies.push(copy);
  }
  for (const file of [path, ...copies]) {
    await examinePrivateKeyIn(file, findings);
    for (const [index, keys] of allKeys.entries()) {
      const { format } = keys;
      const place: ConfigKeyPlace = {
        path: file,
        keys,
        plugin: plugin ?? format.plugin,
        save: file === path ? saveCommand(path, keys, plugin) : SYNC,
        isOptional: index > 0 || (format === SEALED && hasModule),
      };
      const failed: Finding = {
        code: 'CONFIG_UNREADABLE',
        state: 'unknown',
        what: file,
        path: file,
      };
      await examine(findings, failed, () => keyFinding(place, findings));
    }
  }
}

/** Returns the command that saves the key and works in the current folder. */
function saveCommand(
  path: string,
  { format, publicPath }: Keys,
  plugin: string | undefined,
): string {
  const options = [
    ...(publicPath === format.publicKeyFile ? [] : ['--key', inShell(publicPath)]),
    ...(plugin === undefined ? [] : ['--plugin', inShell(plugin)]),
  ];
  return [format.save, ...options].join(' ') + configFlag(path);
}

/** The flag for a config in another folder. */
function configFlag(path: string): string {
  return dirname(path) === '.' ? '' : ` --config ${inShell(path)}`;
}

/** Whether one of the configs has a public key of the format in the format's own place. */
export async function isCarried(
  format: BundleFormat,
  configs: readonly { readonly path: string }[],
): Promise<boolean> {
  for (const { path } of configs) {
    // Another check reports a config that cannot be read.
    const values = await read(path, format.plugin).catch(() => undefined);
    const key = values?.publicKey;
    const text = key?.kind === 'literal' ? key.value : undefined;
    if (typeof text === 'string' && (await isKeyOf(format, text))) return true;
  }
  return false;
}

async function read(path: string, plugin: string): Promise<ConfigValues['plugin']> {
  const text = await readConfigText({ path });
  return (await valuesOf(text, path.replace(/^.*[\\/]/, ''), plugin)).plugin;
}

async function keyFinding(
  place: ConfigKeyPlace,
  findings: Finding[],
): Promise<Finding | undefined> {
  const { path, plugin, keys, save, isOptional } = place;
  const { format } = keys;
  const about = { path, wire: format.name } as const;
  const { publicKey, previousPublicKey } = await read(path, plugin);
  const older = plugin === SEALED.plugin ? await misplacedIn(path) : undefined;
  if (older !== undefined) {
    findings.push({
      code: 'CONFIG_KEY_MISPLACED',
      state: 'warning',
      what: `${path} holds a key of ${SEALED.title} in plugins.${CAPGO.plugin}.publicKey, which is for Capgo's plugin, and that plugin can't use the key`,
      mend:
        publicKey.kind === 'absent'
          ? `move it: ${SEALED.save}${configFlag(path)}, then remove publicKey from plugins.${CAPGO.plugin}`
          : `remove publicKey from plugins.${CAPGO.plugin}`,
      ...about,
    });
  }
  const value = publicKey.kind === 'absent' && older !== undefined ? older : publicKey;
  if (value.kind === 'absent') {
    // The app imports a module, so the config need not contain the key.
    if (isOptional && format === SEALED) return undefined;
    return {
      code: 'CONFIG_KEY_MISSING',
      state: isOptional ? 'warning' : 'bad',
      what: `${path} has no public key in plugins.${plugin}`,
      mend: format === SEALED ? `${save}, or npx bundleseal key save --module FILE` : save,
      ...about,
    };
  }
  if (value.kind === 'not literal') {
    return {
      code: 'CONFIG_UNREADABLE',
      state: 'unknown',
      what: `${path} can't be read for plugins.${plugin}.publicKey without running it: ${value.reason}`,
      mend: `run ${SYNC}, then npx bundleseal doctor reads the copies that it makes`,
      ...about,
    };
  }
  return compare(place, value.value, previousPublicKey);
}

async function compare(
  { path, keys, plugin, save }: ConfigKeyPlace,
  value: unknown,
  previous: ConfigValue | undefined,
): Promise<Finding> {
  const { format, id } = keys;
  const about = { path, wire: format.name } as const;
  if (typeof value !== 'string' || !(await isKeyOf(format, value))) {
    return {
      code: 'CONFIG_KEY_INVALID',
      state: 'bad',
      what: `plugins.${plugin}.publicKey of ${path} is not a public key for ${format.title}`,
      mend: save,
      ...about,
    };
  }
  const keyId = await format.idOf('publicKey', value);
  if (id === undefined || keyId === id) {
    const what = `${path} holds the public key ${keyId}`;
    return { code: 'CONFIG_KEY_FOUND', state: 'good', what, keyId, ...about };
  }
  if (previous?.kind === 'literal' && typeof previous.value === 'string') {
    const isOld =
      (await isKeyOf(format, previous.value)) &&
      (await format.idOf('publicKey', previous.value)) === id;
    if (isOld) {
      return {
        code: 'CONFIG_KEY_PREVIOUS',
        state: 'warning',
        what: `${path} holds the private key's other half as previousPublicKey`,
        mend: 'a rotation is in progress: npx bundleseal key rotate --help',
        keyId: id,
        ...about,
      };
    }
  }
  return {
    code: 'CONFIG_KEY_MISMATCH',
    state: 'bad',
    what: `${path} holds another public key (${keyId}) than the project's (${id})`,
    mend: save,
    keyId,
    ...about,
  };
}

/** Finds a key of the sealed format in the place that earlier releases used. */
async function misplacedIn(path: string): Promise<ConfigValue | undefined> {
  const { publicKey } = await read(path, CAPGO.plugin);
  const isOurs =
    publicKey.kind === 'literal' &&
    typeof publicKey.value === 'string' &&
    (await isKeyOf(SEALED, publicKey.value));
  return isOurs ? publicKey : undefined;
}

async function examinePrivateKeyIn(path: string, findings: Finding[]): Promise<void> {
  for (const { plugin } of [CAPGO, SEALED] satisfies BundleFormat[]) {
    const failed: Finding = { code: 'CONFIG_UNREADABLE', state: 'unknown', what: path, path };
    await examine(findings, failed, async () => {
      const { privateKey } = await read(path, plugin);
      const where = `${path} has plugins.${plugin}.privateKey`;
      if (privateKey.kind === 'literal' && privateKey.value) {
        return {
          code: 'CONFIG_PRIVATE_KEY',
          state: 'bad',
          what: `${where}: a private key, which every copy of the app has`,
          mend: `remove it (npx bundleseal key delete-old${configFlag(path)}), and make a new pair: everyone with the app has that key`,
          path,
        };
      }
      if (privateKey.kind === 'not literal' && privateKey.isWritten) {
        return {
          code: 'CONFIG_PRIVATE_KEY',
          state: 'warning',
          what: `${where}, and its value cannot be read without running the file`,
          mend: 'no app may contain a private key: remove the member',
          path,
        };
      }
      return undefined;
    });
  }
}

/** Examines a module that "key save --module" wrote. */
export async function examineModule(
  path: string,
  { format, id, publicPath }: Keys,
  findings: Finding[],
): Promise<void> {
  const about = { path, wire: format.name } as const;
  const key = publicPath === format.publicKeyFile ? '' : ` --key ${inShell(publicPath)}`;
  const mend = `npx bundleseal key save --module ${inShell(path)}${key}`;
  const failed: Finding = {
    code: 'MODULE_UNREADABLE',
    state: 'bad',
    what: path,
    mend,
    ...about,
  };
  await examine(findings, failed, async () => {
    const ids: string[] = [];
    for (const pem of await keysOfModule(path)) ids.push(await format.idOf('publicKey', pem));
    const [current, ...before] = ids;
    if (current === undefined) return { ...failed, what: `${path} holds no public key` };
    if (id === undefined || current === id) {
      const others =
        before.length === 0 ? '' : `, and until the rotation ends ${before.join(', ')}`;
      const what = `${path} exports the public key ${current}${others}`;
      return { code: 'MODULE_KEY_FOUND', state: 'good', what, keyId: current, ...about };
    }
    return {
      code: 'MODULE_KEY_MISMATCH',
      state: ids.includes(id) ? 'warning' : 'bad',
      what: `${path} exports another public key (${current}) than the project's (${id})`,
      mend,
      keyId: current,
      ...about,
    };
  });
}
