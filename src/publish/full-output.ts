// Collects every file that devices may still fetch. Some hosts delete each file that an upload does not contain.

import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import type { ReleaseIndex } from '../release/index-format.ts';
import type { NewObject } from './change-index.ts';
import { readObject } from './objects.ts';
import type { ChannelOptions } from './options.ts';
import { channelPath, KEYS_PATH, objectPath } from './paths.ts';
import { listChannels, noChannel } from './store-place.ts';
import { findIndex, type State } from './store-state.ts';

// Bytes. The index does not name the size of a retired object.
const LARGEST_OBJECT = 2 ** 31;

/** Reads all files that devices may still fetch, except the channel's own index and the new objects. */
export async function liveFiles(
  state: State,
  next: ReleaseIndex,
  made: readonly NewObject[],
  options: ChannelOptions,
): Promise<[path: string, bytes: Uint8Array][]> {
  const { trust, reading, issuedAt, places } = state;
  const { appId, channel, signal } = options;
  const others = new Set(options.otherChannels ?? []);
  const { folder } = places.from;
  if (folder !== undefined) for (const one of await listChannels(folder)) others.add(one);
  others.delete(channel);
  const files = new Map<string, Uint8Array>();
  const indexes: ReleaseIndex[] = [];
  for (const other of others) {
    const found = await findIndex(places.from, trust, { appId, channel: other, signal });
    if (found === undefined) throw await noChannel(places.from, other);
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
      // The output leaves out a retired object that is missing or damaged: few devices, if any, still need it.
      if (file === undefined || toHex(await backend.sha256(file.bytes)) !== sha256) continue;
      objects.set(path, file.bytes);
      break;
    }
  }
  return [...objects, ...files];
}
