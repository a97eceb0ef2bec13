// A publisher, a network, a clock and a device's storage that fail as they do in the field.

import type { ReleaseIndex } from '../../src/release.ts';
import type { Lock } from '../../src/update/stores/lock.ts';
import { type FileTree, treeStore } from '../../src/update/stores/tree.ts';
import { type BuiltIn, memoryBuiltIn, type ReleaseStore, type Updater } from '../../src/update.ts';
import type { Files } from './release.ts';
import {
  BUILT_IN_TIME,
  createDevice,
  createPublisher,
  fetchFrom,
  NOW,
  type Published,
  type Publisher,
  timeOf,
} from './update.ts';
import { utf8 } from './zip.ts';

const DAY = 86_400_000;

/** The behaviour of the network. */
export type NetworkFault =
  | 'none'
  | 'offline'
  | 'stale index'
  | 'replayed index'
  | 'no index'
  | 'mixed objects'
  | 'says that nothing has changed'
  | 'missing objects'
  | 'missing patches'
  | 'altered objects'
  | 'cut'
  | 'slow'
  | 'no ranges'
  | 'too long'
  | 'lying lengths'
  | 'errors';

export const NETWORK_FAULTS: readonly NetworkFault[] = [
  'none',
  'offline',
  'stale index',
  'replayed index',
  'no index',
  'mixed objects',
  'says that nothing has changed',
  'missing objects',
  'missing patches',
  'altered objects',
  'cut',
  'slow',
  'no ranges',
  'too long',
  'lying lengths',
  'errors',
];

/** Small builds that share most of their bytes. */
export function buildOf(n: number): Files {
  const lines = Array.from({ length: 60 }, (_, i) => `export const line${i} = ${i === n ? n : 0};`);
  return {
    'index.html': utf8(`<!doctype html><script src="assets/index-${n}.js"></script>`),
    [`assets/index-${n}.js`]: utf8(lines.join('\n')),
    'assets/same.css': utf8('body { color: red }'),
  };
}

export const BUILDS = 5;

/** Everything that is sealed once and served again in each run. */
export interface Prepared {
  readonly publisher: Publisher;
  readonly releases: readonly Published[];
  readonly builtIn: BuiltIn;
  readonly builtInId: string;
  readonly filesOf: ReadonlyMap<string, Files>;
}

export async function prepare(): Promise<Prepared> {
  const publisher = createPublisher();
  const builds = Array.from({ length: BUILDS + 1 }, (_, n) => buildOf(n));
  const releases: Published[] = [];
  for (let n = 1; n <= BUILDS; n++) {
    releases.push(await publisher.make(builds[n] as Files, builds.slice(Math.max(0, n - 2), n)));
  }
  const builtIn = await memoryBuiltIn(builds[0] as Files, { createdAt: BUILT_IN_TIME });
  const { id } = JSON.parse(new TextDecoder().decode(await builtIn.readStamp()));
  const filesOf = new Map(releases.map(({ entry, files }) => [entry.id, files]));
  filesOf.set(id, builds[0] as Files);
  return { publisher, releases, builtIn, builtInId: id, filesOf };
}

/** When a process is killed: at this use of a file, before, in the middle of or after its effect. */
export interface Kill {
  readonly after: number;
  readonly effect: 'none' | 'torn' | 'whole';
}

