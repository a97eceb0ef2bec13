// All changes of a device's state, as pure functions from one state to the next. This module does no input or output.

import type { KnownRelease } from '../release/choose.ts';
import type { ReleaseStamp } from '../release/stamp.ts';
import { raised, withLatest } from './floors.ts';
import { isActivationWaiting } from './page-bindings.ts';
import {
  type AcceptedIndex,
  type BlockedRelease,
  type DeviceState,
  type InstalledRelease,
  type LastCheck,
  type SettledCheck,
  storableText,
  type TrustedKeys,
} from './state.ts';

/** The inputs of a transition besides the state. */
export interface DeviceFacts {
  /** The clock, in milliseconds since 1970. */
  readonly now: number;
  readonly runtime: string | undefined;
  readonly maxStarts: number;
}

/** Milliseconds for which a release is blocked if it was started and not confirmed. */
export const UNCONFIRMED_BLOCK = 86_400_000;

/** The most blocks of releases that no index offers, and the most blocks with a reason of full length. */
const MAX_OTHER_BLOCKS = 100;

/** The number of channels whose offered and withdrawn releases are remembered: the one in use, and the one before. */
const MAX_ACCEPTED = 2;

/** The length to which the reason of an older block is cut, in UTF-16 code units. */
const SHORT_REASON = 60;

/**
 * Compares the built-in release with the built-in release of the last start. If they differ, the app was updated: the device
 * trusts the keys in the app again, takes the floors from the new stamp, and runs the new built-in release unless the running
 * release was made later.
 */
export function meetBuiltIn(state: DeviceState, stamp: ReleaseStamp): DeviceState {
  if (state.builtIn === stamp.id) {
    const floors = raised(state.floors, stamp.floors);
    return isSame(floors, state.floors) ? state : { ...state, floors };
  }
  const { keys: _, isBuiltInAltered: __, ...rest } = state;
  const isNewer = (id: string | undefined) =>
    id !== undefined &&
    state.installed.some((release) => release.id === id && release.createdAt > stamp.createdAt);
  const next: DeviceState = {
    ...rest,
    builtIn: stamp.id,
    blocked: rest.blocked.filter(({ id }) => id !== stamp.id),
    floors: stamp.floors ?? [],
  };
  const isOrder = state.next === state.builtIn;
  const kept = without(
    next,
    ...(['previous', 'ready', 'next'] as const).filter((name) => !isNewer(state[name])),
  );
  // An order to run the built-in release means the new one. A built-in release needs no trial, whatever time its entry has.
  const ordered = isOrder ? { ...kept, next: stamp.id } : kept;
  if (state.running !== stamp.id && isNewer(state.running)) return ordered;
  return without({ ...kept, running: stamp.id }, 'trial');
}

/** Calls {@link meetBuiltIn}, and records the digest of the stamp. */
export function meetStamp(state: DeviceState, shipped: ReleaseStamp, digest: string): DeviceState {
  return { ...meetBuiltIn(state, shipped), stamp: digest };
}

/** Records that the store has a new copy of the built-in release. */
export function copied(state: DeviceState, stamp: ReleaseStamp): DeviceState {
  const { isBuiltInAltered: _, ...rest } = meetBuiltIn(state, stamp);
  return without(rest, 'fetching');
}

/**
 * Adds the releases that are found in the store after the state was lost.
 *
 * @param found - In the order of their `createdAt`.
 */
export function adopt(state: DeviceState, found: readonly InstalledRelease[]): DeviceState {
  const newest = found.at(-1);
  const adopted = { ...state, installed: [...state.installed, ...found] };
  // `ready` keeps the newest release in the store, so that the next check can install it without a download.
  return newest === undefined ? adopted : { ...adopted, ready: newest.id };
}

/**
 * Starts a page or a process: runs the activated release, ends a trial that has used up its starts, and counts the start of a
 * running trial. The caller has to store the state before it returns the release.
 */
export function start(state: DeviceState, facts: DeviceFacts): DeviceState {
  return counted(settle(takeNext(anchored(state, facts.now), facts), facts));
}

