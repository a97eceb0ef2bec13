// What a device has shown so far, and what it may therefore do next. Each function compares the device with it.

import { expect } from 'vitest';
import type { StampFloor } from '../../src/release.ts';
import type { RunningRelease, Updater, UpdaterStatus } from '../../src/update.ts';
import type { Harm } from './memory-tree.ts';
import type { IndexContent } from './publisher-channel.ts';
import { type ChannelName, type Kill, type Prepared, World } from './update-world.ts';

/** Current, previous, ready or next, and what is being written. */
const MAX_RELEASES = 4;
/** Older releases of open pages when a later release starts, as docs/updates.md says. */
const MAX_PAGE_RELEASES = 2;
/** The default of `maxStarts`. */
const MAX_STARTS = 3;

export class Life {
  readonly world: World;
  /** Ids that must never run again. */
  readonly failed: Set<string> = new Set();
  /** Ids whose confirmation was stored, as the caller was told. */
  readonly confirmed: Set<string> = new Set();
  /** Starts of a release since it was chosen, without a confirmation. */
  readonly starts: Map<string, number> = new Map();
  /** Ids of releases whose files were harmed, and whether the updater has told that and stored it. */
  readonly harmed: Map<string, boolean> = new Map();
  /** By channel, the mark of the highest index that the device has shown. */
  readonly highest: Map<string, StampFloor> = new Map();
  /** By open page, the release that its start gave. */
  readonly pages: Map<string, string> = new Map();
  /** The states that the storage had, the oldest one first. A backup may have any of them. */
  readonly states: Uint8Array[] = [];
  /** The number of pages that were loaded. */
  loads = 0;
  /** The highest epoch of keys that the device has shown. */
  epoch = 0;
  channel: ChannelName = 'production';
  /** The release that the last start gave. */
  running: string | undefined;
  /** The release that a process was confirming when it was killed, if it was. The device may have stored that. */
  confirming: string | undefined;
  /** The release that was activated before the last native update. */
  activatedBefore: string | undefined;
  /** Whether the app has ordered the built-in release for the next start. */
  isBuiltInOrdered = false;

  readonly prepared: Prepared;

  constructor(prepared: Prepared) {
    this.prepared = prepared;
    this.world = new World(prepared);
  }

  timeOf(id: string): string {
    return this.prepared.releases.find(({ entry }) => entry.id === id)?.entry.createdAt ?? '';
  }
}

interface Launch {
  readonly updater: Updater;
  /** Settles when the process is killed. */
  readonly dead: Promise<'dead'>;
  readonly id: string;
}

interface LaunchOptions {
  readonly kill?: Kill | undefined;
  /** Another program does this to the running release before its files are read. */
  readonly harm?: Harm | undefined;
  /** A page of a website starts, and stays open. */
  readonly isPage?: boolean;
  /** Resolves with the result of a start that cannot store a state. */
  readonly withoutLock?: (updater: Updater) => Promise<RunningRelease>;
}

/** What the state of the device says beside `status`. */
interface Memory {
  /** The epoch of the keys that the device trusts. */
  readonly epoch: number;
  readonly floors: readonly StampFloor[];
  /** The release of the last download, which a kill may have ended. */
  readonly fetching?: string;
}

async function memoryOf({ world }: Life): Promise<Memory> {
  const state = await world.storage.readState();
  if (state === undefined) return { epoch: 0, floors: [] };
  const { builtIn, keys, floors, fetching } = JSON.parse(new TextDecoder().decode(state));
  // The state is that of the app before a native update. Its keys and marks do not count for the new app.
  if (builtIn !== world.builtInId) return { epoch: 0, floors: [] };
  return { epoch: keys?.epoch ?? 0, floors, fetching };
}

/** The index that the device has accepted last in its channel. It offers nothing if later keys replaced its key. */
async function acceptedBy(life: Life, { channel, index }: UpdaterStatus): Promise<IndexContent> {
  const content = life.world.channels[channel as ChannelName].contentOf(index?.sequence);
  const isOld = index !== undefined && index.epoch < (await memoryOf(life)).epoch;
  return isOld ? { ...content, offers: [] } : content;
}

/** Starts a page as a service worker does. */
function startPage({ pages }: Life, updater: Updater, client: string): Promise<RunningRelease> {
  updater.keepClients([...pages.keys(), client]).catch(() => {});
  return updater.start({ client });
}