/** The files of a device, as a file system without atomic writes keeps them. */
class MemoryTree implements FileTree {
  readonly #files = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.get(path)?.slice();
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, bytes.slice());
  }

  async list(path: string): Promise<string[]> {
    const prefix = path === '' ? '' : `${path}/`;
    const inside = [...this.#files.keys()].filter((one) => one.startsWith(prefix));
    return [...new Set(inside.map((one) => one.slice(prefix.length).split('/')[0] as string))];
  }

  async remove(path: string): Promise<void> {
    for (const one of this.#below(path)) this.#files.delete(one);
  }

  /** Leaves the second half of a folder. */
  async removeHalf(path: string): Promise<void> {
    const all = this.#below(path);
    for (const one of all.slice(0, all.length >> 1)) this.#files.delete(one);
  }

  #below(path: string): string[] {
    return [...this.#files.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
  }
}

export class World {
  /** The current time of publishers. */
  now: number = NOW;
  /** The error of the device's clock, in milliseconds. */
  skew = 0;
  network: NetworkFault = 'none';
  isFull = false;
  /** The offered releases, newest first, as indexes into the releases. */
  offered: number[] = [];
  withdrawn: number[] = [];
  sequence = 0;
  readonly #prepared: Prepared;
  readonly #store: Map<string, Uint8Array>;
  /** Every index so far, the oldest first. */
  readonly #indexes: Uint8Array[] = [];
  readonly #tree = new MemoryTree();
  #locks = new Map<string, Promise<unknown>>();

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    // Leaves out the index of the previous world.
    this.#store = new Map(
      [...prepared.publisher.store].filter(([path]) => path.startsWith('objects/')),
    );
  }

  get storage(): ReleaseStore {
    return treeStore(this.#tree, (_, task) => task());
  }

  /** What the clock of the device shows. */
  get deviceTime(): number {
    return this.now + this.skew;
  }

  /** Signs the next index. A refresh changes nothing but its times. */
  async publish(): Promise<void> {
    const { publisher, releases } = this.#prepared;
    this.sequence += 1;
    const more: Partial<ReleaseIndex> = {
      sequence: this.sequence,
      issuedAt: timeOf(this.now),
      expiresAt: timeOf(this.now + 30 * DAY),
      withdrawn: this.withdrawn.map((n) => (releases[n] as Published).entry.id),
    };
    const path = 'channels/production.sealed';
    await publisher.offer(
      this.offered.map((n) => releases[n] as Published),
      more,
    );
    const sealed = publisher.store.get(path) as Uint8Array;
    this.#store.set(path, sealed);
    this.#indexes.push(sealed);
  }

  /** A process that runs until the kill, if there is one. `dead` settles when it was killed. */
  async launch(
    kill?: Kill,
  ): Promise<{ readonly updater: Updater; readonly dead: Promise<'dead'> }> {
    const { builtIn } = this.#prepared;
    let left = kill?.after ?? Number.POSITIVE_INFINITY;
    let die = (_: 'dead') => {};
    const dead = new Promise<'dead'>((resolve) => {
      die = resolve;
    });
    const inner = this.#tree;
    const forever = new Promise<never>(() => {});
    /** @param torn - What a kill in the middle of the step leaves behind. */
    const step = async <T>(
      effect: () => Promise<T>,
      torn?: () => Promise<unknown>,
      writes = false,
    ): Promise<T> => {
      left -= 1;
      if (left < 0) return forever;
      if (left === 0 && kill !== undefined) {
        if (kill.effect === 'whole') await effect();
        if (kill.effect === 'torn') await torn?.();
        // The system releases the locks of a killed process.
        this.#locks = new Map();
        die('dead');
        return forever;
      }
      if (writes && this.isFull) throw new DOMException('no space', 'QuotaExceededError');
      return effect();
    };
    const tree: FileTree = {
      read: (path) => step(() => inner.read(path)),
      list: (path) => step(() => inner.list(path)),
      write: (path, bytes) =>
        step(
          () => inner.write(path, bytes),
          () => inner.write(path, bytes.subarray(0, bytes.length >> 1)),
          true,
        ),
      remove: (path) =>
        step(
          () => inner.remove(path),
          () => inner.removeHalf(path),
        ),
    };
    const lock: Lock = (name, task) => {
      // Other branches of a killed process must not take locks.
      if (left <= 0) return forever;
      const locks = this.#locks;
      const before = locks.get(name) ?? Promise.resolve();
      const result = before.then(task);
      locks.set(
        name,
        result.catch(() => {}),
      );
      return result;
    };
    const { updater } = await createDevice(buildOf(0), this.#fetch(), {
      releases: treeStore(tree, lock),
      builtIn,
      now: () => this.deviceTime,
      // Milliseconds of the real clock. Every other network answers at once.
      timeout: this.network === 'slow' ? 10 : 60_000,
    });
    return { updater, dead };
  }

  #fetch(): typeof fetch {
    return fetchFrom(this.#store, (path, request, whole) => {
      const isObject = path.startsWith('objects/');
      switch (this.network) {
        case 'offline':
          throw new TypeError('fetch failed');
        case 'errors':
          return new Response('busy', { status: 503 });
        case 'stale index':
          return isObject ? whole() : this.#indexAt(-2, whole);
        case 'replayed index':
          return isObject ? whole() : this.#indexAt(0, whole);
        case 'no index':
          return isObject ? whole() : new Response('gone', { status: 404 });
        case 'mixed objects':
          return isObject ? this.#another(path) : whole();
        case 'says that nothing has changed':
          return request.headers.has('if-none-match')
            ? new Response(null, { status: 304 })
            : whole();
        case 'missing objects':
          return isObject ? new Response('gone', { status: 404 }) : whole();
        case 'missing patches':
          return isObject && !this.#isBundle(path)
            ? new Response('gone', { status: 404 })
            : whole();
        case 'altered objects':
          return isObject ? altered(whole()) : whole();
        case 'cut':
          return isObject ? cut(whole()) : whole();
        case 'no ranges':
          return new Response(this.#store.get(path) as BodyInit, {
            status: this.#store.has(path) ? 200 : 404,
          });
        case 'slow':
          return isObject ? slow(whole()) : whole();
        case 'too long':
          return isObject ? tooLong(whole(), request) : whole();
        case 'lying lengths':
          return isObject ? lying(whole()) : whole();
        default:
          return whole();
      }
    });
  }

  #indexAt(n: number, whole: () => Response): Response {
    const sealed = this.#indexes.at(n);
    return sealed === undefined ? whole() : new Response(sealed as BodyInit);
  }

  /** The object that the store has beside the one that is asked for, as from a cache that mixes old and new ones. */
  #another(path: string): Response {
    const paths = [...this.#store.keys()].filter((one) => one.startsWith('objects/')).sort();
    const other = paths[(paths.indexOf(path) + 1) % paths.length] as string;
    return new Response(this.#store.get(other) as BodyInit);
  }

  #isBundle(path: string): boolean {
    return this.#prepared.releases.some(
      ({ entry }) => path === `objects/${entry.bundle.sha256}.sealed`,
    );
  }
}

