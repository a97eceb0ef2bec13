// Collects every file that devices may still fetch, for hosts that delete the files which an upload lacks.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { onFile } from '../files/error.ts';
import { hasCode } from '../files/leniency.ts';
import type { ReleaseIndex } from '../release/index-format.ts';
import type { NewObject } from './change.ts';
import { readObject } from './objects.ts';
import type { ChannelOptions } from './options.ts';
import { channelPath, KEYS_PATH, nameOfFile, objectPath } from './place.ts';
import { findIndex, type State } from './state.ts';
import { storeError } from './store-error.ts';

// Bytes. The index does not name the size of a retired object.
const LARGEST_OBJECT = 2 ** 31;

/** The channels of a store in a folder. */
export async function listChannels(folder: string): Promise<string[]> {
  return (await listFiles(folder, 'channels')).flatMap((file) => nameOfFile(file) ?? []).sort();
}

/** The files in one folder of a store. Empty if the folder is missing. */
export async function listFiles(store: string, folder: string): Promise<string[]> {
  const path = join(store, folder);
  const read = readdir(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return onFile(path, "can't be listed", read);
}

/** Yields the paths and bytes of all live files except the channel's own index and the new objects. */
export async function liveFiles(
  state: State,
  next: ReleaseIndex,
  made: readonly NewObject[],
  options: ChannelOptions,
): Promise<[path: string, bytes: Uint8Array][]> {
  const { trust, reading, issuedAt, places } = state;
  const { appId, channel, signal } = options;
  const others = new Set(options.otherChannels ?? []);
  if (!places.from.isRemote) {
    for (const one of await listChannels(options.from as string)) others.add(one);
  }
  others.delete(channel);
  const files = new Map<string, Uint8Array>();
  const indexes: ReleaseIndex[] = [];
  for (const other of others) {
    const found = await findIndex(places.from, trust, { appId, channel: other, signal });
    if (found === undefined) {
      throw storeError(`${places.from.name} has no index of the channel ${other}: check its name`);
    }
    files.set(channelPath(other), found.sealed);
    indexes.push(found.index);
  }
  if (trust.sealed !== undefined) files.set(KEYS_PATH, trust.sealed);
  const objects = new Map<string, Uint8Array>();
  const isMade = (sha256: string) => made.some((one) => one.sha256 === sha256);
  for (const { releases } of [...indexes, ...(state.before ? [state.before] : []), next]) {
    for (const { bundle, patches } of releases) {
      for (const object of [bundle, ...patches]) {
        const path = objectPath(object.sha256);
        if (objects.has(path) || isMade(object.sha256)) continue;
        objects.set(path, (await readObject(object, reading)).bytes);
      }
    }
  }
  const backend = await selectBackend();
  for (const { sha256, until } of [next, ...indexes].flatMap(({ retired = [] }) => retired)) {
    const path = objectPath(sha256);
    if (until <= issuedAt || objects.has(path)) continue;
    for (const place of reading.places) {
      const file = await place.read(path, { limit: LARGEST_OBJECT, hidesMissing: true, signal });
      // A retired object that was pruned or damaged is left out: no device needs it any more.
      if (file === undefined || toHex(await backend.sha256(file.bytes)) !== sha256) continue;
      objects.set(path, file.bytes);
      break;
    }
  }
  return [...objects, ...files];
}
