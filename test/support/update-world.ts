// A publisher, a network, a clock and a device's storage that fail as they do in the field.

import { openIndexWithMark, readStamp, type StampFloor, writeStamp } from '../../src/release.ts';
import type { Lock } from '../../src/update/stores/lock.ts';
import { type FileTree, treeStore } from '../../src/update/stores/tree.ts';
import {
  type BuiltIn,
  memoryBuiltIn,
  type ReleaseStore,
  type StoreLock,
  type Updater,
} from '../../src/update.ts';
import { type Harm, MemoryTree } from './memory-tree.ts';
import { altered, cut, lying, slow, tooLong } from './network-faults.ts';
import { PublisherChannel } from './publisher-channel.ts';
import { Recovery } from './recovery.ts';
import type { Files } from './release.ts';
import {
  APP,
  BUILT_IN_TIME,
  createDevice,
  createPublisher,
  fetchFrom,
  NOW,
  type Published,
  type Publisher,
} from './update.ts';
import { utf8 } from './zip.ts';

/** The channels of the publisher. Devices start in the first one. */
export const CHANNELS = ['production', 'beta'] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** The behaviours of the network. */
export const NETWORK_FAULTS = [
  'none',
  'offline',
  'stale index',
  'replayed index',
  'no index',
  'no keys',
  'older keys',
  'index of the retired key',
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
] as const;
export type NetworkFault = (typeof NETWORK_FAULTS)[number];

const KEYS = 'keys.sealed';

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
/** The number of native updates that an app can get. */
export const NATIVE_UPDATES = 2;

/** A release that an app is shipped with. */
export interface Shipped {
  readonly builtIn: BuiltIn;
  readonly id: string;
}

/** Everything that is sealed once and served again in each run. */
export interface Prepared {
  readonly publisher: Publisher;
  readonly recovery: Recovery;
  readonly releases: readonly Published[];
  readonly builtIn: BuiltIn;
  readonly builtInId: string;
  /** The built-in release of the first app and those of its native updates, which are published releases too. */
  readonly shipped: readonly Shipped[];
  readonly filesOf: ReadonlyMap<string, Files>;
}

export async function prepare(): Promise<Prepared> {
  const publisher = createPublisher();
  const builds = Array.from({ length: BUILDS + 1 }, (_, n) => buildOf(n));
  const releases: Published[] = [];
  for (let n = 1; n <= BUILDS; n++) {
    releases.push(await publisher.make(builds[n] as Files, builds.slice(Math.max(0, n - 2), n)));
  }
  const shipped: Shipped[] = [];
  for (let n = 0; n <= NATIVE_UPDATES; n++) {
    const createdAt = releases[n - 1]?.entry.createdAt ?? BUILT_IN_TIME;
    const builtIn = await memoryBuiltIn(builds[n] as Files, { createdAt });
    shipped.push({ builtIn, id: readStamp(await builtIn.readStamp()).id });
  }
  const { builtIn, id } = shipped[0] as Shipped;
  const filesOf = new Map(releases.map(({ entry, files }) => [entry.id, files]));
  filesOf.set(id, builds[0] as Files);
  const recovery = await Recovery.create();
  return { publisher, recovery, releases, builtIn, builtInId: id, shipped, filesOf };
}

/** When a process is killed: at this use of a file, before, in the middle of or after its effect. */
export interface Kill {
  readonly after: number;
  readonly effect: 'none' | 'torn' | 'whole';
}

