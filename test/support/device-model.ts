// What a device has shown so far, and what it may therefore do next. Each function compares the device with it.

import { expect } from 'vitest';
import type { Updater, UpdaterStatus } from '../../src/update.ts';
import type { Harm } from './memory-tree.ts';
import type { IndexContent } from './publisher-channel.ts';
import { type ChannelName, type Kill, type Prepared, World } from './update-world.ts';

/** Current, previous, ready or next, and what is being written. */
const MAX_RELEASES = 4;
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
  /** By channel, the sequence of the highest index that the device has shown. */
  readonly highest: Map<string, number> = new Map();
  channel: ChannelName = 'production';
  /** The release that the last start gave. */
  running: string | undefined;
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
  /** Resolves with the result of a start that cannot store a state. */
  readonly withoutLock?: (updater: Updater) => Promise<{ readonly id: string }>;
}

/** The index that the device has accepted last in its channel. */
function acceptedBy({ world }: Life, { channel, index }: UpdaterStatus): IndexContent {
  return world.channels[channel as ChannelName].contentOf(index?.sequence);
}

/** Starts a process and checks the release that it gets. `undefined` if it was killed before it could be checked. */
export async function launch(
  life: Life,
  { kill, harm, withoutLock }: LaunchOptions = {},
): Promise<Launch | undefined> {
  const { world, prepared } = life;
  const before = await (await world.launch()).updater.status();
  const { updater, dead } = await world.launch(kill);
  const started = await Promise.race([withoutLock?.(updater) ?? updater.start(), dead]);
  if (started === 'dead') return undefined;
  const { id } = started;
  const isUncounted = withoutLock !== undefined || world.isFull;
  const after = await Promise.race([updater.status(), dead]);
  if (after === 'dead') return undefined;
  checkChoice(life, before, after, id, isUncounted);
  countStart(life, before, id);
  life.running = id;
  if (harm !== undefined && id !== prepared.builtInId) {
    await world.harm(id, harm);
    life.harmed.set(id, false);
  }
  const isWhole = await readAll(life, updater, id, dead);
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
  updater: Updater,
  id: string,
  dead: Promise<'dead'>,
): Promise<boolean | 'dead'> {
  const { files } = await updater.start();
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

/** @param isUncounted - Whether the start could store nothing. */
function checkChoice(
  life: Life,
  before: UpdaterStatus,
  after: UpdaterStatus,
  id: string,
  isUncounted: boolean,
): void {
  const { prepared, world, confirmed } = life;
  const index = acceptedBy(life, before);
  expect([...prepared.filesOf.keys()], 'a start gives a release that was published').toContain(id);
  expect([...life.failed], 'a release that failed never runs again').not.toContain(id);
  const blocked = after.blocked.filter(
    ({ until }) => until === undefined || world.deviceTime < until,
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
  if (id === prepared.builtInId) {
    const isChosen = from === id || before.next?.id === id;
    expect(isChosen || isLeft, 'the built-in release runs only if it has to').toBe(true);
    if (isUncounted && !isLeft && from !== id) expect.fail('an order was followed uncounted');
  } else {
    expect(index.withdrawn, 'a withdrawn release does not run').not.toContain(id);
    const isBack = id === before.previous?.id && isLeft;
    const mayFollow = [from, life.running ?? from].some((one) =>
      isOffered(life, index, id, one, isIll),
    );
    expect(
      id === from || isBack || (mayFollow && !isUncounted),
      'a release starts anew only if the last index offers it to this device',
    ).toBe(true);
  }
  if (!life.isBuiltInOrdered || isUncounted) return;
  expect(id, 'the app has ordered the built-in release').toBe(prepared.builtInId);
  life.isBuiltInOrdered = false;
}

/** Whether an index moves a device that runs `from` to `id`, if all releases in front of that one fail. */
function isOffered(
  life: Life,
  { offers }: IndexContent,
  id: string,
  from: string,
  isIll: (id: string) => boolean,
): boolean {
  const at = offers.findIndex((offer) => offer.id === id);
  if (at === -1 || offers[at]?.isStopped === true) return false;
  if (isIll(from)) return true;
  const place = offers.findIndex((offer) => offer.id === from);
  return place === -1 ? life.timeOf(id) > life.timeOf(from) : at < place;
}

function countStart(life: Life, before: UpdaterStatus, id: string): void {
  if (id !== before.running.id && id !== before.previous?.id) {
    life.starts.delete(id);
    life.confirmed.delete(id);
  }
  if (id === life.prepared.builtInId || life.confirmed.has(id)) return;
  const starts = (life.starts.get(id) ?? 0) + 1;
  life.starts.set(id, starts);
  expect(starts, 'a release that is not confirmed starts three times').toBeLessThanOrEqual(
    MAX_STARTS,
  );
}

/** Looks at a device after a process has ended. */
export async function look(life: Life): Promise<UpdaterStatus> {
  const { world, channel, highest } = life;
  const { updater } = await world.launch();
  const status = await updater.status();
  expect(status.channel, 'the channel is the one that was set last').toBe(channel);
  const sequence = status.index?.sequence ?? 0;
  expect(sequence, 'the highest index is never forgotten').toBeGreaterThanOrEqual(
    highest.get(channel) ?? 0,
  );
  highest.set(channel, sequence);
  expect((await world.storage.list()).length, 'the storage is bounded').toBeLessThanOrEqual(
    MAX_RELEASES,
  );
  return status;
}

/** When everything works again, every device gets the release that its channel offers. */
export async function heal(life: Life): Promise<void> {
  const { world, failed } = life;
  world.network = 'none';
  world.isFull = false;
  world.skew = 0;
  await world.publish(life.channel);
  for (let i = 0; i < 7; i++) {
    const { updater, id } = (await launch(life)) as Launch;
    await updater.update();
    if (await updater.confirm(id)) life.confirmed.add(id);
    await updater.idle();
    // The device tries a release again that was blocked for a day.
    world.now += 86_400_001;
    await world.publish(life.channel);
    updater.dispose();
  }
  const { updater, id } = (await launch(life)) as Launch;
  const status = await updater.status();
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
