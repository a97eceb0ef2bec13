// Where a command's keys come from.

import { stat } from 'node:fs/promises';
import { BundleSealError } from '../errors.ts';
import type { RsaJwk } from '../keys/jwk.ts';
import { keyOfText, repairKeyText, textOfBytes } from '../keys/repair.ts';
import type { PublicKeyInput } from '../keys/strict.ts';
import { UsageError } from './answer.ts';
import { findConfig } from './config/files.ts';
import { readConfig } from './config/read.ts';
import type { Context } from './context.ts';
import { readSmallFile } from './small-file.ts';

export const PRIVATE_KEY_FILE = '.bundleseal_key';
export const PUBLIC_KEY_FILE = '.bundleseal_key.pub';
export const KEY_VARIABLES = ['BUNDLESEAL_PRIVATE_KEY', 'CAPGO_PRIVATE_KEY'] as const;

/** Options by which a private key is named. */
export interface PrivateKeyOptions {
  readonly key?: string;
  readonly keyData?: string;
}

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

export type KeyValue = string | Uint8Array | RsaJwk;

/** Bits of the smallest key that has a use here: Capgo's. What seals asks for more. */
export const MIN_BITS = 2048;

// An RSA-16384 key in PEM has some 13 KB.
const MAX_KEY_LENGTH = 65_536;

/** A key out of a file: PEM, DER or JWK. `-` is standard input. */
export async function readKeyFile(path: string): Promise<KeyValue> {
  if (path.trim().startsWith('-----BEGIN')) {
    throw new UsageError('--key takes the name of a file: pass the key itself with --key-data');
  }
  return keyFromBytes(await readSmallFile(path, 'a key', MAX_KEY_LENGTH));
}

/** The private key by which this command signs. */
export async function findPrivateKey(
  context: Context,
  { key, keyData }: PrivateKeyOptions,
  fallback: string = PRIVATE_KEY_FILE,
): Promise<FoundKey<KeyValue>> {
  if (key !== undefined && keyData !== undefined) {
    throw new UsageError('--key and --key-data name two keys: give one');
  }
  if (key !== undefined) return { key: await readKeyFile(key), from: key };
  if (keyData !== undefined) {
    context.warn(
      'other users of this machine can read --key-data in its list of processes: use --key FILE, or BUNDLESEAL_PRIVATE_KEY',
    );
    return { key: keyFromText(keyData), from: '--key-data' };
  }
  for (const name of KEY_VARIABLES) {
    const value = context.env[name];
    if (value) return { key: keyFromText(value), from: name };
  }
  if (await isThere(fallback)) return { key: await readKeyFile(fallback), from: fallback };
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no private key: pass --key FILE, set ${KEY_VARIABLES[0]}, or make a pair with "bundleseal key create" (${fallback} is not here)`,
  );
}

/** The public keys by which this command opens: those named, else the file's, else the config's. */
export async function findPublicKeys(
  { key = [], keyData, plugin }: PublicKeyOptions,
  fallback: string = PUBLIC_KEY_FILE,
): Promise<FoundKey<KeyValue>[]> {
  const named: FoundKey<KeyValue>[] = [];
  for (const path of key) named.push({ key: await readKeyFile(path), from: path });
  if (keyData !== undefined) named.push({ key: keyFromText(keyData), from: '--key-data' });
  if (named.length > 0) return named;
  if (await isThere(fallback)) return [{ key: await readKeyFile(fallback), from: fallback }];
  const configured = await findConfiguredKeys(plugin);
  if (configured.length > 0) return configured;
  throw new BundleSealError(
    'ERR_KEY_INVALID',
    `no public key: pass --key FILE (${fallback} is not here, and no Capacitor config with a publicKey)`,
  );
}

async function findConfiguredKeys(plugin?: string): Promise<FoundKey<string>[]> {
  const file = await findConfig('.');
  if (file === undefined) return [];
  const values = await readConfig(file, plugin);
  return ['publicKey', 'previousPublicKey'].flatMap((name) => {
    const value = values.plugin[name];
    const isKey = value?.kind === 'literal' && typeof value.value === 'string';
    return isKey ? [{ key: value.value as string, from: `${file.fileName} (${name})` }] : [];
  });
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

export function keyFromText(text: string): KeyValue {
  return keyOfText(repairKeyText(text).text);
}

function keyFromBytes(bytes: Uint8Array): KeyValue {
  const text = textOfBytes(bytes);
  return text === undefined ? bytes : keyFromText(text);
}

/** For calls that take one key or several. */
export function keysOf(found: readonly FoundKey<KeyValue>[]): PublicKeyInput[] {
  return found.map(({ key }) => key);
}
