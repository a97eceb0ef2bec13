// Finds the keys for a command.

import { BundleSealError } from '../errors.ts';
import { exists } from '../files/leniency.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { type BundleFormat, CAPGO, type Half, SEALED } from './bundle-formats.ts';
import { findConfig } from './config/files.ts';
import { readConfig } from './config/read.ts';
import { findAbove } from './project.ts';
import { type KeyValue, keyFromText, namingSource, readKeyFile } from './read-key.ts';

/** Options that name public keys. */
export interface PublicKeyOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly plugin?: string;
}

/** A key for the library, and its source. */
export interface FoundKey<Key> {
  readonly key: Key;
  /** The source for messages: the path of a file or the name of a variable. */
  readonly from: string;
}

/** Reads a public key of one format from a file. Errors about the key name the file. */
export async function readPublicKeyFile(
  format: BundleFormat,
  path: string,
  option: string = '--key',
): Promise<KeyValue> {
  return checkKey(format, 'publicKey', { key: await readKeyFile(path, option), from: path });
}

/**
 * Finds the public keys for opening: the named keys, else the key in the default file, else the keys in the config.
 */
export async function findPublicKeys(
  { key = [], keyData, plugin }: PublicKeyOptions,
  format: BundleFormat = SEALED,
): Promise<FoundKey<KeyValue>[]> {
  const named: FoundKey<KeyValue>[] = [];
  for (const path of key) {
    named.push({ key: await readPublicKeyFile(format, path), from: path });
  }
  if (keyData !== undefined) named.push(await publicKeyFromText(format, keyData, '--key-data'));
  if (named.length > 0) return named;
  const { publicKeyFile } = format;
  if (await exists(publicKeyFile)) {
    return [{ key: await readPublicKeyFile(format, publicKeyFile), from: publicKeyFile }];
  }
  const configured = await findConfiguredKeys(format, plugin);
  if (configured.length > 0) return configured;
  const above = await findAbove(publicKeyFile);
  const advice = above === undefined ? '' : `run the command in the folder of ${above}, or `;
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no public key: ${advice}pass --key FILE (${publicKeyFile} is not here, and no Capacitor config with plugins.${plugin ?? format.plugin}.publicKey)`,
  );
}

/**
 * Finds the keys in the Capacitor config: in the format's own place, else in the place that earlier releases used.
 */
export async function findConfiguredKeys(
  format: BundleFormat,
  plugin?: string,
): Promise<FoundKey<KeyValue>[]> {
  const file = await findConfig('.');
  if (file === undefined) return [];
  const keysOfPlugin = async (name: string): Promise<FoundKey<string>[]> => {
    const values = await readConfig(file, name);
    return ['publicKey', 'previousPublicKey'].flatMap((member) => {
      const value = values.plugin[member];
      const isKey = value?.kind === 'literal' && typeof value.value === 'string';
      const from = `${file.fileName} (plugins.${name}.${member})`;
      return isKey ? [{ key: value.value as string, from }] : [];
    });
  };
  const found = await keysOfPlugin(plugin ?? format.plugin);
  for (const one of found) await checkKey(format, 'publicKey', one);
  if (found.length > 0 || plugin !== undefined || format === CAPGO) return found;
  const older: FoundKey<string>[] = [];
  for (const one of await keysOfPlugin(CAPGO.plugin)) {
    // Capgo's own key is in that place too, so only keys that this format can use count.
    if (await isKeyOf(format, one.key)) older.push(one);
  }
  return older;
}

/** Whether it is a key that the format can use. */
export async function isKeyOf(
  format: BundleFormat,
  key: KeyValue,
  half: Half = 'publicKey',
): Promise<boolean> {
  try {
    await format.idOf(half, key);
    return true;
  } catch (error) {
    if (error instanceof BundleSealError) return false;
    throw error;
  }
}

/** Parses a key from an option or a variable, without checking it. */
export async function keyOfSource(text: string, from: string): Promise<KeyValue> {
  if (text.trim() !== '') return namingSource(from, () => keyFromText(text));
  throw new BundleSealError('ERR_KEY_INVALID', `${from} is set and empty: ${EMPTY_ADVICE}`);
}

/** Reads a public key from an option. */
export async function publicKeyFromText(
  format: BundleFormat,
  text: string,
  from: string,
): Promise<FoundKey<KeyValue>> {
  const key = await keyOfSource(text, from);
  return { key: await checkKey(format, 'publicKey', { key, from }), from };
}

/** The remedy for a variable that is set but empty. */
export const EMPTY_ADVICE =
  'the secret is missing, or this job cannot see it; set the variable to a key, or unset it';

/**
 * Returns the result of `work`. If a bundle was sealed for none of the keys, the error lists the tried keys and their
 * sources.
 */
export async function namingTried<T>(
  found: readonly FoundKey<KeyValue>[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BundleSealError) || error.code !== 'ERR_KEY_MISMATCH') throw error;
    const { code, keyId } = error;
    const tried: string[] = [];
    for (const { key, from } of found) {
      tried.push(`${await SEALED.idOf('publicKey', key)} (${from})`);
    }
    throw new BundleSealError(
      code,
      `the bundle was sealed for the key ${keyId}, but the keys tried are ${tried.join(', ')}: pass the public key of the pair that sealed it, or have the bundle resealed`,
      keyId === undefined ? {} : { keyId },
    );
  }
}

/** Returns the keys for calls that accept one or several. */
export function keysOf(found: readonly FoundKey<KeyValue>[]): PublicKeyInput[] {
  return found.map(({ key }) => key);
}

/** Returns the key if the format can use it. Errors name its source, and the format that the key is for. */
export async function checkKey(
  format: BundleFormat,
  half: Half,
  { key, from }: FoundKey<KeyValue>,
): Promise<KeyValue> {
  try {
    await namingSource(from, () => format.idOf(half, key));
    return key;
  } catch (error) {
    const isMeant = format === SEALED && error instanceof BundleSealError;
    if (!isMeant || !(await isKeyOf(CAPGO, key, half))) throw error;
    throw new BundleSealError(
      error.code,
      `${error.message}; it is a key of Capgo's format: pass --capgo to use it`,
    );
  }
}
