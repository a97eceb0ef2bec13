// Built-in releases in memory, and on a server that `fetch` reaches.

import { selectBackend } from '../backend/select.ts';
import { toHex } from '../bytes.ts';
import { BundleSealError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import type { ReleaseFiles } from '../release/files.ts';
import { type ReleaseStamp, readStamp, STAMP, writeStamp } from '../release/stamp.ts';
import { collector } from '../sources/stream.ts';
import { unawaited, untilAborted } from '../turn.ts';
import { createDeadline } from './deadline.ts';
import { idOfList } from './installed.ts';
import { DEFAULT_TIMEOUT, positive } from './options.ts';
import type { BuiltIn } from './release-store.ts';

/** Options of {@link memoryBuiltIn}. */
export interface MemoryBuiltInOptions {
  /** The time of the build: `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly createdAt: string;
  /** The native runtime of the build. Default: none. */
  readonly runtime?: string;
}

/**
 * Creates a built-in release in memory: for tests, and for apps that are compiled into one file.
 *
 * @param files - The files of the build, as `zipBundle` takes them.
 * @returns The built-in release, for `builtIn` of `createUpdater`.
 * @throws `TypeError` for a wrong or unknown option, which the message names. {@link BundleSealError} `ERR_ARCHIVE_INVALID` for
 * a path that a release must not have.
 * @see docs/updates.md#the-built-in-release
 * @example
 * ```ts
 * import { memoryBuiltIn } from 'bundleseal/update';
 *
 * const index = new TextEncoder().encode('<!doctype html>');
 * const builtIn = await memoryBuiltIn({ 'index.html': index }, { createdAt: '2026-11-26T08:55:00Z' });
 * console.log((await builtIn.files.list()).length); // 1
 * ```
 */
export async function memoryBuiltIn(
  files: ReleaseFiles,
  options: MemoryBuiltInOptions,
): Promise<BuiltIn> {
  checkOptions('memoryBuiltIn', options, { createdAt: 'any', runtime: 'any' });
  const backend = await selectBackend('auto');
  const { planRelease, readFiles } = await import('../release/files.ts');
  const read = await readFiles(await planRelease(files, undefined), undefined);
  const list = await Promise.all(
    read.map(async ({ path, bytes }) => ({
      path,
      size: bytes.length,
      sha256: toHex(await backend.sha256(bytes)),
    })),
  );
  const stamp = writeStamp({
    format: 'bundleseal-stamp',
    version: 1,
    id: await idOfList(list, backend),
    ...options,
    files: list,
  });
  const byPath = new Map(read.map(({ path, bytes }) => [path, bytes]));
  return {
    readStamp: async () => stamp,
    files: {
      list: async () => list.map(({ path, size }) => ({ path, size })),
      async read(path) {
        const bytes = byPath.get(path);
        if (bytes === undefined) throw missing(path);
        return bytes.slice();
      },
    },
  };
}

// A request of a page to the website goes through the page's service worker. This query tells the worker not to answer it.
const FOR_WEBSITE = '?bundleseal-website';

/** Whether a request asks for a file of the website, not of the running release. */
export function isForWebsite(url: string): boolean {
  return url.endsWith(FOR_WEBSITE);
}

/** Options of {@link fetchBuiltIn}. */
export interface FetchBuiltInOptions {
  /**
   * The address of the folder that has the build. Default: the folder of the page or worker. Set it if routes of the app
   * have slashes in them.
   */
  readonly base?: string | URL;
  /**
   * Whether a deploy replaces the files while the app is installed: `true` for a website and its service worker. Default
   * `false`.
   */
  readonly isRemote?: boolean;
  /** Milliseconds. A request fails if fewer than 16 KiB arrive within this time. Default 30,000. */
  readonly timeout?: number;
  /** Called in place of the runtime's `fetch`. */
  readonly fetch?: typeof fetch;
}

/**
 * Reads a built-in release with `fetch`: for websites and their service workers. The stamp has to list the files, because a page
 * cannot list a folder. In a Capacitor app, use `builtIn` of `capacitorStore` instead.
 *
 * The calls of the result reject with {@link BundleSealError} `ERR_STORE` if a file is missing or is sent too slowly.
 *
 * @returns The built-in release, for `builtIn` of `createUpdater`. It sends no request before its first call.
 * @throws `TypeError`, `RangeError` for a wrong or unknown option, which the message names.
 * @see docs/updates.md#the-built-in-release
 * @example
 * ```ts
 * import { fetchBuiltIn } from 'bundleseal/update';
 *
 * const builtIn = fetchBuiltIn({ base: 'https://app.example.com/', isRemote: true });
 * console.log(builtIn.isRemote);
 * ```
 */
export function fetchBuiltIn(options: FetchBuiltInOptions = {}): BuiltIn {
  checkOptions('fetchBuiltIn', options, {
    base: 'any',
    isRemote: 'any',
    timeout: 'any',
    fetch: 'function',
  });
  const { isRemote = false, fetch: request = (...args) => fetch(...args) } = options;
  const timeout = positive(options.timeout ?? DEFAULT_TIMEOUT, 'options.timeout');
  const base = new URL(options.base ?? './', globalThis.location?.href);
  const get = async (path: string): Promise<Uint8Array> => {
    const url = new URL(path.split('/').map(encodeURIComponent).join('/'), base);
    if (isRemote && globalThis.document !== undefined) url.search = FOR_WEBSITE;
    const deadline = createDeadline(timeout);
    const { signal } = deadline;
    let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      const cache = isRemote ? 'no-cache' : 'default';
      const answer = await untilAborted(request(url, { cache, signal }), signal);
      body = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
      if (!answer.ok) throw missing(path, answer.status);
      const pieces = collector(Number.MAX_SAFE_INTEGER);
      while (body !== undefined) {
        const { done, value } = await untilAborted(body.read(), signal);
        if (done) break;
        deadline.progress(value.length);
        pieces.add(value);
      }
      return pieces.after(new Uint8Array(0));
    } catch (error) {
      if (signal.aborted) throw tooSlow(path, error);
      throw error;
    } finally {
      deadline.end();
      unawaited(() => body?.cancel());
    }
  };
  let stamp: Promise<ReleaseStamp> | undefined;
  return {
    isRemote,
    readStamp: () => get(STAMP),
    files: {
      async list() {
        stamp ??= get(STAMP).then(readStamp);
        // A call after a failure requests the stamp again.
        stamp.catch(() => {
          stamp = undefined;
        });
        const { files = [] } = await stamp;
        return files.map(({ path, size }) => ({ path, size }));
      },
      read: get,
    },
  };
}

function tooSlow(path: string, cause: unknown): BundleSealError {
  return new BundleSealError(
    'ERR_STORE',
    `"${path}" of the build was sent too slowly: try again when the network is better`,
    { path, cause },
  );
}

function missing(path: string, status?: number): BundleSealError {
  const answer = status === undefined ? '' : `: the server answered ${status}`;
  const upload =
    status === undefined ? '' : `; upload every file that ${STAMP} lists, hidden ones too`;
  const remedy = path === STAMP ? '; write it with `npx bundleseal release stamp DIR`' : upload;
  return new BundleSealError('ERR_STORE', `the build has no "${path}"${answer}${remedy}`, { path });
}
