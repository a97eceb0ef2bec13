// A publisher and its store in memory, and devices that ask it.

import { encryptBundle } from '../../src/index.ts';
import {
  createPatch,
  type ReleaseEntry,
  type ReleaseIndex,
  releaseId,
  sealIndex,
} from '../../src/release.ts';
import {
  createUpdater,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
  type UpdateEvent,
  type Updater,
  type UpdaterOptions,
} from '../../src/update.ts';
import { zipBundle } from '../../src/zip.ts';
import type { Files } from './release.ts';
import { keyB } from './vectors.ts';

export const APP = 'com.example.app';
export const CHANNEL = 'production';
/** The path of the channel's index in a store. */
export const INDEX: string = `channels/${CHANNEL}.sealed`;
export const STORE = 'https://updates.example.com/app/';
/** The clock of every device that is given none. */
export const NOW: number = Date.UTC(2026, 10, 27);

const HOUR = 3_600_000;

export const timeOf = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

const hexOf = async (bytes: Uint8Array): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

/** Every file of a store by its path below the store's address. */
export type StoreFiles = Map<string, Uint8Array>;

export interface Published {
  readonly entry: ReleaseEntry;
  readonly files: Files;
}

export interface Publisher {
  readonly store: StoreFiles;
  /** Seals a release and patches from the ones named, and puts the objects into the store; no index names it yet. */
  make(files: Files, from?: readonly Files[], more?: Partial<ReleaseEntry>): Promise<Published>;
  /**
   * Replaces the index. Its sequence is one higher than that of the index before.
   *
   * @param key - Signs the index. Default: the key of the publisher.
   */
  offer(
    releases: readonly Published[],
    more?: Partial<ReleaseIndex>,
    key?: string,
  ): Promise<ReleaseIndex>;
}

export function createPublisher(
  privateKey: string = keyB.pkcs8,
  store: StoreFiles = new Map(),
): Publisher {
  let sequence = 0;
  let made = 0;
  const put = async (bytes: Uint8Array) => {
    const sha256 = await hexOf(bytes);
    store.set(`objects/${sha256}.sealed`, bytes);
    return { sha256, size: bytes.length };
  };
  return {
    store,
    async make(files, from = [], more = {}) {
      made += 1;
      const sealed = await encryptBundle(await zipBundle(files), {
        privateKey,
        metadata: { appId: APP },
      });
      const patches = [];
      for (const older of from) {
        const patch = await createPatch(older, files, { privateKey, appId: APP });
        patches.push({ from: patch.from, ...(await put(patch.bytes)) });
      }
      const entry: ReleaseEntry = {
        id: await releaseId(files),
        version: `1.0.${made}`,
        createdAt: timeOf(NOW - HOUR + made * 1000),
        size: Object.values(files).reduce((sum, { length }) => sum + length, 0),
        files: Object.keys(files).length,
        bundle: await put(sealed.bytes),
        patches,
        ...more,
      };
      return { entry, files };
    },
    async offer(releases, more = {}, key = privateKey) {
      sequence += 1;
      const index: ReleaseIndex = {
        format: 'bundleseal-index',
        version: 1,
        appId: APP,
        channel: CHANNEL,
        epoch: 0,
        sequence,
        issuedAt: timeOf(NOW - HOUR),
        expiresAt: timeOf(NOW + 30 * 24 * HOUR),
        releases: releases.map(({ entry }) => entry),
        ...more,
      };
      sequence = index.sequence;
      const sealed = await sealIndex(index, { privateKey: key });
      store.set(`channels/${index.channel}.sealed`, sealed);
      return index;
    },
  };
}

/** FNV-1a: a server of its own needs no more. */
function tagOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `"${hash.toString(16)}"`;
}

/** A static file server: `answer` may lie about a file. */
export function fetchFrom(
  store: StoreFiles,
  answer: (
    path: string,
    request: Request,
    whole: () => Response,
  ) => Response | Promise<Response> = (_path, _request, whole) => whole(),
): typeof fetch & { readonly paths: string[] } {
  const paths: string[] = [];
  const request = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const asked = new Request(input, init);
    asked.signal.throwIfAborted();
    const path = asked.url.slice(STORE.length);
    paths.push(path);
    const whole = () => {
      const bytes = store.get(path);
      if (bytes === undefined) return new Response('no such file', { status: 404 });
      const etag = tagOf(bytes);
      if (asked.headers.get('if-none-match') === etag) return new Response(null, { status: 304 });
      const range = /^bytes=(\d+)-$/.exec(asked.headers.get('range') ?? '');
      if (range === null) return new Response(bytes as BodyInit, { headers: { etag } });
      const start = Number(range[1]);
      return new Response(bytes.subarray(start) as BodyInit, {
        status: 206,
        headers: { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` },
      });
    };
    return answer(path, asked, whole);
  };
  return Object.assign(request as typeof fetch, { paths });
}

export interface Device {
  readonly updater: Updater;
  readonly events: UpdateEvent[];
}

/** The built-in release that devices are shipped with: made before every published one. */
export const BUILT_IN_TIME: string = timeOf(NOW - 2 * HOUR);

export async function createDevice(
  builtIn: Files,
  fetchStore: typeof fetch,
  options: Partial<UpdaterOptions> = {},
): Promise<Device> {
  const events: UpdateEvent[] = [];
  const updater = createUpdater({
    store: STORE,
    channel: CHANNEL,
    appId: APP,
    publicKey: keyB.spki,
    releases: memoryStore(),
    builtIn: options.builtIn ?? (await memoryBuiltIn(builtIn, { createdAt: BUILT_IN_TIME })),
    fetch: fetchStore,
    now: () => NOW,
    retries: 1,
    retryDelay: 1,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { updater, events };
}

export interface UpdatedDevice extends Device {
  /** The running release. */
  readonly id: string;
  readonly releases: ReleaseStore;
}

/** A device that has installed, started and confirmed the release that the store offers. */
export async function updatedDevice(
  builtIn: Files,
  fetchStore: typeof fetch,
  options: Partial<UpdaterOptions> = {},
): Promise<UpdatedDevice> {
  const releases = memoryStore();
  const first = await createDevice(builtIn, fetchStore, { releases, ...options });
  await first.updater.start();
  await first.updater.update();
  const device = await createDevice(builtIn, fetchStore, { releases, ...options });
  const { id } = await device.updater.start();
  await device.updater.confirm(id);
  return { ...device, id, releases };
}
