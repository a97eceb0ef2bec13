// Every change of a device's state. Each is a function from one state to the next one; nothing is read or written here.

import type { KnownRelease } from '../release/choose.ts';
import type { ReleaseStamp, StampFloor } from '../release/stamp.ts';
import type {
  AcceptedIndex,
  BlockedRelease,
  DeviceState,
  InstalledRelease,
  LastCheck,
  TrustedKeys,
} from './state.ts';

/** What a transition needs of the device beside its state. */
export interface DeviceFacts {
  /** The clock, in milliseconds since 1970. */
  readonly now: number;
  readonly runtime: string | undefined;
  readonly maxStarts: number;
}

/** How long a release stays blocked that was started and not confirmed, in milliseconds. */
export const UNCONFIRMED_BLOCK = 86_400_000;

/** Releases that pages may hold beside the one that runs. */
const MAX_PINNED_RELEASES = 2;

/**
 * Takes notice of the release that the app was shipped with. Another one than before is a native update: it brings keys
 * of its own, and the floors of order and time start again from its stamp. It replaces what runs unless that was made
 * later.
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
    floors: stamp.floors ?? [],
  };
  const kept = without(
    next,
    ...(['previous', 'ready', 'next'] as const).filter((name) => !isNewer(state[name])),
  );
  if (isNewer(state.running)) return kept;
  return without({ ...kept, running: stamp.id }, 'trial');
}

/** The store has a copy of the built-in release, whatever became of one before. */
export function copied(state: DeviceState, stamp: ReleaseStamp): DeviceState {
  const { isBuiltInAltered: _, ...rest } = meetBuiltIn(state, stamp);
  return rest;
}

/**
 * The floors of a device that lost its state are those beside the releases which it finds, and that of the stamp.
 *
 * @param found - Ordered by the time at which they were made.
 */
export function adopt(
  state: DeviceState,
  found: readonly (InstalledRelease & { readonly floors: readonly StampFloor[] })[],
): DeviceState {
  const newest = found.at(-1);
  const adopted: DeviceState = {
    ...state,
    installed: [...state.installed, ...found.map(({ floors: _, ...release }) => release)],
    floors: raised(
      state.floors,
      found.flatMap(({ floors }) => floors),
    ),
  };
  // It stays in the store, so that the next check can take it again without a download.
  return newest === undefined ? adopted : { ...adopted, ready: newest.id };
}

/**
 * A page load or a process launch: settles what the last run left, and counts the start of a trial. The state has to be
 * stored before the release is handed out.
 */
export function start(state: DeviceState, facts: DeviceFacts): DeviceState {
  return counted(settle(takeNext(anchored(state, facts.now), facts), facts));
}

/** Blocks a release that was started often enough and not confirmed, and leaves what may not run. */
function settle(state: DeviceState, facts: DeviceFacts): DeviceState {
  const { trial } = state;
  if (trial !== undefined && trial.starts >= facts.maxStarts) {
    return unconfirmed(state, trial.id, facts);
  }
  return mayRun(state, state.running, facts) ? state : rolledBack(state, facts);
}

/** Blocks for a day a release that did not confirm itself; the second time for good. */
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

/** Whether pages hold as many older releases as are kept for them. */
export function isActivationWaiting({ pinned, running, next }: DeviceState): boolean {
  const held = new Set(pinned.map(({ id }) => id));
  if (next !== undefined) held.delete(next);
  held.add(running);
  return held.size > MAX_PINNED_RELEASES;
}

function counted(state: DeviceState): DeviceState {
  const { trial } = state;
  return trial === undefined ? state : { ...state, trial: { ...trial, starts: trial.starts + 1 } };
}

/** `id` works. Says nothing about another release. */
export function confirm(state: DeviceState, id: string): DeviceState {
  if (state.trial?.id !== id) return state;
  return without({ ...state, blocked: state.blocked.filter((one) => one.id !== id) }, 'trial');
}

/** `id` does not work: it never runs here again. The built-in release is the last resort and is never blocked. */
export function fail(
  state: DeviceState,
  id: string,
  reason: string,
  facts: DeviceFacts,
): DeviceState {
  if (id === state.builtIn) return state;
  return dropped(block(state, id, reason, facts.now, undefined), id, facts);
}

/** The files of `id` are not those that were installed: it can be installed again. */
export function damaged(state: DeviceState, id: string, facts: DeviceFacts): DeviceState {
  if (id === state.builtIn) return { ...state, isBuiltInAltered: true };
  const rest = { ...state, installed: state.installed.filter((one) => one.id !== id) };
  return dropped(rest, id, facts);
}

/** The next start runs the release that the app was shipped with. */
export function useBuiltIn(state: DeviceState): DeviceState {
  return { ...without(state, 'ready'), next: state.builtIn };
}

export function setChannel(state: DeviceState, channel: string): DeviceState {
  return channel === state.channel ? state : { ...without(state, 'ready', 'next'), channel };
}

