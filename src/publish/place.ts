// Reads whole files of a store, from a folder or a web server.

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathFault } from '../archive/format/paths.ts';
import { checkPath, fileError, onFile, UNREADABLE } from '../files/error.ts';
import { openInputFile } from '../files/input-file.ts';
import { hasCode } from '../files/leniency.ts';
import { httpPlace } from './http-place.ts';
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
  readonly isRemote: boolean;
  /**
   * @param path - As in the store: `channels/production.sealed`.
   * @returns `undefined` if there is no such file.
   * @throws {@link BundleSealError} `ERR_FILE`, `ERR_SOURCE_FAILED`: the file can't be read. `ERR_STORE`: it is too large.
   */
  read(path: string, options: StoreReadOptions): Promise<FetchedFile | undefined>;
}

export const KEYS_PATH = 'keys.sealed';

const SEALED = '.sealed';

export const channelPath = (channel: string): string => `channels/${channel}${SEALED}`;

export const objectPath = (sha256: string): string => `objects/${sha256}${SEALED}`;

/** The channel or object that a file name stands for. */
export function nameOfFile(file: string): string | undefined {
  return file.endsWith(SEALED) && !file.startsWith('.') ? file.slice(0, -SEALED.length) : undefined;
}

/**
 * Whether a channel of this name can be published to. The name becomes part of a file name and of an address, so it may have
 * only characters without a special meaning in either.
 */
export function isChannel(channel: unknown): channel is string {
  const isPlain = typeof channel === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(channel);
  return isPlain && pathFault(`${channel}${SEALED}`) === undefined;
}

/** Checks the name of a channel to publish to. */
export function checkPublishedChannel(
  channel: unknown,
  name = 'options.channel',
): asserts channel is string {
  if (isChannel(channel)) return;
  throw new TypeError(
    `${name} expected 1 to 64 of the characters A-Z, a-z, 0-9, ".", "_" and "-", beginning with a letter or a digit`,
  );
}

/** @param place - The path of a folder, or an address that begins with https:// or http://. */
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

/** Opens the folder that a call writes, before it makes the folder. */
export function openWritable(store: string): StorePlace {
  const place = openPlace(store, 'options.store', undefined);
  if (!place.isRemote) return place;
  throw new TypeError(
    'options.store expected a folder to write to, got an address: pass the address as options.from',
  );
}

/**
 * Checks that the folder of the present store exists. A misspelt name would look like a store without indexes and keys, and
 * devices would refuse the index of a new store.
 */
export async function checkFrom(from: string, { isRemote }: StorePlace): Promise<void> {
  if (isRemote) return;
  const stats = await onFile(from, UNREADABLE, stat(from));
  if (!stats.isDirectory()) throw fileError(from, "can't be read: it is no folder");
}

function folderPlace(folder: string): StorePlace {
  return {
    name: JSON.stringify(folder),
    isRemote: false,
    async read(path, { limit, signal }) {
      const place = join(folder, path);
      let found: Stats;
      try {
        found = await stat(place);
      } catch (error) {
        if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
        throw fileError(place, UNREADABLE, error);
      }
      // Opening a pipe would wait for a writer.
      if (found.isFIFO())
        throw fileError(place, 'is a pipe, but a store contains only files: remove it');
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
    `${place} has more than ${limit} bytes, the most that is allowed: it was altered or replaced, put the published file back`,
  );
}
