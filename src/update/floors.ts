// The floors of a device: of each channel, the highest index that the device knows of. It refuses a lower one.

import type { ReleaseStamp, StampFloor } from '../release/stamp.ts';
import type { DeviceState } from './state.ts';

/** The number of channels whose floor a device remembers. */
const MAX_FLOORS = 100;

/** Takes the higher floor of each channel. */
export function raised(
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

/** Takes the floor of an accepted index, which comes last, so that its channel is the last one to be forgotten. */
export function withLatest(
  floors: readonly StampFloor[],
  latest: StampFloor,
): readonly StampFloor[] {
  const isOther = ({ channel }: StampFloor) => channel !== latest.channel;
  const all = raised(floors, [latest]);
  return [...all.filter(isOther), ...all.filter((one) => !isOther(one))].slice(-MAX_FLOORS);
}

/** The marks beside a release in the store. */
export type StoredMarks = Pick<ReleaseStamp, 'id' | 'builtIn' | 'floors'>;

/**
 * Raises the floors to the marks beside the releases in the store, because a lost or restored state may have lower ones. Ignores
 * the marks of another native build and of earlier keys, whose end cleared the floors.
 */
export function recall(state: DeviceState, stored: readonly StoredMarks[]): DeviceState {
  const { floors, channel } = state;
  const epoch = state.keys?.epoch ?? 0;
  const marks = stored
    .filter(({ id, builtIn = id }) => builtIn === state.builtIn)
    .flatMap((release) => release.floors ?? [])
    .filter((mark) => mark.epoch >= epoch);
  const all = raised(floors, marks);
  const found = all.slice(floors.length);
  // The state has the channels that were used last, so the other ones are the first to be forgotten.
  const next = [
    ...found.filter((one) => one.channel !== channel),
    ...all.slice(0, floors.length),
    ...found.filter((one) => one.channel === channel),
  ].slice(-Math.max(MAX_FLOORS, floors.length));
  return next.length === floors.length && next.every((one, i) => one === floors[i])
    ? state
    : { ...state, floors: next };
}

function isBelow(a: StampFloor, b: StampFloor): boolean {
  return a.epoch === b.epoch ? a.sequence < b.sequence : a.epoch < b.epoch;
}