function changed(response: Response, change: (bytes: Uint8Array) => Uint8Array): Response {
  const { body, status, headers } = response;
  if (body === null || !response.ok) return response;
  const pieces = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (piece, controller) => controller.enqueue(change(piece)),
    }),
  );
  return new Response(pieces, { status, headers });
}

const altered = (response: Response) =>
  changed(response, (piece) => {
    const copy = piece.slice();
    copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
    return copy;
  });

/** The connection stays open after the first half, and nothing more comes. */
function slow(response: Response): Response {
  if (response.body === null || !response.ok) return response;
  const { status, headers } = response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await reader.read();
      if (value === undefined) return new Promise(() => {});
      controller.enqueue(value.subarray(0, value.length >> 1));
      return new Promise(() => {});
    },
  });
  return new Response(body, { status, headers });
}

/** Says that the body is another part of the object than it is, and breaks off half-way. */
function lying(response: Response): Response {
  if (!response.ok) return response;
  const { body, status, headers } = cut(response);
  const range = headers.get('content-range') ?? 'bytes 0-9/10';
  const said = range.replace(/\d+/, (start) => `${Number(start) + 1}`);
  const lies = { 'content-length': '1', 'content-range': said };
  return new Response(body, { status, headers: lies });
}

/** A connection that breaks half-way, each time. */
const cut = (response: Response) =>
  changed(response, (piece) => piece.slice(0, Math.max(1, piece.length >> 1)));

const tooLong = (response: Response, request: Request) =>
  changed(response, (piece) => {
    const longer = new Uint8Array(piece.length + 1000);
    longer.set(piece);
    return request.headers.has('range') ? piece : longer;
  });