/** Blocks a release that was started `maxStarts` times without `confirm`. Rolls back if the running release must not run. */
function settle(state: DeviceState, facts: DeviceFacts): DeviceState {
  const { trial } = state;
  if (trial !== undefined && trial.starts >= facts.maxStarts) {
    return unconfirmed(state, trial.id, facts);
  }
  return mayRun(state, state.running, facts) ? state : rolledBack(state, facts);
}

/** Blocks a release that was not confirmed: for a day the first time, for good the second time. */
export function unconfirmed(state: DeviceState, id: string, facts: DeviceFacts): DeviceState {
  const wasBlocked = state.blocked.some((blocked) => blocked.id === id);
  const until = wasBlocked ? undefined : facts.now + UNCONFIRMED_BLOCK;
  const reason = wasBlocked
    ? 'was not confirmed after it was started, for the second time'
    : 'was not confirmed after it was started';
  return dropped(block(state, id, reason, facts.now, until), id, facts);
}

function takeNext(state: DeviceState, facts: DeviceFacts): DeviceState {
  const { next } = state;
  if (next === undefined || isActivationWaiting(state)) return state;
  const rest = without(state, 'next', 'ready');
  if (next === state.running || !mayRun(state, next, facts)) return rest;
  const confirmed = state.trial === undefined ? state.running : state.previous;
  const taken = without({ ...rest, running: next }, 'trial', 'previous');
  const withPrevious =
    confirmed === undefined || confirmed === next ? taken : { ...taken, previous: confirmed };
  return next === state.builtIn
    ? withPrevious
    : { ...withPrevious, trial: { id: next, starts: 0 } };
}

function counted(state: DeviceState): DeviceState {
  const { trial } = state;
  return trial === undefined ? state : { ...state, trial: { ...trial, starts: trial.starts + 1 } };
}

/** Ends the trial of `id`. Changes nothing if another release is on trial. */
export function confirm(state: DeviceState, id: string): DeviceState {
  if (state.trial?.id !== id) return state;
  return without({ ...state, blocked: state.blocked.filter((one) => one.id !== id) }, 'trial');
}

/** Blocks `id` for good. The built-in release is the last resort and is never blocked. */
export function fail(
  state: DeviceState,
  id: string,
  reason: string,
  facts: DeviceFacts,
): DeviceState {
  if (id === state.builtIn) return state;
  return dropped(block(state, id, reason, facts.now, undefined), id, facts);
}

/** Drops a release whose files were altered. The updater may install it again. */
export function damaged(state: DeviceState, id: string, facts: DeviceFacts): DeviceState {
  if (id === state.builtIn) return { ...state, isBuiltInAltered: true };
  const rest = { ...state, installed: state.installed.filter((one) => one.id !== id) };
  return dropped(rest, id, facts);
}

/** Makes the next start run the built-in release. */
export function useBuiltIn(state: DeviceState): DeviceState {
  return { ...without(state, 'ready'), next: state.builtIn };
}

/** Forgets the downloaded releases of the channel before. */
export function setChannel(state: DeviceState, channel: string): DeviceState {
  return channel === state.channel ? state : { ...withoutWaiting(state), channel };
}

/**
 * Records an accepted index. The caller has to store the state before it acts on the index. Of channels that the device has
 * left, the state keeps what docs/decisions/device-state.md says.
 */
export function acceptIndex(state: DeviceState, index: AcceptedIndex): DeviceState {
  const { expiresAt: _, withdrawn: __, offered: ___, ...floor } = index;
  const others = state.accepted.filter(({ channel }) => channel !== index.channel);
  return withBoundedBlocks({
    ...state,
    floors: withLatest(state.floors, floor),
    accepted: [...others, index].slice(-MAX_ACCEPTED),
  });
}

/**
 * Replaces the trusted keys by those of a later epoch, and forgets the marks of earlier epochs. No release of an index of the
 * earlier keys is ready or starts from now on. Changes nothing if the device knows a later epoch, also if it knows it only by
 * the marks of its stamp and of its installed releases.
 */