/** Remembers an index before anybody acts on it. */
export function acceptIndex(state: DeviceState, index: AcceptedIndex): DeviceState {
  const { expiresAt: _, withdrawn: __, ...floor } = index;
  return {
    ...state,
    floors: raised(state.floors, [floor]),
    accepted: [...state.accepted.filter(({ channel }) => channel !== index.channel), index],
  };
}

/** Trusts the keys of a later epoch in place of those before: indexes begin anew with it. */
export function trustKeys(state: DeviceState, keys: TrustedKeys): DeviceState {
  return { ...state, keys, floors: [], accepted: [] };
}

export function checked(state: DeviceState, lastCheck: LastCheck): DeviceState {
  return { ...state, lastCheck };
}

export function beginFetching(state: DeviceState, id: string): DeviceState {
  return { ...state, fetching: id };
}

/** The store has the release whole, and it is the one that the index names. */
export function install(state: DeviceState, release: InstalledRelease): DeviceState {
  const others = state.installed.filter(({ id }) => id !== release.id);
  return without({ ...state, installed: [...others, release], ready: release.id }, 'fetching');
}

export function makeReady(state: DeviceState, id: string): DeviceState {
  return { ...state, ready: id };
}

export function activate(state: DeviceState, id: string): DeviceState {
  return { ...state, next: id };
}

/** Binds a page to the release that it was given. */
export function pin(state: DeviceState, client: string, id: string): DeviceState {
  return {
    ...state,
    pinned: [...state.pinned.filter((one) => one.client !== client), { client, id }],
  };
}

/** Lets go of the pages that are no longer there. */
export function keepClients(state: DeviceState, alive: ReadonlySet<string>): DeviceState {
  const pinned = state.pinned.filter(({ client }) => alive.has(client));
  return isSame(pinned, state.pinned) ? state : { ...state, pinned };
}

/** The releases that stay in the store. */
export function kept(state: DeviceState): ReadonlySet<string> {
  const { running, previous, ready, next, fetching, builtIn, pinned } = state;
  const ids = [running, previous, ready, next, fetching, builtIn, ...pinned.map(({ id }) => id)];
  return new Set(ids.filter((id) => id !== undefined));
}

/** Forgets the releases that the store has not. */
export function forgetMissing(state: DeviceState, there: ReadonlySet<string>): DeviceState {
  return { ...state, installed: state.installed.filter(({ id }) => there.has(id)) };
}

/** The ids that may not run now. */
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

/** Whether an installed release may run: it is there, suits the runtime, and is neither blocked nor withdrawn. */
export function mayRun(state: DeviceState, id: string, { now, runtime }: DeviceFacts): boolean {
  if (id === state.builtIn) return true;
  const release = state.installed.find((installed) => installed.id === id);
  if (release === undefined) return false;
  const suits =
    release.runtime === undefined || (runtime !== undefined && release.runtime.includes(runtime));
  const accepted = state.accepted.find(({ channel }) => channel === state.channel);
  return suits && !blockedNow(state, now).includes(id) && accepted?.withdrawn.includes(id) !== true;
}

/** Goes back to the last release that was confirmed, else to the built-in one. */
function rolledBack(state: DeviceState, facts: DeviceFacts): DeviceState {
  const { previous } = state;
  const running =
    previous !== undefined && mayRun(state, previous, facts) ? previous : state.builtIn;
  return without({ ...state, running }, 'trial', 'previous');
}

/** Leaves a release wherever the state names it. */
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
  return { ...state, blocked: [...others, blocked] };
}

/** A clock that was set back must not keep a release blocked for longer than a day from now. */
function anchored(state: DeviceState, now: number): DeviceState {
  const blocked = state.blocked.map((one) =>
    one.until !== undefined && now < one.at
      ? { ...one, at: now, until: now + UNCONFIRMED_BLOCK }
      : one,
  );
  return isSame(blocked, state.blocked) ? state : { ...state, blocked };
}

function raised(
  floors: readonly StampFloor[],
  others: readonly StampFloor[] = [],
): readonly StampFloor[] {
  const highest = new Map(floors.map((floor) => [floor.channel, floor]));
  for (const other of others) {
    const floor = highest.get(other.channel);
    if (floor === undefined || isBelow(floor, other)) highest.set(other.channel, other);
  }
  return [...highest.values()];
}

/** A state that did not change is not written again. */
function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function isBelow(a: StampFloor, b: StampFloor): boolean {
  return a.epoch === b.epoch ? a.sequence < b.sequence : a.epoch < b.epoch;
}

function without<Name extends 'previous' | 'trial' | 'ready' | 'next' | 'fetching'>(
  state: DeviceState,
  ...names: readonly Name[]
): DeviceState {
  return Object.fromEntries(
    Object.entries(state).filter(([name]) => !(names as readonly string[]).includes(name)),
  ) as unknown as DeviceState;
}
