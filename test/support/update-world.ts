// A publisher, a network, a clock and a device's storage that fail as they do in the field.

import type { ReleaseIndex } from '../../src/release.ts';
import {
  type BuiltIn,
  memoryBuiltIn,
  memoryStore,
  type ReleaseStore,
  type Updater,
} from '../../src/update.ts';
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
  | 'says that nothing has changed'
  | 'missing objects'
  | 'missing patches'
  | 'altered objects'
  | 'cut'
  | 'no ranges'
  | 'too long'
  | 'errors';

export const NETWORK_FAULTS: readonly NetworkFault[] = [
  'none',
  'offline',
  'stale index',
  'says that nothing has changed',
  'missing objects',
  'missing patches',
  'altered objects',
  'cut',
  'no ranges',
  'too long',
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

/** When a process is killed: at this use of the store, before or after its effect. */
export interface Kill {
  readonly after: number;
  readonly isApplied: boolean;
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
  #stale: Uint8Array | undefined;
  #releases: ReleaseStore = memoryStore();
  #locks = new Map<string, Promise<unknown>>();

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    // Leaves out the index of the previous world.
    this.#store = new Map(
      [...prepared.publisher.store].filter(([path]) => path.startsWith('objects/')),
    );
  }

  get storage(): ReleaseStore {
    return this.#releases;
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
    this.#stale = this.#store.get(path);
    await publisher.offer(
      this.offered.map((n) => releases[n] as Published),
      more,
    );
    this.#store.set(path, publisher.store.get(path) as Uint8Array);
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
    const inner = this.#releases;
    const forever = new Promise<never>(() => {});
    const step = async <T>(effect: () => Promise<T>, writes: boolean): Promise<T> => {
      left -= 1;
      if (left < 0) return forever;
      if (left === 0 && kill !== undefined) {
        if (kill.isApplied) await effect().catch(() => {});
        // The system releases the locks of a killed process.
        this.#locks = new Map();
        die('dead');
        return forever;
      }
      if (writes && this.isFull) throw new DOMException('no space', 'QuotaExceededError');
      return effect();
    };
    const releases: ReleaseStore = {
      readState: () => step(() => inner.readState(), false),
      writeState: (bytes) => step(() => inner.writeState(bytes), true),
      list: () => step(() => inner.list(), false),
      open: (id) => step(() => inner.open(id), false),
      remove: (id) => step(() => inner.remove(id), false),
      write: async (id, files) => {
        const written: { path: string; bytes: Uint8Array }[] = [];
        for await (const file of files) {
          await step(async () => written.push(file), true);
        }
        await step(
          () =>
            inner.write(
              id,
              (async function* () {
                yield* written;
              })(),
            ),
          true,
        );
      },
      lock: (name, task) => {
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
      },
    };
    const { updater } = await createDevice(buildOf(0), this.#fetch(), {
      releases,
      builtIn,
      now: () => this.now + this.skew,
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
          return isObject || this.#stale === undefined
            ? whole()
            : new Response(this.#stale as BodyInit);
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
        case 'too long':
          return isObject ? tooLong(whole(), request) : whole();
        default:
          return whole();
      }
    });
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

/** A connection that breaks half-way, each time. */
const cut = (response: Response) =>
  changed(response, (piece) => piece.slice(0, Math.max(1, piece.length >> 1)));

const tooLong = (response: Response, request: Request) =>
  changed(response, (piece) => {
    const longer = new Uint8Array(piece.length + 1000);
    longer.set(piece);
    return request.headers.has('range') ? piece : longer;
  });
