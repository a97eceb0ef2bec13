// Reads values from an app's config without running it.
//
// A config may be a program, and the project may be untrusted. Commands that seal bundles have access to private
// keys, so they must not run it.

import { type ConfigFile, readConfigText } from './files.ts';
import { literalOf } from './literal.ts';
import { locate, UPDATER } from './lookup.ts';
import { parseConfig } from './parse.ts';
import { type Config, isUnsure, nameOf } from './syntax.ts';

// Limits the number of settings, because reading each one searches all others.
const MAX_SETTINGS = 100;

/** A member of the config. A value that is not literal is known only when the file runs. */
export type ConfigValue =
  | { readonly kind: 'literal'; readonly value: unknown }
  | {
      readonly kind: 'not literal';
      readonly reason: string;
      /** True if the text defines the member, but its value cannot be read from the text. */
      readonly isWritten?: true;
    }
  | { readonly kind: 'absent' };

export interface ConfigValues {
  readonly appId: ConfigValue;
  readonly appName: ConfigValue;
  readonly webDir: ConfigValue;
  /** The plugin's settings: the first hundred in the text, and always these. */
  readonly plugin: Readonly<Record<'publicKey' | 'privateKey' | 'version', ConfigValue>> &
    Readonly<Record<string, ConfigValue>>;
}

/**
 * Reads a config's file without running it.
 *
 * @throws {@link BundleSealError} `ERR_FILE` if the file cannot be read.
 */
export async function readConfig(
  file: ConfigFile,
  plugin: string = UPDATER,
): Promise<ConfigValues> {
  return valuesOf(await readConfigText(file), file.fileName, plugin);
}

/** Reads the values from a text. */
export async function valuesOf(
  text: string,
  fileName: string,
  plugin: string = UPDATER,
): Promise<ConfigValues> {
  const config = await parseConfig(text, fileName);
  const at = (...path: string[]): ConfigValue =>
    isUnsure(config) ? { kind: 'not literal', reason: config.unsure } : valueAt(config, path);
  const written = isUnsure(config) ? [] : namesIn(config, ['plugins', plugin]);
  const names = [
    ...written.slice(0, MAX_SETTINGS),
    ...written.filter((name) => name === 'previousPublicKey'),
  ];
  const known = ['publicKey', 'privateKey', 'version'];
  const settings = [...new Set([...known, ...names])].map((name): [string, ConfigValue] => [
    name,
    at('plugins', plugin, name),
  ]);
  return {
    appId: at('appId'),
    appName: at('appName'),
    webDir: at('webDir'),
    plugin: Object.fromEntries(settings) as ConfigValues['plugin'],
  };
}

function valueAt(config: Config, path: readonly string[]): ConfigValue {
  const place = locate(config, path);
  if (isUnsure(place)) return { kind: 'not literal', reason: place.unsure };
  if (place.maybe !== undefined) return { kind: 'not literal', reason: place.maybe };
  const member = place.members[path.length - 1];
  if (member === undefined) return { kind: 'absent' };
  const literal = literalOf(config, member.value, true);
  if (literal !== undefined) return { kind: 'literal', value: literal.value };
  return {
    kind: 'not literal',
    reason: 'it is computed when the file is loaded',
    isWritten: true,
  };
}

/** Returns the names of the members in an object's text. */
function namesIn(config: Config, path: readonly string[]): string[] {
  // Locates a member that does not exist, which returns the object that would contain it.
  const place = locate(config, [...path, '']);
  if (isUnsure(place) || place.missing.length !== 1) return [];
  return (place.holders.at(-1)?.properties ?? []).flatMap((member) => {
    const name = member.type === 'SpreadElement' ? undefined : nameOf(member.key, member.computed);
    return name === undefined || name === '__proto__' ? [] : [name];
  });
}
