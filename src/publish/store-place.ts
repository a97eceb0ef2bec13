// Opens a store in a folder or on a web server: reads its files, and lists the channels of a folder.

import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPath, fileError, onFile, UNREADABLE } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { hasCode } from '../files/leniency.ts';
import { httpPlace } from './http-place.ts';
import { nameOfFile } from './paths.ts';
import { storeError } from './store-error.ts';

/** A file that was read, and its cache header. */
export interface FetchedFile {
  readonly bytes: Uint8Array;
  /** The Cache-Control header. `undefined` if the place is a folder. */
  readonly cacheControl?: string;
}

export interface StoreReadOptions {
  /** The largest number of bytes to read. A longer file is an error. */
  readonly limit: number;
  /** Treat status 403 as a missing file. S3 answers so to clients that may not list the bucket. Default false. */
  readonly hidesMissing?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A folder or web server with the files of a store. */
export interface StorePlace {
  /** The place's name in messages. */
  readonly name: string;
  /** The path of the folder. Absent for a web server, whose files cannot be listed. */
  readonly folder?: string;
  /**
   * @param path - The path in the store, such as `channels/production.sealed`.
   * @returns `undefined` if there is no such file.
   * @throws {@link BundleSealError} `ERR_FILE`, `ERR_SOURCE_FAILED` if the file cannot be read; `ERR_STORE` if it has more
   * than `limit` bytes.
   */
  read(path: string, options: StoreReadOptions): Promise<FetchedFile | undefined>;
}

/**
 * @param place - The path of a folder, or an address that begins with https:// or http://.
 * @param name - The name of the option, for messages.
 * @throws `TypeError` for an address of another kind.
 */
export function openPlace(
  place: string,
  name: string,
  fetchOption: typeof fetch | undefined,
): StorePlace {
  checkPath(name, place);
  if (/^https?:\/\//i.test(place)) return httpPlace(place, name, fetchOption ?? fetch);
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(place) ?? [];
  if (scheme === undefined) return folderPlace(place);
  throw new TypeError(
    `${name} expected a folder or an address with https://, got one with ${scheme}://: pass the address that devices read, or a folder that has a copy of the store`,
  );
}

/** Opens the folder that a call writes to. The folder may be missing. */
export function openWritable(store: string): StorePlace {
  const place = openPlace(store, 'options.store', undefined);
  if (place.folder !== undefined) return place;
  throw new TypeError(
    'options.store expected a folder to write to, got an address: pass the address as options.from',
  );
}

/**
 * Checks that the folder of the present store exists. Without this check, a misspelt name would look like a store without
 * indexes and keys. The publisher would then begin a new store, whose indexes devices refuse.
 */
export async function checkFrom({ folder }: StorePlace): Promise<void> {
  if (folder === undefined) return;
  const stats = await onFile(folder, UNREADABLE, stat(folder));
  if (!stats.isDirectory())
    throw fileError(folder, "can't be read: it is no folder, pass the folder of the store");
}

/** Lists the channels of a store in a folder, in alphabetical order. */
export async function listChannels(folder: string): Promise<string[]> {
  return (await listFiles(folder, 'channels')).flatMap((file) => nameOfFile(file) ?? []).sort();
}

/** Lists the files in one folder of a store. The list is empty if the folder is missing. */
export async function listFiles(store: string, folder: string): Promise<string[]> {
  const path = join(store, folder);
  const read = readdir(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return onFile(path, "can't be listed", read);
}

/** What to check at an address that lacks an index. */
export const CHECK_ADDRESS =
  'the address, which includes the path of the website: an app with the base /my-app/ has its store below /my-app/';

/** Makes the error for a channel that the place does not have. For a folder, the message names the channels that exist. */
export async function noChannel({ name, folder }: StorePlace, channel: string): Promise<Error> {
  const known = folder === undefined ? [] : await listChannels(folder).catch(() => []);
  const remedy =
    known.length > 0
      ? `it has ${known.join(', ')}`
      : `check the name of the channel and ${folder === undefined ? CHECK_ADDRESS : 'the folder'}`;
  return storeError(`${name} has no index of the channel ${channel}: ${remedy}`);
}

function folderPlace(folder: string): StorePlace {
  return {
    name: JSON.stringify(folder),
    folder,
    async read(path, { limit, signal }) {
      const place = join(folder, path);
      let found: Stats;
      try {
        found = await stat(place);
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
        throw fileError(place, UNREADABLE, error);
      }
      if (found.isFIFO()) {
        // Opening a pipe would wait for a writer.
        throw fileError(place, 'is a pipe, but a store contains only files: remove it');
      }
      const file = await openInputFile(place, signal);
      try {
        if (file.size > limit) throw tooLarge(place, limit);
        const bytes = await file.read(0, file.size);
        await file.checkUnchanged();
        return { bytes };
      } finally {
        await file.close();
      }
    },
  };
}

function tooLarge(place: string, limit: number): Error {
  return storeError(
    `${place} has more than ${limit} bytes, which is the limit: somebody has altered or replaced it, put the published file back`,
  );
}