export function trustKeys(state: DeviceState, keys: TrustedKeys): DeviceState {
  const { epoch } = keys;
  if (epoch <= epochOf(state) || state.floors.some((floor) => floor.epoch > epoch)) return state;
  const floors = state.floors.filter((floor) => floor.epoch === epoch);
  return { ...withoutWaiting(state), keys, floors };
}

/** Forgets the releases that wait to be activated or to start. An order to run the built-in release belongs to no index, and stays. */
function withoutWaiting(state: DeviceState): DeviceState {
  const isOrder = state.next === state.builtIn;
  return without(state, ...(isOrder ? ['ready' as const] : (['ready', 'next'] as const)));
}

const epochOf = ({ keys }: DeviceState): number => keys?.epoch ?? 0;

export function checked(
  state: DeviceState,
  lastCheck: LastCheck,
  settled: SettledCheck | undefined,
): DeviceState {
  const rest = without(state, 'settled');
  return { ...rest, lastCheck, ...(settled !== undefined && { settled }) };
}

/**
 * Forgets downloaded releases that the index no longer offers to this device, because the publisher has put another release in
 * front of them or has stopped their rollout.
 */
export function takeBackReleases(state: DeviceState, ids: readonly string[]): DeviceState {
  const names = (['ready', 'next'] as const).filter((name) => ids.includes(state[name] ?? ''));
  return names.length === 0 ? state : without(state, ...names);
}

export function beginFetching(state: DeviceState, id: string): DeviceState {
  return { ...state, fetching: id };
}

/** The channel that a check has asked, and the SHA-256 of the index that it has accepted. */
export interface Origin {
  readonly channel: string;
  readonly index: string | undefined;
}

/** Whether the device still is in the channel of a check, and has accepted no later index of it and no later keys. */
export function isLatest(state: DeviceState, { channel, index }: Origin): boolean {
  const { epoch = epochOf(state), sha256 } = acceptedOf(state) ?? {};
  return state.channel === channel && sha256 === index && epoch === epochOf(state);
}

/**
 * Records a release that is complete in the store and has the id of the index. It becomes ready if its index still is the
 * latest one.
 */
export function install(
  state: DeviceState,
  release: InstalledRelease,
  origin: Origin,
): DeviceState {
  const others = state.installed.filter(({ id }) => id !== release.id);
  const installed = { ...state, installed: [...others, release] };
  return without(makeReady(installed, release.id, origin), 'fetching');
}

/**
 * Makes a release ready. Changes nothing if another page or process has meanwhile moved the device to another channel, has
 * accepted a later index, which may not offer the release, or has removed the release.
 */
export function makeReady(state: DeviceState, id: string, origin: Origin): DeviceState {
  const isHere = id === state.builtIn || state.installed.some((release) => release.id === id);
  return isHere && isLatest(state, origin) ? { ...state, ready: id } : state;
}

export function activate(state: DeviceState, id: string): DeviceState {
  return { ...state, next: id };
}

/** Returns the ids of the releases that `sweep` must not remove. */
export function kept(state: DeviceState): ReadonlySet<string> {
  const { running, previous, ready, next, fetching, builtIn, pinned } = state;
  const ids = [running, previous, ready, next, fetching, builtIn, ...pinned.map(({ id }) => id)];
  return new Set(ids.filter((id) => id !== undefined));
}

/** Forgets the releases that the store does not have. */
export function forgetMissing(state: DeviceState, there: ReadonlySet<string>): DeviceState {
  return { ...state, installed: state.installed.filter(({ id }) => there.has(id)) };
}

/** Returns the ids that are blocked at this time. */
export function blockedNow({ blocked }: DeviceState, now: number): string[] {
  return blocked.filter((one) => isBlocked(one, now)).map(({ id }) => id);
}

export function knownRelease(state: DeviceState, id: string, builtIn: KnownRelease): KnownRelease {
  const found = state.installed.find((release) => release.id === id);
  return found === undefined ? builtIn : { id, createdAt: found.createdAt };
}

function isBlocked({ until }: BlockedRelease, now: number): boolean {
  return until === undefined || now < until;
}