/** Starts a process and checks the release that it gets. `undefined` if it was killed before it could be checked. */
export async function launch(
  life: Life,
  { kill, harm, isPage = false, withoutLock }: LaunchOptions = {},
): Promise<Launch | undefined> {
  const { world } = life;
  const before = await (await world.launch()).updater.status();
  const index = await acceptedBy(life, before);
  const { updater, dead } = await world.launch(kill);
  life.loads += 1;
  const client = isPage ? `page ${life.loads}` : undefined;
  const starting =
    withoutLock?.(updater) ??
    (client === undefined ? updater.start() : startPage(life, updater, client));
  const started = await Promise.race([starting, dead]);
  if (started === 'dead') return undefined;
  const { id } = started;
  const isUncounted = withoutLock !== undefined || world.isFull;
  const after = await Promise.race([updater.status(), dead]);
  if (after === 'dead') return undefined;
  checkChoice(life, { before, after, index, isUncounted }, id);
  countStart(life, before, after, id);
  // A page whose release could not be stored keeps it only while the process runs.
  if (client !== undefined && !isUncounted) life.pages.set(client, id);
  life.running = id;
  if (harm !== undefined && id !== world.builtInId) {
    await world.harm(id, harm);
    life.harmed.set(id, false);
  }
  const isWhole = await readAll(life, started, dead);
  if (isWhole === 'dead') return undefined;
  if (isWhole) life.harmed.delete(id);
  else if (!world.isFull && withoutLock === undefined) {
    if ((await Promise.race([updater.idle(), dead])) === 'dead') return undefined;
    life.harmed.set(id, true);
  }
  return { updater, dead, id };
}

/** Reads every file of the running release. Resolves with false if one was harmed. */
async function readAll(
  { prepared, harmed }: Life,
  { id, files }: { readonly id: string; readonly files: RunningRelease['files'] },
  dead: Promise<'dead'>,
): Promise<boolean | 'dead'> {
  for (const [path, bytes] of Object.entries(prepared.filesOf.get(id) ?? {})) {
    const read = await Promise.race([
      files.read(path).catch((error: unknown) => ({ error })),
      dead,
    ]);
    if (read === 'dead') return read;
    if ('error' in read) {
      expect(read.error).toMatchObject({ code: 'ERR_STORE' });
      expect(
        harmed.get(id),
        `only a release that was harmed unnoticed is not whole: ${read.error}`,
      ).toBe(false);
      return false;
    }
    expect(read, 'a file is the one that was published').toEqual(bytes);
  }
  return true;
}

interface Start {
  readonly before: UpdaterStatus;
  readonly after: UpdaterStatus;
  /** What the device has accepted before. */
  readonly index: IndexContent;
  /** Whether the start could store nothing. */
  readonly isUncounted: boolean;
}

function checkChoice(life: Life, { before, after, index, isUncounted }: Start, id: string): void {
  const { prepared, world, confirmed } = life;
  expect([...prepared.filesOf.keys()], 'a start gives a release that was published').toContain(id);
  expect([...life.failed], 'a release that failed never runs again').not.toContain(id);
  const blocked = after.blocked.filter(
    ({ until }) => until === undefined || world.deviceTime < Date.parse(until),
  );
  const isBlocked = (one: string) => blocked.some((other) => other.id === one);
  expect(isBlocked(id), 'a blocked release never runs').toBe(false);
  for (const one of confirmed) {
    const isUnjust = isBlocked(one) && !life.failed.has(one) && one === before.running.id;
    expect(isUnjust, 'a confirmed release that did not fail is not blocked').toBe(false);
  }
  const from = before.running.id;
  const isIll = (one: string) => index.withdrawn.includes(one) || isBlocked(one);
  // A start must be counted before a release on trial is handed out, and what cannot be stored is not counted.
  const isLeft = isIll(from) || life.harmed.has(from) || (isUncounted && !confirmed.has(from));
  if (id === world.builtInId) {
    const isChosen = from === id || before.next?.id === id;
    expect(isChosen || isLeft, 'the built-in release runs only if it has to').toBe(true);
    if (isUncounted && !isLeft && from !== id) expect.fail('an order was followed uncounted');
  } else {
    expect(index.withdrawn, 'a withdrawn release does not run').not.toContain(id);
    const isBack = id === before.previous?.id && isLeft;
    const mayFollow = [from, life.running ?? from].some((one) =>
      isOffered(life, index, id, one, isIll),
    );
    // A native update keeps an activated release that is newer than the built-in one. The next check judges it again.
    const isKept =
      id === before.next?.id &&
      id === life.activatedBefore &&
      life.timeOf(id) > life.timeOf(world.builtInId);
    expect(
      id === from || isBack || ((mayFollow || isKept) && !isUncounted),
      'a release starts anew only if the last index offers it to this device',
    ).toBe(true);
  }
  if (id !== from && id === before.next?.id) {
    const older = new Set([...life.pages.values(), from]);
    older.delete(id);
    expect(older.size, 'a release waits for pages of older ones').toBeLessThanOrEqual(
      MAX_PAGE_RELEASES,
    );
  }
  // An order waits for pages too.
  if (!life.isBuiltInOrdered || isUncounted || after.isActivationWaiting) return;
  expect(id, 'the app has ordered the built-in release').toBe(world.builtInId);
  life.isBuiltInOrdered = false;
}

/** Whether an index moves a device that runs `from` to `id`, if all releases in front of that one fail. */
function isOffered(
  life: Life,
  { offers, withdrawn }: IndexContent,
  id: string,
  from: string,
  isIll: (id: string) => boolean,
): boolean {
  const at = offers.findIndex((offer) => offer.id === id);
  if (at === -1 || offers[at]?.isStopped === true) return false;
  const place = offers.findIndex((offer) => offer.id === from);
  if (isIll(from)) {
    // The release may have failed after the check that moved the device from it.
    const isMoved = !withdrawn.includes(from) && at < place;
    return isMoved || life.timeOf(id) > life.timeOf(life.world.builtInId);
  }
  return place === -1 ? life.timeOf(id) > life.timeOf(from) : at < place;
}