export class World {
  /** The current time of publishers. */
  now: number = NOW;
  /** The error of the device's clock, in milliseconds. */
  skew = 0;
  network: NetworkFault = 'none';
  isFull = false;
  /** The number of lists of keys that the recovery key has signed. */
  epoch = 0;
  /** What the installed app brings. */
  #shipped: Shipped;
  #publicKey: string;
  readonly channels: Readonly<Record<ChannelName, PublisherChannel>>;
  readonly #prepared: Prepared;
  readonly #store: Map<string, Uint8Array>;
  readonly #tree = new MemoryTree();
  #locks = new Map<string, Promise<unknown>>();
  #onLock = () => {};
  /** Objects come when it resolves. */
  #gate: Promise<void> | undefined;
  #onGate = () => {};

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    const { publisher, releases, recovery } = prepared;
    this.#shipped = prepared.shipped[0] as Shipped;
    this.#publicKey = recovery.keyOf(0).publicKey;
    const [production, beta] = CHANNELS.map(
      (name) => new PublisherChannel(name, publisher, releases),
    ) as [PublisherChannel, PublisherChannel];
    this.channels = { production, beta };
    // Leaves out the indexes of the previous world.
    this.#store = new Map([...publisher.store].filter(([path]) => path.startsWith('objects/')));
  }

  get storage(): ReleaseStore {
    return treeStore(this.#tree, (_, task) => task());
  }

  /** What the clock of the device shows. */
  get deviceTime(): number {
    return this.now + this.skew;
  }

  async publish(channel: ChannelName): Promise<void> {
    const signing = this.#prepared.recovery.keyOf(this.epoch);
    const sealed = await this.channels[channel].publish(this.now, signing);
    this.#store.set(`channels/${channel}.sealed`, sealed);
  }

  /** The recovery key replaces the key of the build machine. The indexes of the new key come later. */
  async rotate(): Promise<void> {
    this.epoch += 1;
    this.#store.set('keys.sealed', await this.#prepared.recovery.listOf(this.epoch));
  }

  get builtInId(): string {
    return this.#shipped.id;
  }

  /** Installs a newer app, which brings the present key and the marks of the present indexes. */
  async updateApp(n: number): Promise<readonly StampFloor[]> {
    const { recovery, shipped } = this.#prepared;
    const { builtIn, id } = shipped[n] as Shipped;
    const floors: StampFloor[] = [];
    for (const channel of CHANNELS) {
      const { last } = this.channels[channel];
      if (last === undefined) continue;
      const { epoch, sealed } = last;
      const { publicKey } = recovery.keyOf(epoch);
      const options = { publicKey, appId: APP, channel, epoch, now: NOW };
      floors.push({ channel, ...(await openIndexWithMark(sealed, options)).mark });
    }
    const stamp = writeStamp({ ...readStamp(await builtIn.readStamp()), floors });
    this.#shipped = { builtIn: { ...builtIn, readStamp: async () => stamp }, id };
    this.#publicKey = recovery.keyOf(this.epoch).publicKey;
    return floors;
  }

  /** Restores a state from a backup while a task runs. Afterwards the storage is as before. */
  restoring(state: Uint8Array, task: () => Promise<void>): Promise<void> {
    return this.#tree.undoing(async () => {
      await this.storage.writeState(state);
      await task();
      this.#locks = new Map();
    });
  }

  harm(id: string, how: Harm): Promise<void> {
    return this.#tree.harm(id, how);
  }

  /** Another process holds a lock until `free`. `asked` resolves when the device waits for it. */
  hold(name: StoreLock): { readonly asked: Promise<void>; free(): void } {
    let free = () => {};
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#locks.set(name, Promise.all([this.#locks.get(name), held]));
    const asked = new Promise<void>((resolve) => {
      this.#onLock = resolve;
    });
    return { asked, free };
  }

  /** Holds every object back until `open`. `reached` resolves when the device asks for one. */
  holdObjects(): { readonly reached: Promise<void>; open(): void } {
    let open = () => {};
    this.#gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      this.#onGate = resolve;
    });
    return {
      reached,
      open: () => {
        this.#gate = undefined;
        open();
      },
    };
  }

  /** A process that runs until the kill, if there is one. `dead` settles when it was killed. */
  async launch(
    kill?: Kill,
  ): Promise<{ readonly updater: Updater; readonly dead: Promise<'dead'> }> {
    const { builtIn } = this.#shipped;
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
      this.#onLock();
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
      publicKey: this.#publicKey,
      recoveryPublicKey: this.#prepared.recovery.publicKey,
      now: () => this.deviceTime,
      // Milliseconds of the real clock. Every other network answers at once.
      timeout: this.network === 'slow' ? 10 : 60_000,
    });
    return { updater, dead };
  }

  #fetch(): typeof fetch {
    return fetchFrom(this.#store, async (path, request, whole) => {
      const isObject = path.startsWith('objects/');
      if (isObject && this.#gate !== undefined) {
        this.#onGate();
        await this.#gate;
      }
      switch (this.network) {
        case 'offline':
          throw new TypeError('fetch failed');
        case 'errors':
          return new Response('busy', { status: 503 });
        case 'stale index':
          return isObject ? whole() : this.#indexAt(path, -2, whole);
        case 'replayed index':
          return isObject ? whole() : this.#indexAt(path, 0, whole);
        case 'no index':
          return isObject ? whole() : new Response('gone', { status: 404 });
        case 'no keys':
          return path === KEYS ? new Response('gone', { status: 404 }) : whole();
        case 'older keys':
          return path === KEYS && this.epoch > 1
            ? new Response((await this.#prepared.recovery.listOf(this.epoch - 1)) as BodyInit)
            : whole();
        case 'index of the retired key':
          return this.#forged(path, whole);
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

  #indexAt(path: string, n: number, whole: () => Response): Response {
    const channel = CHANNELS.find((name) => path === `channels/${name}.sealed`);
    const sealed = channel && this.channels[channel].indexes.at(n);
    return sealed === undefined ? whole() : new Response(sealed as BodyInit);
  }

  async #forged(path: string, whole: () => Response): Promise<Response> {
    const channel = CHANNELS.find((name) => path === `channels/${name}.sealed`);
    if (channel === undefined || this.epoch === 0) return whole();
    const withdrawn = this.#prepared.releases.map(({ entry }) => entry.id);
    const { recovery } = this.#prepared;
    return new Response((await recovery.forgedIndex(channel, this.epoch, withdrawn)) as BodyInit);
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