/** Whether a release may run: it is installed, suits the runtime, and is neither blocked nor withdrawn. */
function mayRun(state: DeviceState, id: string, { now, runtime }: DeviceFacts): boolean {
  if (id === state.builtIn) return true;
  const release = state.installed.find((installed) => installed.id === id);
  if (release === undefined) return false;
  const suits =
    release.runtime === undefined || (runtime !== undefined && release.runtime.includes(runtime));
  const accepted = acceptedOf(state);
  return suits && !blockedNow(state, now).includes(id) && accepted?.withdrawn.includes(id) !== true;
}

/** Returns the last accepted index of the device's channel. */
export function acceptedOf({ accepted, channel }: DeviceState): AcceptedIndex | undefined {
  return accepted.find((one) => one.channel === channel);
}

/** Returns the release to run if no start can be counted: the last confirmed release, or the built-in one. */
export function confirmed(state: DeviceState, facts: DeviceFacts): string {
  const id = state.trial === undefined ? state.running : state.previous;
  return id !== undefined && mayRun(state, id, facts) ? id : state.builtIn;
}

/** Goes back to the last confirmed release, or to the built-in one. */
function rolledBack(state: DeviceState, facts: DeviceFacts): DeviceState {
  const { previous } = state;
  const running =
    previous !== undefined && mayRun(state, previous, facts) ? previous : state.builtIn;
  return without({ ...state, running }, 'trial', 'previous');
}

/** Removes a release from every member of the state that would make it run. */
function dropped(state: DeviceState, id: string, facts: DeviceFacts): DeviceState {
  const names = (['ready', 'next', 'previous'] as const).filter((name) => state[name] === id);
  const rest = without(state, ...names);
  return rest.running === id ? rolledBack(rest, facts) : rest;
}

function block(
  state: DeviceState,
  id: string,
  reason: string,
  at: number,
  until: number | undefined,
): DeviceState {
  const others = state.blocked.filter((one) => one.id !== id);
  const blocked = { id, reason, at, ...(until !== undefined && { until }) };
  return withBoundedBlocks({ ...state, blocked: [...others, blocked] });
}

/**
 * Keeps the state small. Keeps every block of a release that an accepted index offers or that the state names, because that
 * release could run again. Keeps only the newest of the other blocks. See docs/decisions/device-state.md.
 */
function withBoundedBlocks(state: DeviceState): DeviceState {
  const { blocked, installed, accepted } = state;
  if (blocked.length <= MAX_OTHER_BLOCKS) return state;
  const mayRunAgain = new Set([
    ...kept(state),
    ...installed.map(({ id }) => id),
    ...accepted.flatMap(({ offered }) => offered),
  ]);
  const others = blocked.filter(({ id }) => !mayRunAgain.has(id));
  const forgotten = new Set(others.slice(0, -MAX_OTHER_BLOCKS));
  const left = blocked.filter((one) => !forgotten.has(one));
  return {
    ...state,
    blocked: left.map((one, i) =>
      i < left.length - MAX_OTHER_BLOCKS && one.reason.length > SHORT_REASON
        ? { ...one, reason: storableText(one.reason, SHORT_REASON) }
        : one,
    ),
  };
}

/** If the clock was set back, makes every temporary block end a day from now. */
function anchored(state: DeviceState, now: number): DeviceState {
  const blocked = state.blocked.map((one) =>
    one.until !== undefined && now < one.at
      ? { ...one, at: now, until: now + UNCONFIRMED_BLOCK }
      : one,
  );
  return isSame(blocked, state.blocked) ? state : { ...state, blocked };
}

/** Whether two lists have the same items. An unchanged state is not written again. */
function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function without<Name extends 'previous' | 'trial' | 'ready' | 'next' | 'fetching' | 'settled'>(
  state: DeviceState,
  ...names: readonly Name[]
): DeviceState {
  return Object.fromEntries(
    Object.entries(state).filter(([name]) => !(names as readonly string[]).includes(name)),
  ) as unknown as DeviceState;
}
