// Where a command's keys come from.

import { BundleSealError } from '../errors.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { findConfig } from './config/files.ts';
import { readConfig } from './config/read.ts';
import { isThere, type KeyValue, keyFromText, namingSource, readKeyFile } from './read-key.ts';
import { CAPGO, type Half, SEALED, type Wire } from './wires.ts';

/** Options by which public keys are named. */
export interface PublicKeyOptions {
  readonly key?: readonly string[];
  readonly keyData?: string;
  readonly plugin?: string;
}

/** A key, as the library takes it, and where it came from. */
export interface FoundKey<Key> {
  readonly key: Key;
  /** For people: a file's path, a variable's name. */
  readonly from: string;
}

/** A wire's public key out of the file that an option named. Errors about the key name the file. */
export async function readPublicKeyFile(
  wire: Wire,
  path: string,
  option: string = '--key',
): Promise<KeyValue> {
  return checked(wire, 'publicKey', { key: await readKeyFile(path, option), from: path });
}

/** The public keys by which this command opens: those named, else the file's, else the config's. */
export async function findPublicKeys(
  { key = [], keyData, plugin }: PublicKeyOptions,
  wire: Wire = SEALED,
): Promise<FoundKey<KeyValue>[]> {
  const named: FoundKey<KeyValue>[] = [];
  for (const path of key) {
    named.push({ key: await readPublicKeyFile(wire, path), from: path });
  }
  if (keyData !== undefined) named.push(await publicKeyFromText(wire, keyData, '--key-data'));
  if (named.length > 0) return named;
  const { publicKeyFile } = wire;
  if (await isThere(publicKeyFile)) {
    return [{ key: await readPublicKeyFile(wire, publicKeyFile), from: publicKeyFile }];
  }
  const configured = await findConfiguredKeys(wire, plugin);
  if (configured.length > 0) return configured;
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no public key: pass --key FILE (${publicKeyFile} is not here, and no Capacitor config with plugins.${plugin ?? wire.plugin}.publicKey)`,
  );
}

/** The keys of the Capacitor config here: of the wire's own place, else where earlier releases put them. */
export async function findConfiguredKeys(
  wire: Wire,
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
  const found = await keysOfPlugin(plugin ?? wire.plugin);
  for (const one of found) await checked(wire, 'publicKey', one);
  if (found.length > 0 || plugin !== undefined || wire === CAPGO) return found;
  const older: FoundKey<string>[] = [];
  for (const one of await keysOfPlugin(CAPGO.plugin)) {
    // Capgo's own key stands in that place too; only what this wire can use is its.
    if (await isKeyOf(wire, one.key)) older.push(one);
  }
  return older;
}

/** Whether a text is a public key that the wire can use. */
export async function isKeyOf(wire: Wire, key: KeyValue): Promise<boolean> {
  try {
    await wire.idOf('publicKey', key);
    return true;
  } catch (error) {
    if (error instanceof BundleSealError) return false;
    throw error;
  }
}

/** A key that an option or a variable holds; nothing was checked yet. */
export async function keyOfSource(text: string, from: string): Promise<KeyValue> {
  if (text.trim() !== '') return namingSource(from, () => keyFromText(text));
  throw new BundleSealError('ERR_KEY_INVALID', `${from} is set and empty: ${EMPTY_ADVICE}`);
}

/** A public key that an option holds. */
export async function publicKeyFromText(
  wire: Wire,
  text: string,
  from: string,
): Promise<FoundKey<KeyValue>> {
  const key = await keyOfSource(text, from);
  return { key: await checked(wire, 'publicKey', { key, from }), from };
}

/** What to do about a variable that is set and empty. */
export const EMPTY_ADVICE =
  'the secret behind it is missing or not visible to this job; give it a key, or unset it';

/**
 * What `work` gives; where none of the keys is the one that a bundle was sealed for, the error says which were tried and
 * where each came from.
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
      `the bundle was sealed for the key ${keyId}, and what was tried is ${tried.join(', ')}: pass the public key of the pair that sealed it, or have the bundle resealed`,
      keyId === undefined ? {} : { keyId },
    );
  }
}

/** For calls that take one key or several. */
export function keysOf(found: readonly FoundKey<KeyValue>[]): PublicKeyInput[] {
  return found.map(({ key }) => key);
}

/** The key, if the wire can use it. Errors name where it came from. */
export async function checked(
  wire: Wire,
  half: Half,
  { key, from }: FoundKey<KeyValue>,
): Promise<KeyValue> {
  await namingSource(from, () => wire.idOf(half, key));
  return key;
}
