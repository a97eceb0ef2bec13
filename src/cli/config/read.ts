// What an app's config says, as far as its text alone tells.
//
// The file is never run: a config is a program, of a project that may have been cloned a minute ago, and a
// command that seals bundles has private keys at hand.

import { type ConfigFile, readConfigText } from './files.ts';
import { literalOf } from './literal.ts';
import { locate, UPDATER } from './lookup.ts';
import { parseConfig } from './parse.ts';
import { type Config, isUnsure, nameOf } from './syntax.ts';

// Each costs a look at all the others.
const MAX_SETTINGS = 100;

/** A member of the config. What is not literal is known only when the file is run. */
export type ConfigValue =
  | { readonly kind: 'literal'; readonly value: unknown }
  | {
      readonly kind: 'not literal';
      readonly reason: string;
      /** Whether the text writes the member, and only its value can't be told. */
      readonly isWritten?: true;
    }
  | { readonly kind: 'absent' };

export interface ConfigValues {
  readonly appId: ConfigValue;
  readonly appName: ConfigValue;
  readonly webDir: ConfigValue;
  /** The plugin's settings: the first hundred that are written out, and these in any case. */
  readonly plugin: Readonly<Record<'publicKey' | 'privateKey' | 'version', ConfigValue>> &
    Readonly<Record<string, ConfigValue>>;
}

/**
 * Reads a config's file without running it.
 *
 * @throws {@link BundleSealError} `ERR_FILE`: it can't be read.
 */
export async function readConfig(
  file: ConfigFile,
  plugin: string = UPDATER,
): Promise<ConfigValues> {
  return valuesOf(await readConfigText(file), file.fileName, plugin);
}

/** The same for a text that was read already. */
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

/** The names that an object's own text has. */
function namesIn(config: Config, path: readonly string[]): string[] {
  // Of a member that nothing has: what comes back is the object that would get it.
  const place = locate(config, [...path, '']);
  if (isUnsure(place) || place.missing.length !== 1) return [];
  return (place.holders.at(-1)?.properties ?? []).flatMap((member) => {
    const name = member.type === 'SpreadElement' ? undefined : nameOf(member.key, member.computed);
    return name === undefined || name === '__proto__' ? [] : [name];
  });
}