function countStart(life: Life, before: UpdaterStatus, after: UpdaterStatus, id: string): void {
  const isBack = id === before.previous?.id;
  // After an order for the built-in release, the release before it may start on trial again.
  const isNewTrial = after.running.id === id && after.trial !== undefined;
  if (id !== before.running.id && (!isBack || isNewTrial)) {
    life.starts.delete(id);
    life.confirmed.delete(id);
  }
  if (id === life.world.builtInId || life.confirmed.has(id)) return;
  const starts = (life.starts.get(id) ?? 0) + 1;
  life.starts.set(id, starts);
  expect(starts, 'a release that is not confirmed starts three times').toBeLessThanOrEqual(
    MAX_STARTS,
  );
}

/** Looks at a device after a process has ended. */
export async function look(life: Life): Promise<UpdaterStatus> {
  const { world, channel, highest, pages } = life;
  const { updater } = await world.launch();
  const status = await updater.status();
  if (status.running.id === life.confirming && status.trial === undefined) {
    life.confirmed.add(life.confirming);
  }
  life.confirming = undefined;
  expect(status.channel, 'the channel is the one that was set last').toBe(channel);
  const { epoch, floors } = await memoryOf(life);
  expect(epoch, 'the highest epoch of keys is never forgotten').toBeGreaterThanOrEqual(life.epoch);
  life.epoch = epoch;
  const floor = floors.find((one) => one.channel === channel);
  const known = highest.get(channel);
  // Later keys end the marks of the epochs before.
  if (known !== undefined && known.epoch >= epoch) {
    expect(floor?.epoch ?? -1, 'the highest index is never forgotten').toBeGreaterThanOrEqual(
      known.epoch,
    );
    expect(floor?.sequence ?? -1, 'the highest index is never forgotten').toBeGreaterThanOrEqual(
      known.sequence,
    );
  }
  if (floor !== undefined) highest.set(channel, floor);
  expect(floor?.sequence ?? 0, 'a retired key signs no index').toBeLessThanOrEqual(
    world.channels[channel].indexes.length,
  );
  const state = await world.storage.readState();
  if (state !== undefined) life.states.push(state);
  const stored = await world.storage.list();
  const held = new Set(pages.values());
  expect(stored.filter((id) => !held.has(id)).length, 'the storage is bounded').toBeLessThanOrEqual(
    MAX_RELEASES,
  );
  for (const [client, id] of pages) await lookAtPage(life, updater, client, id);
  return status;
}

/** A page gets files of its own release from every process, unless another program has harmed them. */
async function lookAtPage(
  { prepared, harmed }: Life,
  updater: Updater,
  client: string,
  id: string,
): Promise<void> {
  if (harmed.has(id)) return;
  const release = await updater.releaseOf(client);
  expect(release?.id, 'an open page keeps its release').toBe(id);
  for (const [path, bytes] of Object.entries(prepared.filesOf.get(id) ?? {})) {
    expect(await release?.files.read(path), 'a page gets the files of its release').toEqual(bytes);
  }
}

/** When everything works again, every device gets the release that its channel offers. */
export async function heal(life: Life): Promise<void> {
  const { world, failed } = life;
  world.network = 'none';
  world.isFull = false;
  world.skew = 0;
  await world.publish(life.channel);
  const load = async () => {
    life.pages.clear();
    return (await launch(life, { isPage: true })) as Launch;
  };
  for (let i = 0; i < 7; i++) {
    const { updater, id } = await load();
    await updater.update();
    if (await updater.confirm(id)) life.confirmed.add(id);
    await updater.idle();
    // The device tries a release again that was blocked for a day.
    world.now += 86_400_001;
    await world.publish(life.channel);
    updater.dispose();
  }
  const { updater, id } = await load();
  await updater.idle();
  const status = await updater.status();
  const { running, previous, ready, next } = status;
  const { epoch, fetching } = await memoryOf(life);
  const named = [...[running, previous, ready, next].map((release) => release?.id), fetching];
  for (const one of await world.storage.list()) {
    expect(named, 'the releases of closed pages are removed').toContain(one);
  }
  expect(epoch, 'the keys of the recovery key arrive').toBe(world.epoch);
  const index = world.channels[life.channel].contentOf(world.channels[life.channel].indexes.length);
  const isBlocked = (one: string) =>
    failed.has(one) ||
    status.blocked.some((other) => other.id === one && other.until === undefined);
  const isIll = (one: string) => index.withdrawn.includes(one) || isBlocked(one);
  const better = index.offers.filter(
    (offer) => offer.id !== id && !isIll(offer.id) && isOffered(life, index, offer.id, id, isIll),
  );
  expect(better, 'the release in front arrives').toEqual([]);
}
